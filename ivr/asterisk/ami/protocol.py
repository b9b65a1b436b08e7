"""AMI's wire format: bytes in, messages out; actions in, bytes out. No sockets here.

A message is lines `Name: value` up to an empty line. A name may come several times, and in any case. The
other side is trusted to be Asterisk, not to be right: what cannot be read is dropped and counted, a line or
a message without an end is cut, and the next message is read as if nothing had been.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import BadInput
from core.i18n import gettext as _

LONGEST_LINE: Final = 65_536
MOST_HEADERS: Final = 4_096

_LARGEST: Final = 1e10
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}", re.ASCII)
_FORBIDDEN: Final = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of Asterisk: its headers in order, names in lower case."""

    headers: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """Return the value of a header's last occurrence; Asterisk says `<unknown>` for nothing."""
        wanted = name.lower()
        for found, value in reversed(self.headers):
            if found == wanted:
                return default if value == "<unknown>" else value
        return default

    def every(self, name: str) -> list[str]:
        """Return the values of a header that may come several times."""
        wanted = name.lower()
        return [value for found, value in self.headers if found == wanted]

    def number(self, name: str) -> float | None:
        """Return a header as a number; None when it is not one, or larger than any time or count can be."""
        try:
            value = float(self.get(name))
        except ValueError:
            return None
        return value if abs(value) < _LARGEST else None

    @property
    def event(self) -> str:
        """Name of the event; empty for the answer to an action."""
        return self.get("Event")

    @property
    def action_id(self) -> str:
        """Which action this answers, or belongs to."""
        return self.get("ActionID")

    @property
    def refused(self) -> bool:
        """Whether this says that an action failed."""
        return self.get("Response") == "Error"


class MessageReader:
    """Cuts a stream of bytes into messages, whatever pieces it arrives in.

    Attributes:
        greeting: the first line of the stream, empty until it is there.
        dropped: lines that were not headers, or too long, or too many.
    """

    def __init__(self) -> None:
        self.greeting = ""
        self.dropped = 0
        self._rest = b""
        self._skipping = False
        self._headers: list[tuple[str, str]] = []

    def feed(self, chunk: bytes) -> list[Message]:
        """Take bytes; return the messages they complete."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        messages = []
        for line in lines:
            whole, self._skipping = not self._skipping, False
            if not whole:  # the end of a line that was too long
                continue
            if (message := self._take(line)) is not None:
                messages.append(message)
        if len(self._rest) > LONGEST_LINE:
            self.dropped += not self._skipping
            self.greeting = self.greeting or "?"
            self._rest, self._skipping = b"", True
        return messages

    def _take(self, line: bytes) -> Message | None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        if not self.greeting:
            self.greeting = text or "?"
            return None
        if not text:
            headers, self._headers = self._headers, []
            return Message(tuple(headers)) if headers else None
        name, colon, value = text.partition(":")
        if not colon or len(line) > LONGEST_LINE or len(self._headers) >= MOST_HEADERS:
            self.dropped += 1
        else:
            self._headers.append((name.strip().lower(), value.strip()))
        return None


def encode_action(action: str, action_id: str, headers: Mapping[str, object]) -> bytes:
    """Return an action as bytes.

    Raises:
        BadInput: a name or value would become more than one header.
    """
    told = {"Action": action, "ActionID": action_id, **headers}
    lines = []
    for name, value in told.items():
        text = str(value)
        if not _NAME.fullmatch(name) or _FORBIDDEN.search(text):
            raise BadInput(_("the AMI header %(name)r may not hold a line break", name=name[:40]))
        lines.append(f"{name}: {text}\r\n")
    return "".join([*lines, "\r\n"]).encode("utf-8", "replace")
