"""Sentences are compared in the language of the code."""

import pytest

from core.i18n import use_locale


@pytest.fixture(autouse=True)
def _english():
    with use_locale("en"):
        yield
