"""A call centre's year for measuring pages: a million calls and two hundred thousand evaluations.

Written by SQL into a folder that later runs find again. Four of five calls are answered, recorded and
scored, one in four of those is graded; one score in twelve leaves something to a person, one in two
thousand suspects a critical error. A score has four answers where the shipped scorecard has more, to keep
the file small; the two recordings whose pages are opened have all of them, and their words. There is
no sound. Who was not answered is a task on the missed-call list, open for those of the last week.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, insert, literal_column, select, text, update
from sqlalchemy.orm import Session

from core.accounts import Role as AccountRole
from core.accounts import add_user
from core.clock import FixedClock
from core.crypto import encrypt_text, lookup_hash
from core.db import Base
from core.installation import Installation
from core.phone import normalise_number
from core.settings import Settings
from ivr.missed.models import MissedCall
from ivr.models import Agent, Call, Queue, QueueVisit, RingAttempt
from qa.models import AutoAnswer, AutoScore, Draw, Evaluation, Sample
from qa.publishing import current_version, scorecard_of
from recording.models import Recording, RecordingFile, Role, Track, Transcript, Utterance
from sansheng.migrations import upgrade_database

END: Final = datetime(2026, 11, 1, tzinfo=UTC)
DAYS: Final = 360
WEEKS: Final = DAYS // 7 + 1
PASSWORD: Final = "only for measuring"
CALLER: Final = "13800138000"
HOUR_S: Final = 3600.0
LOOSE_RECORDINGS: Final = 20_000
"""Recordings that belong to no call."""
_AGENTS, _INSPECTORS, _QUEUES, _ANSWERED = 40, 20, 3, 5
_MIXED = "((i * 2654435761) % 4294967296 / 65536)"
"""A number below 65,536 that looks random, from a row's number."""


def open_bench(home: Path) -> Installation:
    """Open the measuring installation; its clock stands where the calls end."""
    settings = Settings.model_validate({"home": home, "secret_key": "a secret for measuring only"})
    return Installation.open(settings, clock=FixedClock(END))


def fill(installation: Installation, calls: int) -> None:
    """Write everything in one transaction, unless it is there."""
    upgrade_database(installation.engine)
    with installation.unit_of_work() as session:
        if session.scalar(select(Call.id).limit(1)):
            return
        _people(session)
        session.execute(text("CREATE TEMP TABLE number (i INTEGER PRIMARY KEY)"))
        session.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :calls) "
                "INSERT INTO number SELECT i FROM n"
            ),
            {"calls": calls},
        )
        _call_log(session, calls)
        _recordings(session, calls)
        _scores(session, calls)
        _judgements(session)
        _loose_recordings(session, calls)
        _spoken(session)
        session.execute(text("DROP TABLE number"))
    with installation.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA optimize")


def _people(session: Session) -> None:
    session.add_all(
        Queue(id=n, name=f"q{n}", title_zh=f"队列{n}", title_en=f"Queue {n}") for n in range(1, _QUEUES + 1)
    )
    session.add_all(
        Agent(id=n, code=str(1000 + n), name=f"坐席{n}", interface=f"PJSIP/{1000 + n}")
        for n in range(1, _AGENTS + 1)
    )
    session.flush()
    first = [(AccountRole.INSPECTOR, AccountRole.INSPECTOR.value)]
    others = [(AccountRole.INSPECTOR, f"inspector{n}") for n in range(2, _INSPECTORS + 1)]
    rest = [(role, role.value) for role in AccountRole if role != AccountRole.INSPECTOR]
    for role, name in (*first, *others, *rest):
        add_user(
            session,
            username=name,
            display_name=name,
            role=role,
            password=PASSWORD,
            now=END - timedelta(days=DAYS),
            agent_id=1 if role == AccountRole.AGENT else None,
        )


def _insert(session: Session, rows: type[Base], source: str, where: str = "1", **columns: str) -> None:
    """Insert what a SELECT gives; columns that are not named get the model's defaults."""
    table = rows.__table__
    assert isinstance(table, Table)
    columns_sql: list[ColumnElement[Any]] = [literal_column(sql).label(name) for name, sql in columns.items()]
    wanted = select(*columns_sql)
    chosen = wanted.select_from(text(source)).where(text(where))
    session.execute(insert(table).from_select(list(columns), chosen))


