"""What a call asks the database before it goes on: within a second, and without ever failing the call.

A caller must not listen to silence because the database is slow, nor be thrown out because it is gone: the
question then has the answer it has without a database, and the log says so.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from core.errors import AppError
from core.installation import Installation
from core.logging import get_logger

_log = get_logger(__name__)

T = TypeVar("T")

WITHIN_S: Final = 1.0
_THREADS: Final = 4


class Enquiries:
    """Asks on behalf of all calls."""

    def __init__(self, installation: Installation, *, within_s: float = WITHIN_S) -> None:
        self._installation = installation
        self._within_s = within_s
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="enquiry")

    def ask(self, name: str, question: Callable[[Session], T], otherwise: T) -> T:
        """Return the answer to a question, or `otherwise` when none came in time.

        Args:
            name: what the log calls the question.
            question: reads; it must not write.
            otherwise: what is taken for the answer when the database cannot say.
        """
        answer = self._threads.submit(self._read, question)
        try:
            return answer.result(self._within_s)
        except AppError as error:
            reason = error.code
        except Exception as error:  # noqa: BLE001  (whatever it is, the caller is served; a message may quote a number)
            reason = type(error).__name__
        answer.cancel()
        _log.warning("enquiry_unanswered", enquiry=name, reason=reason)
        return otherwise

    def close(self) -> None:
        """Ask no more; questions nobody has begun with are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _read(self, question: Callable[[Session], T]) -> T:
        with self._installation.unit_of_work(read_only=True) as session:
            return question(session)
