"""Recordings at Twilio: what their callbacks say, and what is handed on once one is in the spool.

A recording is known by its SID only: an address somebody sends is never asked. Fetching is `ivr.twilio.jobs`'
business, taking in is `recording`'s.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.jobs import enqueue
from core.setting_sections import TwilioSettings
from core.settings import Settings
from ivr.models import Call
from ivr.twilio.facts import PROVIDER
from ivr.twilio.models import TwilioCall, TwilioOffer, TwilioRecording
from ivr.twilio.webhook import Refused, Webhook

FETCH_JOB: Final = "fetch_twilio_recording"
DELETE_JOB: Final = "delete_twilio_recording"


def note_recording(session: Session, settings: TwilioSettings, webhook: Webhook, now: datetime) -> None:
    """Take a recording callback; the same one again, or an earlier one late, changes nothing."""
    sid, status = webhook["RecordingSid"], webhook["RecordingStatus"]
    row = session.get(TwilioRecording, sid, with_for_update=True)
    if row is None:
        row = _new_recording(session, settings, webhook, now)
    if row.state != "started":
        return
    row.channels = int(webhook.get("RecordingChannels") or row.channels)
    row.started_at = row.started_at or webhook.time("RecordingStartTime")
    if status == "completed":
        row.duration_s = webhook.seconds("RecordingDuration")
        row.state = "completed"
        enqueue(session, FETCH_JOB, key=f"{sid}:0", at=now, recording_sid=sid)
    elif status in {"absent", "failed"}:
        row.state = "absent"
        row.problem = webhook.get("ErrorCode")[:10]


def fetched_recording(session: Session, recording_sid: str) -> tuple[TwilioRecording, int | None] | None:
    """Return a recording that waits in the spool, and its call's id; None when there is nothing to do."""
    row = session.get(TwilioRecording, recording_sid)
    if row is None or row.state != "fetched":
        return None
    calls = select(Call.id).where(Call.provider == PROVIDER, Call.provider_call_id == row.call_sid)
    return row, session.scalar(calls)


def mark_stored(session: Session, settings: Settings, recording_sid: str, now: datetime) -> None:
    """Note that a recording is safe with us, and have it deleted at Twilio if the settings say so."""
    row = session.get_one(TwilioRecording, recording_sid, with_for_update=True)
    if row.state == "fetched":
        row.state = "stored"
        if settings.twilio.delete_recordings:
            enqueue(session, DELETE_JOB, key=recording_sid, at=now, recording_sid=recording_sid)


def spool_file(settings: Settings, recording_sid: str) -> Path:
    """Return where a recording waits to be taken in."""
    return settings.home / PROVIDER / f"{recording_sid}.wav"


def _new_recording(
    session: Session, settings: TwilioSettings, webhook: Webhook, now: datetime
) -> TwilioRecording:
    """Return the row of a recording nobody told of before.

    Twilio names the caller's leg or the agent's. From a queue the agent's leg dialled and is the parent, in a
    transfer the caller's; the parent is the first channel, says Twilio, and `qa.sides` looks whether it is.
    """
    leg_sid, source = webhook["CallSid"], webhook.get("RecordingSource")
    offer = session.scalar(
        select(TwilioOffer)
        .where(or_(TwilioOffer.leg_sid == leg_sid, TwilioOffer.caller_sid == leg_sid))
        .order_by(TwilioOffer.id.desc())
        .limit(1)
    )
    call_sid = (offer.caller_sid or leg_sid) if offer is not None else leg_sid
    if session.get(TwilioCall, call_sid) is None:
        raise Refused("unknown_call")
    voicemail = source == "RecordVerb"
    agents = settings.parent_channel if offer is not None else 1 - settings.parent_channel
    row = TwilioRecording(
        sid=webhook["RecordingSid"],
        call_sid=call_sid,
        kind="voicemail" if voicemail else "conversation",
        agent_id=offer.agent_id if offer is not None and not voicemail else None,
        agent_channel=None if voicemail else agents,
        channels=1 if voicemail else 2,
        state="started",
        attempts=0,
        noted_at=now,
    )
    session.add(row)
    return row
