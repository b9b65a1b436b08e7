"""What Asterisk says on an AGI connection, read line by line: pure, bounded, never trusting.

Facts seen on Asterisk 22: a hang-up is told by the line `HANGUP`, unasked and once, and it may stand before
or after the answer to a command; a variable whose value holds line breaks is answered in as many lines; names
of callers come in whatever encoding their telephone system uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

MAX_LINE: Final = 64 * 1024
MAX_LINES: Final = 200

_STATUS: Final = re.compile(r"(?P<code>[0-9]{3})(?P<more>[ -])(?P<text>.*)", re.DOTALL)
_RESULT: Final = re.compile(r"result=(?P<result>\S*)(?: (?P<rest>.*))?", re.DOTALL)
_ENDPOS: Final = re.compile(r"endpos=(-?[0-9]{1,15})")

ReadLine = Callable[[], bytes]
"""Gives one line with its line feed; less than a line means that the connection has ended."""


class BadReply(Exception):
    """Asterisk said something that is no answer; the stream is out of step and must not be used further."""


class Ended(Exception):
    """The connection ended in place of a line."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        code: 200 done, 510 no such command, 511 the channel is gone, 520 wrongly written.
        result: text after `result=`.
        data: what stands in brackets behind it: a variable's value, `timeout`, `hangup`.
        endpos: sample at which a file stopped; None when not told.
        hangup: a `HANGUP` line came before it.
    """

    code: int
    result: str = ""
    data: str = ""
    endpos: int | None = None
    hangup: bool = False


def decode(raw: bytes) -> str:
    """Return text as UTF-8, else as GB 18030 (which contains GBK), else with marks for what is neither."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")


def read_environment(read_line: ReadLine) -> Mapping[str, str]:
    """Return the `agi_...` values a connection opens with, up to the empty line."""
    found: dict[str, str] = {}
    for _number in range(MAX_LINES):
        line = _line(read_line)
        if not line:
            return found
        key, colon, value = line.partition(":")
        if colon:
            found[key.strip()] = value.strip()
    raise BadReply("an environment without end")


def read_reply(read_line: ReadLine) -> Reply:
    """Return the next answer; raises `Ended` or `BadReply`."""
    line, hangup = _line(read_line), False
    while line == "HANGUP":
        line, hangup = _line(read_line), True
    found = _STATUS.fullmatch(line)
    if found is None:
        raise BadReply("a line without a status")
    code = int(found["code"])
    if found["more"] == "-":
        _skip_usage(read_line, found["code"])
        return Reply(code, hangup=hangup)
    if code != 200:
        return Reply(code, hangup=hangup)
    return _result(_whole_value(found["text"], read_line), hangup=hangup)


def _line(read_line: ReadLine) -> str:
    raw = read_line()
    if not raw.endswith(b"\n"):
        if len(raw) >= MAX_LINE:
            raise BadReply("a line without end")
        raise Ended
    return decode(raw.rstrip(b"\r\n"))


def _whole_value(text: str, read_line: ReadLine) -> str:
    """Read on while a variable's value goes on in the next line."""
    if not text.startswith("result=1 ("):
        return text
    for _number in range(MAX_LINES):
        if text.endswith(")"):
            return text
        text += "\n" + _line(read_line)
    raise BadReply("a value without end")


def _skip_usage(read_line: ReadLine, code: str) -> None:
    for _number in range(MAX_LINES):
        if _line(read_line).startswith(f"{code} "):
            return
    raise BadReply("a usage text without end")


def _result(text: str, *, hangup: bool) -> Reply:
    found = _RESULT.fullmatch(text)
    if found is None:
        raise BadReply("an answer without a result")
    rest = found["rest"] or ""
    data, tail = "", rest
    if rest.startswith("("):
        data, _bracket, tail = rest[1:].rpartition(")")
    endpos = _ENDPOS.search(tail)
    return Reply(200, found["result"], data, int(endpos[1]) if endpos else None, hangup)
