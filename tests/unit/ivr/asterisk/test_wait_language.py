"""The language that carries an announced wait can be read again, and falls back to the language itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.wait_language import WaitLanguage
from ivr.waiting.wording import said_ranges

RANGES = [None, *said_ranges()]


@given(st.sampled_from(["zh", "en"]), st.sampled_from(RANGES))
def test_what_is_written_can_be_read(language, said):
    name = str(WaitLanguage(language, said))
    assert WaitLanguage.read(name) == WaitLanguage(language, said)
    assert name.startswith(f"{language}_")
    assert len(name) < 40  # Asterisk's longest language


def test_quiet_is_not_a_range():
    assert WaitLanguage.read("zh_wait_quiet") == WaitLanguage("zh", quiet=True)
    assert str(WaitLanguage("zh", quiet=True)) == "zh_wait_quiet"


@pytest.mark.parametrize(
    "name", ["", "zh", "en_GB", "zh_wait_", "zh_wait_2", "zh_wait_2_4_6", "zh_waiting", "ZH_wait"]
)
def test_any_other_language_announces_no_wait(name):
    assert WaitLanguage.read(name) is None


@given(st.text(max_size=40))
def test_reading_never_fails(name):
    WaitLanguage.read(name)
