"""The log must be read whatever state it is in: what is lost or bad is named, the rest is not lost with it."""

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.i18n import use_locale
from ivr.ledger.reading import BadLine, QueueLogLine, raw_lines, read_queue_log

LATEST = datetime(2030, 1, 1, tzinfo=UTC)
ENTER = b"1795319308|1795319300.0|hotline|NONE|ENTERQUEUE||13800138000|1\n"


def read(content):
    return list(read_queue_log(io.BytesIO(content), latest=LATEST))


def test_a_line_says_when_who_where_and_what():
    (line,) = read(ENTER)

    assert line == QueueLogLine(
        at=datetime.fromtimestamp(1795319308, UTC),
        call_id="1795319300.0",
        queue="hotline",
        agent="",
        event="ENTERQUEUE",
        fields=("", "13800138000", "1"),
        position=1,
    )


def test_a_torn_last_line_is_left_for_next_time():
    assert [line.position for line in read(ENTER + ENTER[:30])] == [1]


def test_what_follows_a_bad_line_is_read_and_the_bad_line_is_named():
    bad, good = read(b"only|three|fields\n" + ENTER)

    assert bad == BadLine(1, "too_few_fields", "3")
    assert good.position == 2


def test_an_event_behind_a_block_of_nul_is_kept_and_the_loss_is_reported():
    bad, line = read(b"17953193" + b"\0" * 512 + ENTER)

    assert (bad.problem, bad.detail) == ("lost", "520")
    assert (line.event, line.call_id) == ("ENTERQUEUE", "1795319300.0")


def test_nothing_but_nul_is_a_loss_not_an_event():
    assert [type(found) for found in read(b"\0" * 100 + b"\n")] == [BadLine]


def test_an_agent_named_in_gbk_keeps_the_name():
    (line,) = read("1795319311|1795319300.0|hotline|坐席王敏|CONNECT|3|x.1|3\n".encode("gbk"))

    assert line.agent == "坐席王敏"


def test_bytes_of_no_encoding_do_not_stop_the_reading():
    lines = read(b"1795319311|1795319300.0|hotline|\xff\xfe\xff|CONNECT|3|x.1|3\n" + ENTER)

    assert [line.event for line in lines] == ["CONNECT", "ENTERQUEUE"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"5|1.1|q|NONE|ENTERQUEUE||1|1\n", "wrong_time"),
        (b"4102444800|1.1|q|NONE|ENTERQUEUE||1|1\n", "wrong_time"),
        (b"yesterday|1.1|q|NONE|ENTERQUEUE||1|1\n", "no_time"),
        (b"nan|1.1|q|NONE|ENTERQUEUE||1|1\n", "no_time"),
        (b"1795319308|1.1|q|NONE||\n", "no_event"),
        (b"1795319308|" + b"9" * 99 + b".1|q|NONE|ABANDON|\n", "name_too_long"),
        (b"\n", "too_few_fields"),
    ],
)
def test_a_bad_line_says_why(line, problem):
    (bad,) = read(line)

    assert bad.problem == problem
    with use_locale("en"):
        assert bad.detail in bad.reason


def test_a_file_that_is_one_endless_line_does_not_fill_the_memory():
    bad, line = read(b"x" * 5_000_000 + b"\n" + ENTER)

    assert bad.problem == "too_long"
    assert line.position == 2


@pytest.mark.parametrize("word", [b"NONE", b"REALTIME", b"MANAGER", b"CLI"])
def test_an_event_of_no_call_has_no_call(word):
    (line,) = read(b"1795319308|" + word + b"|hotline|Agent One|PAUSE|lunch\r\n")

    assert (line.call_id, line.fields) == ("", ("lunch",))


def test_fractional_times_and_freepbx_extras_are_understood():
    (line,) = read(b"1795319308.250000|1795319300.0|hotline|NONE|DID|4008001234|||||\n")

    assert line.at.microsecond == 250_000
    assert line.fields[0] == "4008001234"


def test_a_stray_bar_stays_in_the_last_field():
    (line,) = read(b"1795319308|1.0|q|A|CONNECT|1|2|3|4|a|b\n")

    assert line.fields == ("1", "2", "3", "4", "a|b")


@given(st.binary(max_size=400), st.integers(1, 60))
def test_reading_in_pieces_is_reading_at_once(content, cut):
    content = content.replace(b"\x7f", b"\n")
    whole = list(raw_lines(io.BytesIO(content)))
    first = whole[: cut % (len(whole) + 1)]
    offset, position = (first[-1].end, first[-1].position + 1) if first else (0, 1)
    rest = io.BytesIO(content)
    rest.seek(offset)

    assert first + list(raw_lines(rest, position=position, offset=offset)) == whole


@given(st.lists(st.binary(max_size=60) | st.just(ENTER[:-1]), max_size=20))
def test_no_bytes_make_it_fail_and_every_line_is_accounted_for(lines):
    content = b"\n".join([*lines, b""])
    positions = {found.position for found in read(content)}

    assert positions == set(range(1, content.count(b"\n") + 1))