def _time(seconds: str) -> str:
    """Return the SQL of a time `seconds` (SQL) after the first call."""
    begun = (END - timedelta(days=DAYS)).strftime("%Y-%m-%d %H:%M:%S")
    return f"strftime('%Y-%m-%d %H:%M:%f000', '{begun}', '+' || ({seconds}) || ' seconds')"


def _call_log(session: Session, calls: int) -> None:
    step_s = DAYS * 86_400 / calls
    answered, start, agent = f"i % {_ANSWERED}", f"i * {step_s}", f"i / 7 % {_AGENTS} + 1"
    shared = {
        "agent_id": f"CASE WHEN {answered} THEN {agent} END",
        "queue_id": f"i % {_QUEUES} + 1",
        "outcome": f"CASE WHEN {answered} THEN 'answered' ELSE 'abandoned' END",
        "wait_s": f"{_MIXED} % 60",
        "talk_s": f"CASE WHEN {answered} THEN {_MIXED} % 500 + 30 END",
        "ended_at": _time(f"{start} + 300"),
    }
    ciphertext = encrypt_text(CALLER).hex()
    _insert(
        session,
        Call,
        "number",
        id="i",
        provider="'simulator'",
        provider_call_id="'bench-' || i",
        caller=f"x'{ciphertext}'",
        caller_hash=f"CASE WHEN i % 10000 THEN i ELSE '{lookup_hash(normalise_number(CALLER))}' END",
        started_at=_time(start),
        ring_s=f"CASE WHEN {answered} THEN 5.0 END",
        **shared,
    )
    _insert(
        session,
        QueueVisit,
        "number",
        id="i",
        call_id="i",
        number="1",
        entered_at=_time(f"{start} + 5"),
        left_queue_at=_time(f"{start} + 20"),
        ended_by="'caller'",
        **shared,
    )
    _insert(
        session,
        RingAttempt,
        "number",
        answered,
        id="i",
        visit_id="i",
        number="1",
        agent_id=agent,
        ended_at=_time(f"{start} + 20"),
        ring_s="5.0",
        outcome="'answered'",
    )
    _missed(session, f"{start} > {(DAYS - 7) * 86_400}", f"NOT ({answered})", _time(f"{start} + 300"))


def _missed(session: Session, is_open: str, missed: str, at: str) -> None:
    """Make a task of each missed call: closed, but for those of the last week."""
    _insert(
        session,
        MissedCall,
        "number",
        missed,
        id="i",
        call_id="i",
        kind="'abandoned'",
        missed_at=at,
        due_at=at,
        disposition=f"CASE WHEN {is_open} THEN '' ELSE 'reached' END",
        reason=f"CASE WHEN {is_open} THEN '' ELSE 'spoke to them' END",
        closed_at=f"CASE WHEN {is_open} THEN NULL ELSE {at} END",
    )


def _recordings(session: Session, calls: int) -> None:
    """Record every answered call; rows of a call have the call's number."""
    step_s, answered = DAYS * 86_400 / calls, f"i % {_ANSWERED}"
    at = _time(f"i * {step_s} + 400")
    _insert(
        session,
        Recording,
        "number JOIN call ON call.id = i",
        answered,
        id="i",
        sha256="printf('%064x', i)",
        call_id="i",
        agent_id="agent_id",
        sample_rate="8000",
        frames="CAST(talk_s * 8000 AS INTEGER)",
        duration_s="talk_s",
        started_at=_time(f"i * {step_s} + 20"),
        stored_at=at,
        state="'transcribed'",
    )
    for channel, role in enumerate((Role.CALLER, Role.AGENT)):
        _insert(
            session,
            Track,
            "recording",
            id=f"2 * id + {channel}",
            recording_id="id",
            channel=str(channel),
            role=f"'{role}'",
            speech="'[]'",
        )


