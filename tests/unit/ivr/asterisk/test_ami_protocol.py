"""AMI's bytes, as they come from a socket: in any pieces, with junk, for ever."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from ivr.asterisk.ami.protocol import LONGEST_LINE, MOST_HEADERS, MessageReader, encode_action

CAPTURED = (Path(__file__).parents[3] / "data" / "ami" / "noanswer.txt").read_bytes()
GREETING = b"Asterisk Call Manager/11.0.0\r\n"


def read(*chunks):
    reader = MessageReader()
    return [message for chunk in chunks for message in reader.feed(chunk)], reader


def pieces(content, cuts):
    places = sorted({cut % (len(content) + 1) for cut in cuts} | {0, len(content)})
    return [content[a:b] for a, b in itertools.pairwise(places)]


def test_a_real_capture_is_read_to_the_last_event():
    messages, reader = read(CAPTURED)
    assert reader.greeting == "Asterisk Call Manager/11.0.0"
    assert reader.dropped == 0
    assert messages[0].get("response") == "Success"
    names = [message.event for message in messages]
    assert names.count("QueueCallerJoin") == names.count("QueueCallerLeave") == 1
    called = next(message for message in messages if message.event == "AgentCalled")
    assert called.get("DestCallerIDName") == "坐席一"
    assert called.get("ConnectedLineNum") == "", "Asterisk's <unknown> is nothing"


@given(st.lists(st.integers(min_value=0), max_size=40))
def test_the_pieces_it_comes_in_make_no_difference(cuts):
    whole, _ = read(CAPTURED)
    torn, _ = read(*pieces(CAPTURED, cuts))
    assert torn == whole


junk = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [b"\r\n", b"\n\n", b":", b"Event", b"Event: ", b"\0", b"x" * (LONGEST_LINE + 1), b"\xff\xfe"]
    ),
)


@given(st.lists(junk, max_size=30))
def test_after_any_junk_the_next_message_is_read(parts):
    reader = MessageReader()
    reader.feed(GREETING)
    for part in parts:
        reader.feed(part)
    *_, last = reader.feed(b"\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\n\r\n")
    assert (last.event, last.get("uniqueid")) == ("Hangup", "1.1")


@given(st.lists(junk, max_size=30), st.lists(st.integers(min_value=0), max_size=10))
def test_junk_too_reads_the_same_in_any_pieces(parts, cuts):
    content = GREETING + b"".join(parts) + b"\r\n\r\n"
    assert read(content)[0] == read(*pieces(content, cuts))[0]


def test_memory_stays_flat_whatever_comes():
    reader = MessageReader()
    reader.feed(GREETING)
    for _ in range(200):
        assert reader.feed(b"x" * 60_000) == []
    assert len(reader._rest) <= LONGEST_LINE
    reader.feed(b"\n")
    for _ in range(3):
        reader.feed(b"A: b\n" * MOST_HEADERS)
    (message,) = reader.feed(b"\n")
    assert len(message.headers) == MOST_HEADERS
    assert reader.dropped == 1 + 2 * MOST_HEADERS


def test_headers_that_come_several_times_are_all_kept():
    (message,), _ = read(GREETING + b"Event: X\r\nChanVariable: a=1\r\nchanvariable: b=2\r\n\r\n")
    assert message.every("ChanVariable") == ["a=1", "b=2"]


@given(st.text(), st.text())
def test_an_action_is_one_action_whatever_is_in_it(name, value):
    try:
        frame = encode_action("QueueAdd", "s1", {name: value})
    except BadInput:
        return
    assert frame.count(b"\r\n\r\n") == 1
    assert frame.endswith(b"\r\n\r\n")
    assert frame.count(b"\n") == frame.count(b"\r\n") == 4 == frame.count(b"\r") + 0


@pytest.mark.parametrize("value", ["a\r\nAction: Command", "a\nb", "a\rb", "a\0b"])
def test_a_line_break_in_a_value_is_refused(value):
    with pytest.raises(BadInput, match="line break"):
        encode_action("QueuePause", "s1", {"Reason": value})
