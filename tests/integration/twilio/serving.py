"""The application as a WSGI server process finds it: settings from the environment."""

from core.installation import Installation
from core.settings import load_settings
from web.app import create_app

application = create_app(Installation.open(load_settings()))
