"""A scripted Asterisk for the tests of this folder; they read the sentences of the code."""

import pytest

from core.i18n import use_locale
from tests.unit.ivr.asterisk.ami_server import AmiServer


@pytest.fixture(autouse=True)
def _english():
    with use_locale("en"):
        yield


@pytest.fixture
def server():
    opened = AmiServer()
    yield opened
    opened.close()
