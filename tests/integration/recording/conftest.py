"""Messages of this room are tested in the language they are written in."""

import pytest

from core.i18n import use_locale


@pytest.fixture(autouse=True)
def _english():
    with use_locale("en"):
        yield
