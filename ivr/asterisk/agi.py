"""One call's AGI connection: pyst2's commands over a reader and a writer of our own.

What is repaired (each seen with pyst2 0.5.1 on Python 3): the signal handler that only the main thread may set,
text written to a binary socket, values sent without escaping (a line feed began a second command), the end of a
connection and the `HANGUP` line taken for numbers, a hang-up and a missing file told by the same result, no time
limit anywhere, and everything a caller typed on standard error.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any, Final

from asterisk.agi import AGI, AGIAppError, AGIError, AGIException, AGIHangup

from ivr.asterisk.agi_reply import MAX_LINE, BadReply, Ended, Reply, read_environment, read_reply

MAX_COMMAND: Final = 6000
"""Bytes of a command that Asterisk 22 takes (seen)."""

ANY_KEY: Final = "0123456789*#"
_AFTER_HANGUP: Final = frozenset({"GET VARIABLE", "SET VARIABLE", "VERBOSE", "NOOP"})
_READ_BYTES: Final = 4096


class CallerGone(AGIHangup):  # type: ignore[misc]  # pyst2 carries no types
    """The caller has hung up, or Asterisk has closed the connection."""


class NoReply(AGIException):  # type: ignore[misc]  # pyst2 carries no types
    """Asterisk did not answer in time, or out of step; the connection is closed."""


class NotDone(AGIAppError):  # type: ignore[misc]  # pyst2 carries no types
    """The channel is there, but the command failed: a sound file is missing, an application failed."""


class Refused(AGIError):  # type: ignore[misc]  # pyst2 carries no types
    """Asterisk does not know the command, or our side will not send it."""


class Channel(AGI):  # type: ignore[misc]  # pyst2 carries no types
    """The caller's channel, as far as AGI reaches.

    Attributes:
        gone: the caller has hung up; only variables may still be set and read.
        env: what Asterisk told about the call: `agi_uniqueid`, `agi_callerid`, `agi_network_script` and more.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        reply_s: float = 5.0,
        timed: Callable[[str, float], None] | None = None,
    ) -> None:
        # not AGI.__init__: it sets a signal handler and writes to standard error
        self._connection = connection
        self._lines = _Lines(connection)
        self._reply_s = reply_s
        self._timed = timed
        self.gone = False
        self._lines.allow(reply_s)
        self.env = dict(self._read(read_environment))

    @property
    def call_id(self) -> str:
        """The channel's unique id, which is also the call's name in queue_log."""
        return str(self.env.get("agi_uniqueid", ""))

    @property
    def script(self) -> str:
        """What the dial plan asks for: the path of its agi:// address."""
        return str(self.env.get("agi_network_script", ""))

    @property
    def arguments(self) -> list[str]:
        """Arguments the dial plan gave, in order."""
        return [self.env.get(f"agi_arg_{n}", "") for n in range(1, 10) if f"agi_arg_{n}" in self.env]

    def execute(self, command: str, *args: Any, longest_s: float = 0.0) -> dict[str, tuple[str, str]]:
        """Send a command and return its result in pyst2's form.

        Args:
            command: AGI's name of it.
            args: its arguments, quoted where they are texts.
            longest_s: how long it may rightly take besides the answer's own time.

        Raises:
            CallerGone, NoReply, NotDone, Refused: see these.
        """
        if self.gone and command not in _AFTER_HANGUP:
            raise CallerGone("the caller has hung up")
        started = time.monotonic()
        self._lines.allow(self._reply_s + longest_s)
        self._send(command, args)
        reply: Reply = self._read(read_reply)
        if self._timed is not None:
            self._timed(command, time.monotonic() - started)
        return self._checked(command, reply)

    def play(self, sound: str, keys: str = "", *, longest_s: float = 300.0) -> str:
        """Play a sound file (without its suffix); return the key that stopped it, or nothing."""
        done = self.execute("STREAM FILE", self._quote(sound), self._quote(keys), longest_s=longest_s)
        return _key(done)

    def spell(self, digits: str, keys: str = "") -> str:
        """Read digits out one by one; return the key that stopped it, or nothing."""
        done = self.execute("SAY DIGITS", digits, self._quote(keys), longest_s=3.0 * len(digits))
        return _key(done)

    def key(self, wait_s: float) -> str:
        """Wait for one key; nothing when none came."""
        return _key(self.execute("WAIT FOR DIGIT", max(1, round(wait_s * 1000)), longest_s=wait_s))

    def record(self, path: str, *, finish_keys: str, max_s: float, silence_s: float) -> None:
        """Record the caller into a WAV file after a beep; a hang-up ends it with `CallerGone`."""
        self.execute(
            "RECORD FILE",
            self._quote(path),
            "wav",
            self._quote(finish_keys),
            round(max_s * 1000),
            "BEEP",
            f"s={max(1, round(silence_s))}",
            longest_s=max_s + 5.0,
        )

    def gosub(self, context: str) -> None:
        """Run a subroutine of the dial plan from its first line."""
        self.execute("GOSUB", context, "s", "1")

    def close(self) -> None:
        """Give the call back to the dial plan."""
        self._connection.close()

    def _quote(self, value: object) -> str:
        text = str(value)
        if any(character in text for character in "\r\n\0"):
            raise Refused("a line break in a value")
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def _send(self, command: str, args: tuple[Any, ...]) -> None:
        line = " ".join([command, *(str(arg) for arg in args)]).strip()
        if any(character in line for character in "\r\n\0"):
            raise Refused(f"{command}: a line break in a command")
        raw = line.encode("utf-8", "surrogatepass") + b"\n"
        if len(raw) > MAX_COMMAND:
            raise Refused(f"{command}: longer than {MAX_COMMAND} bytes")
        try:
            self._connection.sendall(raw)
        except TimeoutError as error:
            raise self._lost(f"{command} was not taken in time") from error
        except OSError as error:
            self.gone = True
            raise CallerGone("the connection is closed") from error

    def _read(self, parse: Callable[[Callable[[], bytes]], Any]) -> Any:
        try:
            return parse(self._lines.next)
        except TimeoutError as error:
            raise self._lost("no answer in time") from error
        except BadReply as error:
            raise self._lost(str(error)) from error
        except (Ended, OSError) as error:
            self.gone = True
            raise CallerGone("the connection is closed") from error

    def _lost(self, why: str) -> NoReply:
        """Give the connection up: a late answer would be taken for the next command's."""
        self.gone = True
        self._connection.close()
        return NoReply(why)

    def _checked(self, command: str, reply: Reply) -> dict[str, tuple[str, str]]:
        self.gone = self.gone or reply.hangup or reply.code == 511
        if reply.code == 511:
            raise CallerGone("the channel is gone")
        if reply.code != 200 or reply.result == "-2":
            raise Refused(f"{command}: status {reply.code}, result {reply.result[:20]}")
        if reply.result == "-1" and command != "CHANNEL STATUS":
            if not self.gone:
                self.execute("CHANNEL STATUS")  # only this tells: 511 when the caller is gone
            if self.gone:
                raise CallerGone("the caller has hung up")
            raise NotDone(command)
        if self.gone and command not in _AFTER_HANGUP:
            raise CallerGone("the caller has hung up")
        result = {"result": (reply.result, reply.data)}
        return result if reply.endpos is None else {**result, "endpos": (str(reply.endpos), "")}


class _Lines:
    """Lines of a socket; all reading until `allow` is called again shares one deadline."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()
        self._until = 0.0

    def allow(self, seconds: float) -> None:
        """Give the next command and its answer so long."""
        self._until = time.monotonic() + seconds
        self._connection.settimeout(seconds)

    def next(self) -> bytes:
        """Return a line, or what there is when the connection ends or the line does not."""
        while (end := self._buffer.find(b"\n") + 1) == 0 and len(self._buffer) < MAX_LINE:
            remaining = self._until - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            self._connection.settimeout(remaining)
            received = self._connection.recv(_READ_BYTES)
            if not received:
                end = len(self._buffer)
                break
            self._buffer += received
        line = bytes(self._buffer[: end or MAX_LINE])
        del self._buffer[: len(line)]
        return line


def _key(done: dict[str, tuple[str, str]]) -> str:
    code = done["result"][0]
    return chr(int(code)) if code.isdecimal() and 0 < int(code) < 128 else ""
