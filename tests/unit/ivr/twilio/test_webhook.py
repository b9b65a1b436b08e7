"""A webhook is read strictly; one captured from the documentation's shapes has everything that is expected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.twilio.webhook import SHAPES, Refused, read_webhook

ACCOUNT = "AC" + "0" * 32
GOOD = {"AccountSid": ACCOUNT, "CallSid": "CA" + "1" * 32}


def read(**more):
    return read_webhook([*GOOD.items(), *more.items()], account_sid=ACCOUNT)


@given(st.sampled_from(sorted(SHAPES)), st.text(max_size=40))
def test_no_value_of_another_shape_gets_in(name, value):
    parameters = {**GOOD, name: value}
    try:
        webhook = read_webhook(parameters.items(), account_sid=ACCOUNT)
    except Refused:
        return
    assert SHAPES[name].fullmatch(webhook[name])


@pytest.mark.parametrize("value", ["Mon, 02 Mar 2026 01:00:25 +0000", "Mon, 02 Mar 2026 01:00:25 GMT"])
def test_times_are_aware(value):
    assert read(Timestamp=value).time("Timestamp").utcoffset().total_seconds() == 0


@pytest.mark.parametrize("value", ["", "yesterday", "2026-03-02T01:00:25"])
def test_another_kind_of_time_is_refused(value):
    with pytest.raises(Refused):
        read(Timestamp=value).time("Timestamp")


def test_a_length_nobody_knows_is_none():
    assert read(RecordingDuration="-1").seconds("RecordingDuration") is None
    assert read().seconds("RecordingDuration") is None
    assert read(RecordingDuration="30").seconds("RecordingDuration") == 30.0


def test_names_that_are_missing_or_new_are_told_without_their_values():
    missing, unexpected = read(Digits="1", Surprise="1").differences("flow/digits")
    assert "Digits" not in missing
    assert "From" in missing
    assert unexpected == ["Surprise"]
    assert "Surprise" not in repr(read(Surprise="1"))
