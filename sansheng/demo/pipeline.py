"""The demo from the first ring to the sample: a day is called, recorded, transcribed, scored and drawn from.

Everything goes the way real calls go: the day through the flow interpreter and the queue_log import,
the audio through ingest and the job queue. Only the callers and the agents are made up.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import Conflict
from core.i18n import gettext as _
from core.installation import Installation
from ivr.flow.check import shipped_flow
from ivr.flow.holidays import shipped_calendar
from ivr.ledger.holds import Hold, record_holds
from ivr.models import Call
from ivr.simulator.day import SimulatedDay, simulate_day
from ivr.simulator.importing import PROVIDER, import_day, working_agents
from ivr.simulator.plan import DayPlan, PlannedCall
from qa.models import AutoScore, Sample
from qa.publishing import current_version
from qa.sampling import draw_sample
from recording.audio import AudioFile
from recording.ingest import CONVERSATION, VOICEMAIL, RecordingFacts, add_recording
from recording.models import Recording, RecordingFile, Role, Transcript
from sansheng.demo.audio import RenderedCall, render, write_wav
from sansheng.demo.calls import ScriptedCall, scripted_calls
from sansheng.demo.hotline import seed_people
from sansheng.demo.truth import Comparison, compare_with_scripts
from sansheng.wiring import job_worker

SEED: Final = 20261122
CALLS: Final = 400
SAMPLES_PER_AGENT: Final = 2
ZONE: Final = ZoneInfo("Asia/Shanghai")
_IVR_SHARE: Final = 0.6
"""Part of a script's `wait_s` that is spent in the menu; the rest is spent in the queue."""

Progress = Callable[[str, int, int], None]
"""Told (stage, done, of how many)."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo made, counted from the database, and how near it came to its scripts."""

    calls: int
    recordings: int
    transcribed: int
    scored: int
    sampled: int
    comparison: Comparison
    seconds: float


def run_demo(installation: Installation, *, progress: Progress) -> DemoResult:
    """Make the demo in an installation's database; what is there already is kept.

    Raises:
        Conflict: the database holds calls that are not of a demo; nothing was changed.
    """
    began = time.monotonic()
    with installation.unit_of_work() as session:
        demo_day(session, installation.clock.now())  # refuses real calls before anything is written or spoken
        seed_people(session, now=installation.clock.now())
        wanted = installation.settings.qa.scorecard
        current_version(session, at=installation.clock.now(), name=wanted)
        recordings = _recorded(session)
    if len(recordings) < len(scripted_calls()):
        recordings = _record(installation, recordings, progress)
    _work(installation, len(recordings), progress)
    with installation.unit_of_work() as session:
        _draw(session, installation.clock.now())
        comparison = compare_with_scripts(session, recordings)
        counts = {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in (
                ("calls", Call),
                ("recordings", Recording),
                ("transcribed", Transcript),
                ("scored", AutoScore),
                ("sampled", Sample),
            )
        }
    return DemoResult(**counts, comparison=comparison, seconds=time.monotonic() - began)


def _recorded(session: Session) -> dict[int, ScriptedCall]:
    """Return what an earlier run has taken in already: recording id → script."""
    scripts = {f"{script.key}.wav": script for script in scripted_calls()}
    files = select(RecordingFile.recording_id, RecordingFile.name).where(RecordingFile.name.in_(scripts))
    return {recording_id: scripts[name] for recording_id, name in session.execute(files)}


def _record(
    installation: Installation, recorded: Mapping[int, ScriptedCall], progress: Progress
) -> dict[int, ScriptedCall]:
    """Speak the calls, place them among the others of a day, and take in the recordings that are missing."""
    rendered = _speak(progress)
    with installation.unit_of_work(read_only=True) as session:
        plan = _plan(session, installation.clock.now(), rendered)
    day = simulate_day(shipped_flow(), plan, SEED)
    progress("call", 0, CALLS)
    import_day(installation, day)
    progress("call", CALLS, CALLS)
    missing = {s.key: rendered[s.key] for s in scripted_calls() if s not in recorded.values()}
    return {**recorded, **_take_in(installation, day, missing, progress)}


def demo_day(session: Session, now: datetime) -> date:
    """Return the day this database's demo has, or else the last working day before today.

    Raises:
        Conflict: the database holds calls that are not of a demo.
    """
    first_days = select(Call.provider, func.min(Call.started_at)).group_by(Call.provider)
    providers = {row[0]: row[1] for row in session.execute(first_days)}
    if providers.keys() - {PROVIDER}:
        raise Conflict(
            _(
                "this data folder holds real calls; give the demo one of its own: SANSHENG_HOME=FOLDER sansheng demo"
            )
        )
    if PROVIDER in providers:
        return providers[PROVIDER].astimezone(ZONE).date()
    day = now.astimezone(ZONE).date() - timedelta(days=1)
    while not _is_workday(day):
        day -= timedelta(days=1)
    return day


