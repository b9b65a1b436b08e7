"""Recordings whose callback was lost: Twilio tells each once, so a while after a call what is missing is asked for."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.installation import Installation
from ivr.models import Call
from ivr.twilio.api import TwilioApi, connect
from ivr.twilio.callbacks import STAND_IN
from ivr.twilio.facts import PROVIDER
from ivr.twilio.models import TwilioOffer, TwilioRecording
from ivr.twilio.recordings import note_recording
from ivr.twilio.render import recorded_line


def reconcile_call(installation: Installation, *, call_sid: str, api: TwilioApi | None = None) -> None:
    """Ask Twilio for the recordings of a call that should have some and of which nothing was heard (a job)."""
    with installation.unit_of_work(read_only=True) as session:
        legs = _legs_without_news(session, call_sid)
    if not legs:
        return
    api = api or connect(installation.settings)
    found = [webhook for leg_sid in legs for webhook in api.recordings_of(leg_sid)]
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        for webhook in found:
            note_recording(session, installation.settings.twilio, webhook, now)


def _legs_without_news(session: Session, call_sid: str) -> list[str]:
    """Return the legs to ask about; none when as many recordings are known as there must be."""
    offers = session.scalars(select(TwilioOffer).where(TwilioOffer.caller_sid == call_sid)).all()
    talked = [offer.leg_sid for offer in offers if offer.leg_sid and recorded_line(offer.line)]
    messages = session.scalar(
        select(func.count()).where(
            Call.provider == PROVIDER, Call.provider_call_id == call_sid, Call.outcome == "voicemail"
        )
    )
    known = session.scalar(
        select(func.count()).where(TwilioRecording.call_sid == call_sid, TwilioRecording.state != "started")
    )
    legs = talked if call_sid.startswith(STAND_IN) else [call_sid, *talked]  # Twilio knows no stand-in
    return legs if (known or 0) < len(talked) + (messages or 0) else []
