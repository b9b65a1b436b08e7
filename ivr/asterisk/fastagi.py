"""The FastAGI server: a thread for each call that is being spoken to.

Whatever goes wrong here, the caller reaches a person: a call we refuse, or fail in the middle, gets no verdict, and
the dial plan takes that for "IVR failed: to the queue". So a full house refuses at once rather than lets callers
listen to nothing, and a stop waits only for those who are in the middle of a sentence.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

from asterisk.agi import AGIException

from core.errors import AppError, MissingPart
from core.i18n import gettext as _
from core.logging import get_logger
from ivr.asterisk.agi import CallerGone, Channel

_log = get_logger(__name__)

_BACKLOG = 512  # a burst of calls; the usual 5 lose some
_ACCEPT_AGAIN_S = 0.2

Application = Callable[[Channel], None]
Timed = Callable[[str, float], None]


class FastAgiServer:
    """Listens for Asterisk's calls.

    Attributes:
        address: host and port it listens on; with port 0, the one it was given.
    """

    def __init__(
        self,
        host: str,
        port: int,
        application: Application,
        *,
        threads: int,
        timed: Timed | None = None,
    ) -> None:
        self._application = application
        self._timed = timed
        self._free = threading.BoundedSemaphore(threads)
        self._stopping = threading.Event()
        self._calls: dict[int, tuple[threading.Thread, socket.socket]] = {}
        self._lock = threading.Lock()
        try:
            self._listener = socket.create_server((host, port), backlog=_BACKLOG)
        except OSError as error:
            told = _(
                "cannot listen on %(host)s:%(port)s: %(reason)s", host=host, port=port, reason=error.strerror
            )
            raise MissingPart(told) from error
        self._listener.settimeout(_ACCEPT_AGAIN_S)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]

    @property
    def calls(self) -> int:
        """How many calls are being spoken to."""
        return len(self._calls)

    def serve(self) -> None:
        """Take calls until `stop`."""
        while not self._stopping.is_set():
            try:
                connection, _peer = self._listener.accept()
            except TimeoutError:
                continue
            except OSError as error:  # no more file descriptors, or the caller was gone at once
                if not self._stopping.is_set():
                    _log.error("call_not_accepted", reason=error.strerror)
                    self._stopping.wait(_ACCEPT_AGAIN_S)
                continue
            self._take(connection)
        self._listener.close()

    def stop(self, *, grace_s: float = 10.0) -> None:
        """Take no more calls; let those in progress end for a while, then hand them to the dial plan."""
        self._stopping.set()
        until = time.monotonic() + grace_s
        for thread, _connection in self._in_progress():
            thread.join(max(0.0, until - time.monotonic()))
        for thread, connection in self._in_progress():
            _log.warning("call_cut_off")
            _shut(connection)
            thread.join(1.0)

    def _in_progress(self) -> list[tuple[threading.Thread, socket.socket]]:
        with self._lock:
            return list(self._calls.values())

    def _take(self, connection: socket.socket) -> None:
        if not self._free.acquire(blocking=False):
            _log.error("call_refused", reason="every thread is busy", calls=self.calls)
            connection.close()
            return
        thread = threading.Thread(target=self._serve_call, args=(connection,), name="call", daemon=True)
        with self._lock:
            self._calls[id(connection)] = (thread, connection)
        try:
            thread.start()
        except RuntimeError:
            _log.exception("call_refused")
            self._forget(connection)

    def _serve_call(self, connection: socket.socket) -> None:
        call_id = ""
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            channel = Channel(connection, timed=self._timed)
            call_id = channel.call_id
            self._application(channel)
        except CallerGone:
            _log.info("caller_gone", call=call_id)
        except (AGIException, AppError, OSError) as error:
            _log.error("call_failed", call=call_id, reason=type(error).__name__, detail=str(error))
        except Exception as error:  # noqa: BLE001  (the call goes to a person; a message might hold what a caller typed)
            _log.error("call_failed", call=call_id, reason=type(error).__name__, where=_where(error))
        finally:
            self._forget(connection)

    def _forget(self, connection: socket.socket) -> None:
        connection.close()
        self._free.release()
        with self._lock:  # last: who sees a call gone may rely on there being room for another
            self._calls.pop(id(connection), None)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        _log.info("connection_closed_already")


def _where(error: BaseException) -> str:
    """Return file and line of a defect; its message may hold what a caller said or typed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
