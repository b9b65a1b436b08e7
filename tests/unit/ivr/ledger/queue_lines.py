"""Writing queue_log lines as tests need them."""

from datetime import UTC, datetime
from io import BytesIO

from ivr.ledger.facts import LedgerEvent
from ivr.ledger.reading import QueueLogLine, read_queue_log

START = 1_790_000_000
LATEST = datetime(2030, 1, 1, tzinfo=UTC)


def at(second):
    """The time so many seconds after the start of a test's log."""
    return datetime.fromtimestamp(START + second, UTC)


def log(*lines, call="1790000000.1"):
    """Bytes of a log from `second|queue|agent|EVENT|data...` lines of one call."""
    return "".join(
        f"{START + float(second):.0f}|{call}|{rest}\n"
        for second, rest in (line.split("|", 1) for line in lines)
    ).encode()


def events(content, origin="asterisk/file"):
    """The ledger events a log's bytes give."""
    return [
        LedgerEvent(
            "queue_log", origin, line.position, line.at, line.queue, line.agent, line.event, line.fields
        )
        for line in read_queue_log(BytesIO(content), latest=LATEST)
        if isinstance(line, QueueLogLine)
    ]


def steps(*told, origin="asterisk/1790000000.1"):
    """Flow steps from (second, kind, fields) triples."""
    return [
        LedgerEvent("flow", origin, position, at(second), fields.get("queue", ""), "", kind, fields)
        for position, (second, kind, fields) in enumerate(told)
    ]
