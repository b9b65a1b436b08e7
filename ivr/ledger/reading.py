"""Reading Asterisk's queue_log (versions 11 to 22): bytes in, lines with meaning out.

One line is `epoch|call|queue|agent|event|data1|...|data5`. The file is written by a program that may be
killed at any moment, on machines with old encodings and wrong clocks; whatever cannot be read is reported
with its line number and the rest is read. Nothing here knows a database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from io import BufferedIOBase
from typing import Final, NamedTuple

from core.i18n import N_
from core.i18n import gettext as _

PROBLEMS: Final = {
    "lost": N_("%(detail)s bytes lost (NUL) in this line"),
    "too_long": N_("longer than %(detail)s bytes"),
    "too_few_fields": N_("%(detail)s fields; an event has at least 5"),
    "name_too_long": N_("%(detail)s: longer than any name can be"),
    "no_event": N_("the fifth field is not the name of an event"),
    "no_time": N_("the first field is not a time in seconds since 1970"),
    "wrong_time": N_("its time, %(detail)s UTC, cannot be right"),
}
"""What can be wrong with a line."""

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""A time before this comes from a machine whose clock was not set."""

OF_NO_CALL: Final = frozenset(
    {
        "ADDMEMBER", "AGENTCALLBACKLOGIN", "AGENTCALLBACKLOGOFF", "AGENTLOGIN", "AGENTLOGOFF", "PAUSE", "PAUSEALL",
        "QUEUESTART", "REMOVEMEMBER", "UNPAUSE", "UNPAUSEALL",
    }
)  # fmt: skip
"""Agents coming, pausing and going. A line of theirs may name the call an agent made for it: nobody's visit."""

_CHUNK: Final = 1 << 20
_LONGEST_LINE: Final = 16_384
_FIELDS: Final = 10
_LIMITS: Final = (("call", 80), ("queue", 80), ("agent", 120))
_SHORTEST_LIMIT: Final = min(limit for _name, limit in _LIMITS)
_EVENT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_NOBODY: Final = frozenset({"", "NONE"})


class QueueLogLine(NamedTuple):
    """One event of the log.

    Attributes:
        at: time of writing; whole seconds in a file.
        call_id: Asterisk's unique id of the caller's channel; empty for an event of no call.
        queue, agent: empty where the log says NONE.
        fields: data1, data2, ... as they stand: the caller's number is still among them.
        position: number of the line in its file, from 1.
    """

    at: datetime
    call_id: str
    queue: str
    agent: str
    event: str
    fields: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class BadLine:
    """Something in the log that cannot be read, or shows that a part of the log is lost.

    Attributes:
        problem: a key of `PROBLEMS`; `detail` is its number, name or time.
    """

    position: int
    problem: str
    detail: str = ""

    @property
    def reason(self) -> str:
        """The problem as a sentence in the current language."""
        return _(PROBLEMS[self.problem], detail=self.detail)


class RawLine(NamedTuple):
    """A complete line as bytes, without its line end; `end` is the offset after it."""

    content: bytes
    position: int
    end: int


class _Unreadable(ValueError):
    def __init__(self, problem: str, detail: object = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.detail = str(detail)


def raw_lines(file: BufferedIOBase, *, position: int = 1, offset: int = 0) -> Iterator[RawLine]:
    """Yield the complete lines from here on; an unfinished last line is left for next time.

    A line longer than any event is cut, so memory stays flat whatever the file is.

    Args:
        file: opened for bytes, standing at `offset`.
        position: number of the next line.
        offset: where the file stands.
    """
    rest = b""
    dropped = 0
    while chunk := file.read1(_CHUNK):  # what is there of a damaged archive, too
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            offset += len(line) + dropped + 1
            dropped = 0
            yield RawLine(line, position, offset)
            position += 1
        if len(rest) > _LONGEST_LINE * 2:
            dropped += len(rest) - _LONGEST_LINE - 1
            rest = rest[: _LONGEST_LINE + 1]


def read_line(raw: RawLine, *, latest: datetime) -> tuple[QueueLogLine | None, BadLine | None]:
    """Return the line's event, or what is wrong with it; an event found behind lost bytes has both.

    Args:
        raw: a complete line.
        latest: a time after this cannot be right.
    """
    content = raw.content
    loss = None
    if b"\0" in content:  # a crash leaves blocks of NUL where lines had been
        whole = content.rstrip(b"\0").rpartition(b"\0")[2]
        loss = BadLine(raw.position, "lost", str(len(content) - len(whole)))
        content = whole
    try:
        return _parse(content, raw.position, latest), loss
    except _Unreadable as error:
        return None, loss or BadLine(raw.position, error.problem, error.detail)


def read_queue_log(
    file: BufferedIOBase, *, latest: datetime, position: int = 1, offset: int = 0
) -> Iterator[QueueLogLine | BadLine]:
    """Yield everything a log says, in its order."""
    for raw in raw_lines(file, position=position, offset=offset):
        line, bad = read_line(raw, latest=latest)
        if bad is not None:
            yield bad
        if line is not None:
            yield line


def _parse(content: bytes, position: int, latest: datetime) -> QueueLogLine:
    if len(content) > _LONGEST_LINE:
        raise _Unreadable("too_long", _LONGEST_LINE)
    parts = _decode(content).rstrip("\r").split("|")
    if len(parts) < 5:
        raise _Unreadable("too_few_fields", len(parts))
    if len(parts) > _FIELDS:  # a `|` inside the last field
        parts[_FIELDS - 1 :] = ["|".join(parts[_FIELDS - 1 :])]
    if len(content) > _SHORTEST_LIMIT:
        _check_lengths(parts)
    time, call_id, queue, agent, event, *fields = parts
    if not _is_event(event):
        raise _Unreadable("no_event")
    return QueueLogLine(
        _time_within(time, latest),
        # NONE, REALTIME, MANAGER, CLI: no call's event
        "" if call_id.isalpha() or event in OF_NO_CALL else call_id,
        "" if queue in _NOBODY else queue,
        "" if agent in _NOBODY else agent,
        event,
        tuple(fields),
        position,
    )


def _check_lengths(parts: list[str]) -> None:
    for (name, limit), text in zip(_LIMITS, parts[1:4], strict=True):
        if len(text) > limit:
            raise _Unreadable("name_too_long", name)


@lru_cache(maxsize=256)
def _is_event(text: str) -> bool:
    return _EVENT.fullmatch(text) is not None


def _decode(content: bytes) -> str:
    """Read UTF-8, else GB 18030 (which old Chinese installations write), else keep what is readable."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", "replace")


def _time_within(text: str, latest: datetime) -> datetime:
    at = _time(text)
    if not EARLIEST <= at <= latest:
        raise _Unreadable("wrong_time", f"{at:%Y-%m-%d %H:%M:%S}")
    return at


@lru_cache(maxsize=4096)
def _time(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise _Unreadable("no_time") from None
