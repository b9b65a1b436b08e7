"""Brings what calls have to tell into the database, without letting a caller wait for it.

One thread writes for all calls, in the order told, so that a busy database delays nobody's next sentence and
SQLite has one writer. What is told while the database cannot be written is kept and tried again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core.errors import RetryLater
from core.installation import Installation
from core.logging import get_logger
from ivr.callbacks.booking import book_callback
from ivr.callbacks.keeping import Result, end_leg
from ivr.flow.instructions import BookCallback
from ivr.ledger.steps import FlowStep, record_flow_steps

_log = get_logger(__name__)

PROVIDER: Final = "asterisk"

_BATCH: Final = 64
_RETRY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class LegEnd:
    """What came of a callback; the call that tells it is the leg."""

    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one call has to tell.

    Attributes:
        call_id: the channel's unique id.
        steps: steps of its flow.
        bookings: callbacks promised.
        leg_end: what came of it, where the call is a callback that is over.
    """

    call_id: str
    steps: Sequence[FlowStep]
    bookings: Sequence[BookCallback] = ()
    leg_end: LegEnd | None = None
    caller: str = field(default="", repr=False)
    dialled: str = ""


class Notebook:
    """Takes notes from many calls; a thread of its own writes them up."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._told: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_up, name="notebook")
        self._thread.start()

    def tell(self, told: Told) -> None:
        """Take a note; returns at once."""
        self._told.put(told)

    def close(self) -> None:
        """Write up everything told so far, then stop; a database that cannot be written loses its notes."""
        self._closing.set()
        self._told.put(None)
        self._thread.join()

    def _write_up(self) -> None:
        while True:
            batch, ended = self._next_batch()
            self._keep(batch)
            if ended:
                return

    def _next_batch(self) -> tuple[list[Told], bool]:
        batch = []
        note = self._told.get()
        while note is not None:
            batch.append(note)
            if len(batch) == _BATCH or self._told.empty():
                return batch, False
            note = self._told.get()
        return batch, True

    def _keep(self, batch: Sequence[Told]) -> None:
        """Write a batch, one by one when together it fails: one call's defect must not lose another's facts."""
        if not batch:
            return
        while True:
            try:
                self._write(batch)
            except (OperationalError, RetryLater) as error:
                _log.warning("ledger_not_written", calls=len(batch), reason=type(error).__name__)
                if self._closing.wait(_RETRY_S):
                    _log.error("ledger_lost", calls=[told.call_id for told in batch])
                    return
            except Exception:  # noqa: BLE001  (a defect in one call's notes must not end the thread of all)
                if len(batch) == 1:
                    _log.exception("call_not_in_ledger", call=batch[0].call_id)
                    return
                for told in batch:
                    self._keep([told])
                return
            else:
                return

    def _write(self, batch: Sequence[Told]) -> None:
        with self._installation.unit_of_work() as session:
            for told in batch:
                self._write_one(session, told, self._installation.clock.now())

    def _write_one(self, session: Session, told: Told, now: datetime) -> None:
        if told.steps:
            record_flow_steps(
                session,
                told.call_id,
                told.steps,
                now=now,
                provider=PROVIDER,
                caller=told.caller,
                dialled=told.dialled,
            )
        for booking in told.bookings:
            book_callback(
                session,
                provider=PROVIDER,
                provider_call_id=told.call_id,
                number=booking.number,
                queue=booking.queue,
                language=booking.language,
                at=now,
            )
        if told.leg_end is not None:
            settings = self._installation.settings.callbacks
            end_leg(session, PROVIDER, told.call_id, told.leg_end.result, settings=settings, now=now)