def _is_workday(day: date) -> bool:
    calendar = shipped_calendar("cn")
    kind = calendar.day_kind(day) if calendar else None
    return kind == "workday" or (kind != "holiday" and day.weekday() < 5)


def _speak(progress: Progress) -> dict[str, RenderedCall]:
    scripts = scripted_calls()
    rendered = {}
    for done, script in enumerate(scripts):
        progress("speak", done, len(scripts))
        rendered[script.key] = render(script)
    progress("speak", len(scripts), len(scripts))
    return rendered


def _plan(session: Session, now: datetime, rendered: Mapping[str, RenderedCall]) -> DayPlan:
    planned = tuple(
        _planned(number, script, rendered[script.key]) for number, script in enumerate(scripted_calls())
    )
    day = demo_day(session, now)
    return DayPlan(day=day, agents=working_agents(session), calls=CALLS, planned=planned)


def _planned(number: int, script: ScriptedCall, audio: RenderedCall) -> PlannedCall:
    return PlannedCall(
        key=script.key,
        queue=script.queue,
        agent=script.agent.code if script.agent else None,
        caller=f"139{number:04d}{(number * 7919) % 10000:04d}",
        ivr_s=script.wait_s * _IVR_SHARE,
        wait_s=script.wait_s * (1 - _IVR_SHARE),
        ring_s=script.ring_s,
        talk_s=audio.duration_s,
        hung_up_by=script.hung_up_by.value,
    )


def _take_in(
    installation: Installation,
    day: SimulatedDay,
    rendered: Mapping[str, RenderedCall],
    progress: Progress,
) -> dict[int, ScriptedCall]:
    """Write each call's WAV where a recorder would and take it in; return recording id → script."""
    scripts = {script.key: script for script in scripted_calls()}
    provider_ids = {call.key: call.call_id for call in day.calls if call.key}
    taken = {}
    with tempfile.TemporaryDirectory(prefix="sansheng-demo-") as folder:
        for done, (key, audio) in enumerate(rendered.items()):
            progress("record", done, len(rendered))
            with installation.unit_of_work() as session:
                call = session.scalars(select(Call).where(Call.provider_call_id == provider_ids[key])).one()
                facts = _facts(call, scripts[key], audio)
                record_holds(session, _holds(call, facts), now=installation.clock.now(), provider=PROVIDER)
            path = Path(folder) / f"{key}.wav"
            write_wav(path, audio.samples)
            taken[add_recording(installation, [AudioFile(path, path.name)], facts).recording.id] = scripts[
                key
            ]
    progress("record", len(rendered), len(rendered))
    return taken


def _facts(call: Call, script: ScriptedCall, audio: RenderedCall) -> RecordingFacts:
    """Say what the call log knows of a recording; it began when the agent, or the answering machine, did."""
    ended_at = call.ended_at or call.started_at
    answered_at = call.visits[-1].left_queue_at if call.visits else None
    return RecordingFacts(
        call_id=call.id,
        agent_id=call.agent_id,
        roles=(Role.CALLER, Role.AGENT),
        kind=VOICEMAIL if script.is_voicemail else CONVERSATION,
        started_at=answered_at or ended_at - timedelta(seconds=audio.duration_s),
        answered_at_s=audio.answered_at_s,
        holds=[(hold.start_s, hold.end_s) for hold in audio.holds],
    )


def _holds(call: Call, facts: RecordingFacts) -> list[Hold]:
    """Say when the agent put the caller on hold, as AMI would have told it."""
    began, agent = facts.started_at, call.agent
    if began is None or agent is None:
        return []
    return [
        Hold(call.provider_call_id, agent.interface, began + timedelta(seconds=edge_s), begins)
        for hold in facts.holds
        for edge_s, begins in zip(hold, (True, False), strict=True)
    ]


def _work(installation: Installation, recordings: int, progress: Progress) -> None:
    """Do the background work, showing how many recordings are transcribed and scored."""

    def look() -> None:
        with installation.unit_of_work(read_only=True) as session:
            transcribed = session.scalar(select(func.count()).select_from(Transcript)) or 0
            scored = session.scalar(select(func.count()).select_from(AutoScore)) or 0
        progress("transcribe", transcribed, recordings)
        progress("score", scored, recordings)

    job_worker(installation).run_until_idle(look)
    look()


def _draw(session: Session, now: datetime) -> None:
    """Draw the day's sample once."""
    if session.scalar(select(Sample.id).limit(1)) is None:
        start = datetime.combine(demo_day(session, now), datetime.min.time(), ZONE)
        draw_sample(
            session,
            plan="demo",
            period=(start, start + timedelta(days=1)),
            per_agent=SAMPLES_PER_AGENT,
            seed=str(SEED),
            at=now,
        )
