"""Calls that a crash of the telephony cut: no line of the log will ever end them, so we do, and say so.

A call that began before Asterisk was started cannot still be going on. It gets one more event, of our own
kind, at the moment Asterisk was last heard; the state machine ends the call there and marks it. Should the
log tell the real end after all, that counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.installation import Installation
from ivr.ledger.derived import write_facts
from ivr.ledger.entries import insert_events, load_events, parts_of
from ivr.ledger.facts import LedgerEvent
from ivr.ledger.machine import CRASH, derive_facts
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
    closed = 0
    with installation.unit_of_work() as session:
        for part in parts_of(_open_calls(session, provider, booted_at)):
            events = load_events(session, provider, part)
            cuts = {
                call_id: _cut(provider, call_id, told, booted_at, silent_from)
                for call_id, told in events.items()
                if not any(event.kind == CRASH for event in told)
            }
            insert_events(session, cuts.items())
            _end(session, provider, events, cuts, now=installation.clock.now())
            closed += len(cuts)
    return closed


def _open_calls(session: Session, provider: str, booted_at: datetime) -> Sequence[str]:
    going_on = select(Call.provider_call_id).where(
        Call.provider == provider, Call.outcome == "open", Call.started_at < booted_at
    )
    return session.scalars(going_on.order_by(Call.id)).all()


def _cut(
    provider: str,
    call_id: str,
    events: Sequence[LedgerEvent],
    booted_at: datetime,
    silent_from: datetime | None,
) -> LedgerEvent:
    last_at = max(event.at for event in events)
    at = max(last_at, silent_from or last_at)
    fields = {"booted_at": booted_at.isoformat()}
    return LedgerEvent("ami", f"{provider}/crash/{call_id}", 0, at, "", "", CRASH, fields)


def _end(
    session: Session,
    provider: str,
    events: Mapping[str, Sequence[LedgerEvent]],
    cuts: Mapping[str, LedgerEvent],
    *,
    now: datetime,
) -> None:
    facts = {call_id: derive_facts([*events[call_id], cut], now=now) for call_id, cut in cuts.items()}
    write_facts(session, provider, facts, parties={}, now=now)
