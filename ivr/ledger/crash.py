"""Calls whose end nobody will tell: no line of the log will ever end them, so we do, and say so.

A call that began before Asterisk was started cannot still be going on. It gets one more event, of our own
kind, at the moment Asterisk was last heard; the state machine ends the call there and marks it. A call that
is on no line of Asterisk any more, and whose flow was never ended because our server was down, gets another.
Should the log tell the real end after all, that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.installation import Installation
from ivr.ledger.derived import write_facts
from ivr.ledger.entries import insert_events, load_events, parts_of
from ivr.ledger.facts import LedgerEvent
from ivr.ledger.locks import lock_calls
from ivr.ledger.machine import CRASH, GONE, derive_facts
from ivr.models import Call


def close_cut_calls(
    installation: Installation,
    *,
    booted_at: datetime,
    silent_from: datetime | None,
    provider: str = "asterisk",
) -> int:
    """End the calls that were going on when the telephony went down; return how many. Can be repeated.

    Args:
        installation: whose ledger; the log should be read to its end before.
        booted_at: when the telephony was started, not later than it was.
        silent_from: when it was heard last before; None: nobody listened.
        provider: whose calls.
    """

    def cut(call_id: str, last_at: datetime) -> LedgerEvent:
        at = max(last_at, silent_from or last_at)
        fields = {"booted_at": booted_at.isoformat()}
        return LedgerEvent("ami", f"{provider}/crash/{call_id}", 0, at, "", "", CRASH, fields)

    with installation.unit_of_work(read_only=True) as session:
        cut_calls = open_calls(session, provider, before=booted_at)
    return _end_each(installation, provider, cut_calls, cut)


def close_gone_calls(
    installation: Installation, gone: Mapping[str, datetime], *, provider: str = "asterisk"
) -> int:
    """End calls that are on no line any more; return how many. Can be repeated.

    Args:
        installation: whose ledger; the log should be read to its end before.
        gone: calls with the time at which each was missed first.
        provider: whose calls.
    """

    def ended(call_id: str, last_at: datetime) -> LedgerEvent:
        at = max(last_at, gone[call_id])
        return LedgerEvent("ami", f"{provider}/gone/{call_id}", 0, at, "", "", GONE, {})

    return _end_each(installation, provider, list(gone), ended)


def open_calls(session: Session, provider: str, *, before: datetime | None = None) -> Sequence[str]:
    """Return the provider's ids of the calls that go on, as far as the ledger knows; begun before a time."""
    going_on = select(Call.provider_call_id).where(Call.provider == provider, Call.outcome == "open")
    if before is not None:
        going_on = going_on.where(Call.started_at < before)
    return session.scalars(going_on.order_by(Call.id)).all()


def _end_each(
    installation: Installation,
    provider: str,
    call_ids: Sequence[str],
    ending: Callable[[str, datetime], LedgerEvent],
) -> int:
    """Give each call one event more, made of its id and its last event's time, unless it has it."""
    closed = 0
    for part in parts_of(call_ids):
        with installation.unit_of_work() as session:
            lock_calls(session, provider)
            events = load_events(session, provider, part)
            last = {call_id: max(event.at for event in told) for call_id, told in events.items()}
            ends = {call_id: ending(call_id, at) for call_id, at in last.items()}
            ends = {
                call_id: end
                for call_id, end in ends.items()
                if not any(event.kind == end.kind for event in events[call_id])
            }
            insert_events(session, ends.items())
            _end(session, provider, events, ends, now=installation.clock.now())
            closed += len(ends)
    return closed


def _end(
    session: Session,
    provider: str,
    events: Mapping[str, Sequence[LedgerEvent]],
    ends: Mapping[str, LedgerEvent],
    *,
    now: datetime,
) -> None:
    facts = {call_id: derive_facts([*events[call_id], end], now=now) for call_id, end in ends.items()}
    write_facts(session, provider, facts, parties={}, now=now)
