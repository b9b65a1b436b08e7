"""The language of these tests."""

import pytest

from core.i18n import use_locale


@pytest.fixture(autouse=True)
def _english():
    """Tests read the sentences of the code; the Chinese ones are checked against them elsewhere."""
    with use_locale("en"):
        yield
