"""The application as a WSGI server process finds it: settings from the environment, at a time of the test's choice."""

import os
from datetime import datetime

from core.clock import FixedClock
from core.installation import Installation
from core.settings import load_settings
from web.app import create_app

AT = "SANSHENG_TEST_AT"

clock = FixedClock(datetime.fromisoformat(os.environ[AT]))
application = create_app(Installation.open(load_settings(), clock=clock))
