"""Reading Asterisk's answers: whatever arrives, a value or an error, never a hang or a crash."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.agi_reply import (
    MAX_LINE,
    BadReply,
    Ended,
    Reply,
    decode,
    read_environment,
    read_reply,
)


def lines(raw):
    return io.BytesIO(raw).readline


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        (b"200 result=1\n", Reply(200, "1")),
        (b"200 result=50 endpos=13120\n", Reply(200, "50", endpos=13120)),
        (b"200 result= (timeout)\n", Reply(200, "", "timeout")),
        (b"200 result=1 ()\n", Reply(200, "1")),
        (b"200 result=1 (x) y (z)\n", Reply(200, "1", "x) y (z")),
        (b"200 result=1 (a\nbc)\n", Reply(200, "1", "a\nbc")),
        (b"HANGUP\n511 Command Not Permitted\n", Reply(511, hangup=True)),
        (b"HANGUP\n200 result=0\n", Reply(200, "0", hangup=True)),
        (b"520-Invalid\nUsage\n520 End of proper usage.\n", Reply(520)),
        (b"510 Invalid or unknown command\n", Reply(510)),
    ],
)
def test_what_asterisk_says_is_understood(raw, reply):
    assert read_reply(lines(raw)) == reply


@pytest.mark.parametrize(
    "raw", [b"", b"200 resul", b"HANGUP\n", b"200 result=1 (a\nb\n", b"520-Invalid\nUsage\n"]
)
def test_an_end_in_the_middle_is_an_end(raw):
    with pytest.raises(Ended):
        read_reply(lines(raw))


@pytest.mark.parametrize(
    "raw", [b"\n", b"hello\n", b"200 nothing\n", b"200 result=1 (" + b"x\n" * 300, b"520-\n" * 300]
)
def test_nonsense_is_refused(raw):
    with pytest.raises(BadReply):
        read_reply(lines(raw))


@given(st.binary(max_size=2000))
def test_any_bytes_give_a_reply_or_an_error(raw):
    source = lines(raw)
    try:
        while True:
            reply = read_reply(source)
            assert len(reply.data) <= len(raw)
    except (BadReply, Ended):
        pass


@given(st.binary(max_size=300).filter(lambda value: not value.endswith(b"\n")))
def test_a_value_set_by_a_caller_cannot_look_like_an_answer(value):
    """One line in the value's place, however it is made, is one reply."""
    raw = b"200 result=1 (" + value.replace(b"\r", b" ").replace(b"\n", b" ") + b")\n200 result=7\n"
    source = lines(raw)
    assert read_reply(source).result == "1"
    assert read_reply(source).result == "7"


def test_names_in_the_encodings_of_chinese_telephone_systems_survive():
    raw = "agi_calleridname: 王敏\n".encode("gb18030") + b"agi_callerid: 1\n\n"
    assert read_environment(lines(raw)) == {"agi_calleridname": "王敏", "agi_callerid": "1"}
    assert decode("王敏".encode()) == "王敏"
    assert decode(b"\xff\xfe\x80") == "\ufffd\ufffd\ufffd"


@given(st.binary(max_size=3000))
def test_any_environment_is_read_or_refused(raw):
    with contextlib.suppress(BadReply, Ended):
        read_environment(lines(raw))


def test_a_line_and_an_environment_without_end_are_refused():
    with pytest.raises(BadReply):
        read_reply(lambda: b"x" * MAX_LINE)
    with pytest.raises(BadReply):
        read_environment(lambda: b"key: value\n")
