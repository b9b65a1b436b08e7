"""Keeps promised callbacks in the line: each at the place its caller had, for as long as the promise stands.

Asterisk does the waiting and the dialling. We only look every second whether what stands in the line is what should:
a callback whose caller got through in the meantime is taken out, one that is missing is put in. Nothing is kept in
memory, so a new process goes on where another was killed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from core.installation import Installation
from core.rounds import Work, go_round
from core.settings import Settings
from ivr.asterisk.ami.connection import AmiConnection
from ivr.asterisk.ami.opening import asterisk_line
from ivr.asterisk.callback_line import Line, put_in_line, take_out_of_line
from ivr.asterisk.notebook import PROVIDER
from ivr.callbacks.keeping import Promise, begin_leg, end_leg, let_go, promises_to_keep
from ivr.callbacks.keeping import Result as LegResult

_LOOK_EVERY_S: Final = 1.0


def callback_works(installation: Installation) -> list[Work]:
    """Return the work that keeps promises; none without an Asterisk with a carrier to dial by."""
    if not dials_callbacks(installation.settings):
        return []
    return [go_round("callbacks", CallbackKeeper(installation).look, every_s=_LOOK_EVERY_S)]


def dials_callbacks(settings: Settings) -> bool:
    """Whether callbacks promised on Asterisk are dialled: there is one, with a carrier to dial by."""
    return bool(settings.ami.secret.get_secret_value() and settings.sip.trunk)


class CallbackKeeper:
    """Looks after the promises of one Asterisk's callers."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def look(self) -> None:
        """Bring the lines to what they should be; raises AmiLost or RetryLater, and then wants another look."""
        now = self._installation.clock.now()
        with self._installation.unit_of_work(read_only=True) as session:
            promises = promises_to_keep(session, PROVIDER)
        for promise in promises:
            if promise.lost is not None:
                self._end(promise, promise.lost)
            elif not promise.wanted and not promise.leg:
                self._let_go(promise)
        moving = [p for p in promises if p.lost is None and (p.is_due(now) or (p.leg and not p.wanted))]
        if not moving:
            return
        with asterisk_line(self._installation) as ami:
            by_queue = sorted(promises, key=lambda promise: promise.queue)
            for queue, standing in groupby(by_queue, key=lambda promise: promise.queue):
                self._tend(ami, queue, list(standing), now)

    def _tend(self, ami: AmiConnection, queue: str, promises: Sequence[Promise], now: datetime) -> None:
        """Take out of one line what is not wanted there, and put in what is missing: as many as are on duty."""
        line = Line.read(ami, queue, now)
        places = {promise.leg: promise.since for promise in promises if promise.leg}
        for promise in promises:
            waiting = next((other for other in line.waiting if other.call == promise.leg), None)
            if not promise.wanted and waiting is not None:
                self._end(promise, "withdrawn")
                take_out_of_line(ami, waiting)
        free = line.on_duty - sum(other.call in places for other in line.waiting)
        for promise in [promise for promise in promises if promise.is_due(now)][: max(0, free)]:
            place = line.place_of(promise, places)
            with self._installation.unit_of_work() as session:
                leg = begin_leg(session, promise.id, now=now)
            if leg is None:
                continue
            if not put_in_line(ami, leg, queue, place, ring_s=self._installation.settings.callbacks.ring_s):
                self._end(promise, "failed", leg=leg.id)

    def _end(self, promise: Promise, result: LegResult, *, leg: str = "") -> None:
        settings, now = self._installation.settings.callbacks, self._installation.clock.now()
        with self._installation.unit_of_work() as session:
            end_leg(session, PROVIDER, leg or promise.leg, result, settings=settings, now=now)

    def _let_go(self, promise: Promise) -> None:
        with self._installation.unit_of_work() as session:
            let_go(session, promise.id, now=self._installation.clock.now())
