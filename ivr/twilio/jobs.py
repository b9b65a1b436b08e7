"""Background work on Twilio's side: ring agents, end legs, fetch recordings and delete them there.

Every job may be delivered twice and killed anywhere. A recording is not ready at once, so fetching is repeated
with growing pauses for a day. What comes is believed when status, type, header, channels and length are right:
an error page has been stored as a conversation before.
"""

from __future__ import annotations

import wave
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from core.errors import BadInput
from core.events import publish
from core.installation import Installation
from core.jobs import enqueue
from core.logging import get_logger
from ivr.events import CallRecorded
from ivr.twilio.api import TwilioApi, connect
from ivr.twilio.dispatch import DROP_JOB, end_offer
from ivr.twilio.duty import set_state
from ivr.twilio.facts import PROVIDER
from ivr.twilio.hotline import Addresses
from ivr.twilio.models import TwilioAgent, TwilioOffer, TwilioRecording
from ivr.twilio.recordings import FETCH_JOB, spool_file

_PAUSES_S: Final = (1, 2, 5, 15, 60, 300)
_GIVE_UP: Final = timedelta(hours=24)
_LENGTH_TOLERANCE_S: Final = 2.0
_AUDIO_TYPES: Final = frozenset({"audio/x-wav", "audio/wav", "audio/wave", "audio/vnd.wave"})

_log = get_logger(__name__)


def ring_agent(installation: Installation, *, offer_id: int, api: TwilioApi | None = None) -> None:
    """Have Twilio ring an agent for an offer (a job); an offer that is over rings nobody.

    A leg that Twilio made while we were killed is found by its address's offer, see `ivr.twilio.agents`.
    """
    settings = installation.settings
    with installation.unit_of_work(read_only=True) as session:
        offer = session.get(TwilioOffer, offer_id)
        agent = session.get(TwilioAgent, offer.agent_id) if offer is not None else None
        if offer is None or agent is None or offer.state != "placed" or offer.leg_sid is not None:
            return
        address = agent.address
    addresses = Addresses(settings.public.base_url)
    try:
        leg_sid = (api or connect(settings)).place_call(
            to=address,
            caller=settings.twilio.number,
            url=addresses.agent(offer_id, "answered"),
            status_url=addresses.status(),
            ring_s=settings.twilio.ring_s,
        )
    except BadInput as error:
        _cannot_be_rung(installation, offer_id, error)
        return
    with installation.unit_of_work() as session:
        offer = session.get_one(TwilioOffer, offer_id, with_for_update=True)
        offer.leg_sid = offer.leg_sid or leg_sid
        if offer.state == "ended":
            enqueue(session, DROP_JOB, key=f"{offer.id}:late", at=installation.clock.now(), offer_id=offer.id)


def _cannot_be_rung(installation: Installation, offer_id: int, error: BadInput) -> None:
    """Take an agent whose telephone Twilio refuses out of the ringing, or the caller would wait for them for ever."""
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        offer = session.get_one(TwilioOffer, offer_id, with_for_update=True)
        end_offer(session, offer, now)
        agent = session.get_one(TwilioAgent, offer.agent_id)
        _log.error("twilio_agent_unreachable", agent=offer.agent.code, problem=str(error))
        set_state(session, installation.settings.twilio, agent, "away", now)


def drop_leg(installation: Installation, *, offer_id: int, api: TwilioApi | None = None) -> None:
    """Have Twilio end an agent's leg (a job)."""
    with installation.unit_of_work(read_only=True) as session:
        offer = session.get(TwilioOffer, offer_id)
        leg_sid = offer.leg_sid if offer is not None else None
    if leg_sid is not None:
        (api or connect(installation.settings)).end_call(leg_sid)


def fetch_recording(installation: Installation, *, recording_sid: str, api: TwilioApi | None = None) -> None:
    """Bring a recording into the spool and tell the others (a job); what is not ready is tried again later."""
    with installation.unit_of_work(read_only=True) as session:
        row = session.get(TwilioRecording, recording_sid)
        if row is None or row.state != "completed":
            return
        channels, duration_s = row.channels, row.duration_s
    target = spool_file(installation.settings, recording_sid)
    target.parent.mkdir(parents=True, exist_ok=True)
    arriving = target.with_suffix(".part")
    api = api or connect(installation.settings)
    status, content_type = api.fetch_media(recording_sid, channels=channels, target=arriving)
    if status == 400 and channels == 2:  # Twilio has no two channels of this one
        channels = 1
        status, content_type = api.fetch_media(recording_sid, channels=channels, target=arriving)
    problem = _problem(arriving, status, content_type, channels, duration_s)
    if problem:
        arriving.unlink(missing_ok=True)  # what is no recording is not kept
    else:
        arriving.replace(target)
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        row = session.get_one(TwilioRecording, recording_sid, with_for_update=True)
        if row.state != "completed":
            return
        row.problem = problem
        if problem:
            _try_later(session, row, now)
            return
        row.state, row.channels = "fetched", channels
        publish(session, CallRecorded(provider=PROVIDER, recording=recording_sid), at=now)


def delete_recording(installation: Installation, *, recording_sid: str, api: TwilioApi | None = None) -> None:
    """Delete a recording at Twilio that is stored here (a job)."""
    with installation.unit_of_work(read_only=True) as session:
        row = session.get(TwilioRecording, recording_sid)
        if row is None or row.state != "stored":
            return
    (api or connect(installation.settings)).delete_recording(recording_sid)
    with installation.unit_of_work() as session:
        session.get_one(TwilioRecording, recording_sid).state = "deleted"


def _problem(path: Path, status: int, content_type: str, channels: int, duration_s: float | None) -> str:
    """Return what is wrong with what came; empty when it is a recording of the length we were told."""
    if status != 200:
        return f"http_{status}"
    if content_type not in _AUDIO_TYPES:
        return "not_audio"
    try:
        with wave.open(str(path)) as sound:
            found_channels, length_s = sound.getnchannels(), sound.getnframes() / sound.getframerate()
    except (wave.Error, EOFError):
        return "not_wav"
    if found_channels != channels:
        return "channels"
    if duration_s is not None and abs(length_s - duration_s) > _LENGTH_TOLERANCE_S:
        return "length"
    return ""


def _try_later(session: Session, row: TwilioRecording, now: datetime) -> None:
    if now - row.noted_at > _GIVE_UP:
        row.state = "failed"
        _log.error("twilio_recording_lost", recording_sid=row.sid, problem=row.problem)
        return
    pause_s = _PAUSES_S[min(row.attempts, len(_PAUSES_S) - 1)]
    row.attempts += 1
    later = now + timedelta(seconds=pause_s)
    enqueue(session, FETCH_JOB, key=f"{row.sid}:{row.attempts}", at=later, recording_sid=row.sid)