def _scores(session: Session, calls: int) -> None:
    """Hear and score every recording."""
    answered, at = f"i % {_ANSWERED}", _time(f"i * {DAYS * 86_400 / calls} + 400")
    version = current_version(session, at=END - timedelta(days=DAYS))
    _insert(
        session,
        Transcript,
        "number",
        answered,
        id="i",
        recording_id="i",
        model_name="'bench'",
        model_hash="'0'",
        pipeline_version="1",
        created_at=at,
        confidence="0.9",
    )
    _insert(
        session,
        AutoScore,
        "number",
        answered,
        id="i",
        recording_id="i",
        transcript_id="i",
        scorecard_version_id=str(version.id),
        measure_version="1",
        created_at=at,
        points=f"20 + {_MIXED} % 81",
        coverage="0.8",
        critical=f"{_MIXED} % 2000 = 0",
    )
    for number, criterion in enumerate(scorecard_of(version).criteria[:4]):
        verdict = f"CASE WHEN {_MIXED} % 12 = 0 AND {number} = 3 THEN 'human' ELSE 'pass' END"
        _insert(
            session,
            AutoAnswer,
            "number",
            answered,
            score_id="i",
            criterion=f"'{criterion.key}'",
            verdict=verdict,
            reason="'phrase_heard'",
        )


def _judgements(session: Session) -> None:
    """Draw a sample every week and grade it, but for the last calls of the last one."""
    version = current_version(session, at=END)
    for week in range(1, WEEKS + 1):
        start = END - timedelta(days=DAYS - 7 * (week - 1))
        session.add(
            Draw(
                id=week,
                plan="weekly",
                period_start=start,
                period_end=start + timedelta(days=7),
                per_agent=100,
                seed="bench",
                frame_hash="0" * 64,
                frame=[[n, n % _AGENTS + 1] for n in range(15_000)],
                drawn_at=start + timedelta(days=7),
            )
        )
    session.flush()
    inspector = f"id / 4 % {_INSPECTORS} + 1"
    week_sql = f"(id * {WEEKS} / (SELECT max(id) + 1 FROM recording)) + 1"
    _insert(
        session,
        Sample,
        "recording",
        "id % 4 = 0",
        id="id",
        draw_id=week_sql,
        recording_id="id",
        agent_id="agent_id",
        evaluator_id=inspector,
    )
    _insert(
        session,
        Evaluation,
        "recording",
        "id % 4 = 0 AND id < (SELECT max(id) - 4000 FROM recording)",
        id="id",
        recording_id="id",
        sample_id="id",
        agent_id="agent_id",
        scorecard_version_id=str(version.id),
        evaluator_id=inspector,
        state="'submitted'",
        started_at="stored_at",
        submitted_at="stored_at",
        points="80.0",
    )


def _loose_recordings(session: Session, calls: int) -> None:
    _insert(
        session,
        Recording,
        "number",
        f"i <= {LOOSE_RECORDINGS}",
        id=f"{calls} + i",
        sha256=f"printf('%064x', {calls} + i)",
        sample_rate="8000",
        frames="800000",
        duration_s="100.0",
        stored_at=_time(f"i * {DAYS * 86_400 / LOOSE_RECORDINGS}"),
        state="CASE WHEN i % 100 THEN 'stored' ELSE 'failed' END",
        problem="CASE WHEN i % 100 THEN '' ELSE 'torn' END",
    )
    _insert(session, Track, "recording", f"id > {calls}", recording_id="id", channel="0")
    _insert(
        session,
        RecordingFile,
        "recording",
        f"id > {calls}",
        recording_id="id",
        position="0",
        blob_key="'0'",
        name="'import-' || id || '.wav'",
        size="1600000",
        encoding="'WAV/PCM_16'",
    )


def _spoken(session: Session) -> None:
    """Give two recordings their words: the first of two minutes, the second of an hour."""
    version = current_version(session, at=END)
    for recording_id, length_s in ((1, 120.0), (2, HOUR_S)):
        session.execute(update(Recording).where(Recording.id == recording_id).values(duration_s=length_s))
        session.execute(insert(Utterance), list(_utterances(recording_id, length_s)))
        known = [criterion.key for criterion in scorecard_of(version).criteria]
        session.execute(
            insert(AutoAnswer),
            [
                {"score_id": recording_id, "criterion": key, "verdict": "pass", "reason": "phrase_heard"}
                for key in known[4:]
            ],
        )


def _utterances(recording_id: int, length_s: float) -> Iterator[dict[str, Any]]:
    for number in range(int(length_s / 3)):
        start = number * 3.0
        words = [["您好", start + n * 0.25, start + n * 0.25 + 0.2, 0.9] for n in range(10)]
        yield {
            "transcript_id": recording_id,
            "number": number,
            "channel": number % 2,
            "role": ("caller", "agent")[number % 2],
            "start_s": start,
            "end_s": start + 2.5,
            "text": "您好" * 10,
            "words": words,
        }
