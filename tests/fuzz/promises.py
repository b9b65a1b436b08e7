"""What each parser promises of any bytes: one function for each, which fails where a promise is broken.

The errors a parser documents are no failures. Besides crashing, a parser may not lose its place: bytes that
arrive in pieces, or are read on from where one stopped, must say the same as at once.
"""

import contextlib
import io
from datetime import UTC, datetime

from ivr.asterisk.agi_reply import MAX_LINE, BadReply, Ended, read_environment, read_reply
from ivr.asterisk.ami.protocol import LONGEST_LINE, MOST_HEADERS, MessageReader
from ivr.ledger.reading import raw_lines, read_line, read_queue_log

LATEST = datetime(2030, 1, 1, tzinfo=UTC)


def agi_replies(raw):
    """An environment, then replies to the end; nothing comes out that did not go in."""

    def read_lines():
        stream = io.BytesIO(raw)
        return lambda: stream.readline(MAX_LINE)

    with contextlib.suppress(BadReply, Ended):
        environment = read_environment(read_lines())
        assert sum(map(len, environment.values())) <= len(raw)
    source = read_lines()
    with contextlib.suppress(BadReply, Ended):
        for _number in range(len(raw) + 1):
            reply = read_reply(source)
            assert 0 <= reply.code <= 999
            assert len(reply.result) + len(reply.data) <= len(raw)
        raise AssertionError("more replies than bytes")


def ami_messages(raw):
    """The same messages in whatever pieces; the first byte says how small they are."""
    size = raw[0] + 1 if raw else 1
    at_once, in_pieces = MessageReader(), MessageReader()
    whole = at_once.feed(raw)
    found = []
    for start in range(0, len(raw), size):
        found += in_pieces.feed(raw[start : start + size])
        assert len(in_pieces._rest) <= LONGEST_LINE
    assert found == whole
    assert at_once.dropped == in_pieces.dropped
    for message in whole:
        assert 0 < len(message.headers) <= MOST_HEADERS
        for name, _value in message.headers:
            message.number(name)
        assert isinstance(message.event + message.action_id, str)


def queue_log_lines(raw):
    """Every line is told or reported; reading on from any line is reading at once."""
    content = raw + b"\n"
    lines = list(raw_lines(io.BytesIO(content)))
    assert [line.position for line in lines] == list(range(1, content.count(b"\n") + 1))
    assert lines[-1].end == len(content)
    for line in lines:
        told, bad = read_line(line, latest=LATEST)
        assert told is not None or bad is not None
        assert bad is None or bad.reason
    middle = lines[raw[0] % len(lines) if raw else 0]
    rest = io.BytesIO(content)
    rest.seek(middle.end)
    read_on = list(read_queue_log(rest, latest=LATEST, position=middle.position + 1, offset=middle.end))
    at_once = list(read_queue_log(io.BytesIO(content), latest=LATEST))
    assert read_on == [found for found in at_once if found.position > middle.position]


PROMISES = {"agi": agi_replies, "ami": ami_messages, "queue_log": queue_log_lines}
"""By the folder of `tests/data` that holds captures to begin with."""
