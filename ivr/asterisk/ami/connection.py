"""One line to AMI: log-in, actions with a deadline, events as they come. It is never repaired, only replaced.

One thread reads. Answers are matched by ActionID, so any number of threads may ask at once; an answer
that comes after its deadline is dropped. When the line is lost everybody who waits is told at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from core.i18n import gettext as _
from core.logging import get_logger
from core.setting_sections import AmiSettings
from ivr.asterisk.ami.errors import AmiDenied, AmiLost, AmiRefused
from ivr.asterisk.ami.protocol import Message, MessageReader, encode_action

NO_EVENTS: Final = "off"

EventTaker = Callable[["AmiConnection", Message], None]

_CHUNK: Final = 65_536
_log = get_logger(__name__)


@dataclass(slots=True)
class _Asked:
    """An action on its way: its answer, and the list that follows it if `last` names the list's end."""

    last: str = ""
    answer: Message | None = None
    listed: list[Message] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def take(self, message: Message) -> None:
        """Take a message that carries this action's id."""
        if not message.event:
            self.answer = message
            if message.refused or not self.last:
                self.done.set()
        elif message.event == self.last:
            self.done.set()
        else:
            self.listed.append(message)


class AmiConnection:
    """A logged-in line. `lost` is set when it is gone, for whatever reason."""

    def __init__(
        self, settings: AmiSettings, *, events: str = NO_EVENTS, take_event: EventTaker | None = None
    ) -> None:
        """Connect and log in.

        Args:
            settings: where Asterisk is and who we are there.
            events: classes of events to be sent, like `system,agent,call`.
            take_event: called with each event, in order, by the thread that reads: it may `post`, and
                must not wait for an answer.

        Raises:
            AmiLost: nobody answers there, or not in time.
            AmiDenied: the log-in was refused.
        """
        self.lost = threading.Event()
        self._settings = settings
        self._take_event = take_event
        self._numbers = itertools.count(1)
        self._asked: dict[str, _Asked] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._reader = MessageReader()
        self._socket = self._connect()
        self._thread = threading.Thread(target=self._read, name="ami", daemon=True)
        self._thread.start()
        try:
            self._log_in(events)
        except BaseException:
            self.close()
            raise

    def action(self, name: str, **headers: object) -> Message:
        """Do something; return Asterisk's answer.

        Raises:
            AmiRefused: Asterisk will not.
            AmiLost: the line is gone, or no answer came in time; whether it was done is not known.
            BadInput: a value holds a line break.
        """
        return self._ask(name, _Asked(), headers, None)[0]

    def action_within(self, timeout_s: float, name: str, **headers: object) -> Message:
        """Do something that takes Asterisk a while; otherwise as `action`."""
        return self._ask(name, _Asked(), headers, timeout_s)[0]

    def listing(self, name: str, *, until: str, **headers: object) -> list[Message]:
        """Ask for a list that ends with the event `until`; return its events. Raises as `action`."""
        return self._ask(name, _Asked(last=until), headers, None)[1]

    def post(self, name: str, action_id: str, **headers: object) -> None:
        """Send an action and wait for nothing: its answer and list come to `take_event`. Raises AmiLost."""
        self._send(encode_action(name, action_id, headers))

    def close(self) -> None:
        """Close the line and wait until its thread is gone."""
        self._lose()
        if threading.current_thread() is not self._thread:
            self._thread.join(self._settings.timeout_s)

    def _connect(self) -> socket.socket:
        settings = self._settings
        try:
            line = socket.create_connection((settings.host, settings.port), settings.timeout_s)
        except OSError as error:
            raise AmiLost(
                _(
                    "Asterisk's AMI at %(host)s:%(port)s cannot be reached (%(reason)s)",
                    host=settings.host,
                    port=settings.port,
                    reason=error.strerror or error,
                )
            ) from None
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line

    def _log_in(self, events: str) -> None:
        secret = self._settings.secret.get_secret_value()
        if self._settings.login == "md5":
            challenge = self.action("Challenge", AuthType="MD5").get("Challenge")
            key = hashlib.md5((challenge + secret).encode(), usedforsecurity=False).hexdigest()
            proof = {"AuthType": "MD5", "Key": key}
        else:
            proof = {"Secret": secret}
        try:
            self.action("Login", Username=self._settings.user, Events=events, **proof)
        except AmiRefused as error:
            raise AmiDenied(
                _(
                    "Asterisk refuses the AMI user %(user)s (%(reason)s); compare SANSHENG_AMI_USER and "
                    "SANSHENG_AMI_SECRET with its manager.conf",
                    user=self._settings.user,
                    reason=error.reason,
                )
            ) from None

    def _ask(
        self, name: str, asked: _Asked, headers: dict[str, object], timeout_s: float | None
    ) -> tuple[Message, list[Message]]:
        action_id = f"s{next(self._numbers)}"
        frame = encode_action(name, action_id, headers)
        with self._lock:
            self._asked[action_id] = asked
        try:
            self._send(frame)
            in_time = asked.done.wait(timeout_s or self._settings.timeout_s)
        finally:
            with self._lock:
                del self._asked[action_id]
        if not in_time or asked.answer is None:
            raise AmiLost(_("Asterisk did not answer %(action)s in time", action=name))
        if asked.answer.refused:
            reason = asked.answer.get("Message")
            raise AmiRefused(
                _("Asterisk refuses %(action)s: %(reason)s", action=name, reason=reason), reason=reason
            )
        return asked.answer, asked.listed

    def _send(self, frame: bytes) -> None:
        if self.lost.is_set():
            raise AmiLost(_("the line to Asterisk is lost"))
        try:
            with self._writing:
                self._socket.sendall(frame)
        except OSError:
            self._lose()
            raise AmiLost(_("the line to Asterisk is lost")) from None

    def _read(self) -> None:
        try:
            while chunk := self._receive():
                for message in self._reader.feed(chunk):
                    self._dispatch(message)
        except OSError:  # closed, by them or by us
            return
        finally:
            self._lose()

    def _receive(self) -> bytes:
        """Wait for bytes; silence is no fault: who needs to know whether the line lives asks it."""
        while True:
            try:
                return self._socket.recv(_CHUNK)
            except TimeoutError:
                continue

    def _dispatch(self, message: Message) -> None:
        with self._lock:
            asked = self._asked.get(message.action_id)
        if asked is not None:
            asked.take(message)
        elif self._take_event is not None and (message.event or message.action_id):
            try:
                self._take_event(self, message)
            except Exception as error:  # noqa: BLE001  (one bad event must not end the line)
                _log.error("ami_event_failed", event_name=message.event, error=type(error).__name__)

    def _lose(self) -> None:
        self.lost.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            waiting = list(self._asked.values())
        for asked in waiting:
            asked.done.set()
