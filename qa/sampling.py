"""The random sample: per agent, reproducible, and open to anybody's check.

Every eligible call gets the key HMAC-SHA256(seed, recording id); each agent's k smallest keys are the
sample. The order of the calls does not matter, and calls that arrive later never disturb the keys of
the others. Frame, exclusions and seed are stored with the draw. The default seed follows from the
installation's secret, the plan and the period: drawing again cannot shop for another sample.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.accounts import Permission, User
from core.audit import record_audit
from core.crypto import lookup_hash
from core.errors import BadInput, Forbidden
from core.events import publish
from core.i18n import gettext as _
from ivr.models import Call
from qa.events import CallSampled
from qa.models import Draw, Sample
from recording.models import Recording

MAX_PER_AGENT: Final = 1000
_MAX_PLAN: Final = 80
_MAX_SEED: Final = 64

Frame = list[list[int]]
"""[recording id, agent id] of every eligible call, ascending."""


def draw_sample(
    session: Session,
    *,
    plan: str,
    period: tuple[datetime, datetime],
    per_agent: int,
    at: datetime,
    seed: str | None = None,
    by: User | None = None,
    evaluators: Sequence[User] | None = None,
) -> Draw:
    """Draw the sample of a period and give every call to an evaluator, who never grades an own call.

    The same plan, period, size, seed and frame is the same draw: it is returned, not drawn again.

    Args:
        session: the caller's transaction.
        plan: name of the sampling plan.
        period: [start, end) of the calls' starts.
        per_agent: calls of each agent; an agent with fewer has them all drawn.
        at: now.
        seed: None for the installation's own seed of this plan and period.
        by: who draws; None for the system.
        evaluators: who grades; None for everybody who may.

    Raises:
        BadInput: the period is empty, a value is out of range, or no call is eligible.
        Forbidden: `by` may not draw samples.
    """
    start, end = period
    _check_request(plan, period, per_agent, seed, by)
    frame, excluded = eligible_frame(session, start, end)
    if not frame:
        raise BadInput(_no_frame(excluded))
    seed = seed or default_seed(plan, start, end)
    if existing := _same_draw(session, plan, period, per_agent, seed, frame_hash(frame)):
        return existing
    draw = Draw(
        plan=plan,
        period_start=start,
        period_end=end,
        per_agent=per_agent,
        seed=seed,
        frame_hash=frame_hash(frame),
        frame=frame,
        excluded=excluded,
        drawn_at=at,
        drawn_by_id=by.id if by else None,
    )
    session.add(draw)
    _assign(session, draw, possible_evaluators(session) if evaluators is None else evaluators)
    session.flush()
    _announce(session, draw, at=at)
    return draw


def eligible_frame(session: Session, start: datetime, end: datetime) -> tuple[Frame, dict[str, int]]:
    """Return the frame of a period, and how many of its recordings were left out for which reason."""
    began = func.coalesce(Recording.started_at, Recording.stored_at)
    agent: ColumnElement[int | None] = func.coalesce(Recording.agent_id, Call.agent_id)
    rows = session.execute(
        select(Recording.id, agent, Recording.kind, Recording.state)
        .outerjoin(Call, Call.id == Recording.call_id)
        .where(began >= start, began < end)
        .order_by(Recording.id)
    )
    frame: Frame = []
    excluded: Counter[str] = Counter()
    for recording_id, agent_id, kind, state in rows:
        if kind != "conversation":
            excluded[kind] += 1
        elif agent_id is None:
            excluded["no_agent"] += 1
        elif state != "transcribed":
            excluded["not_transcribed"] += 1
        else:
            frame.append([recording_id, agent_id])
    return frame, dict(sorted(excluded.items()))


def frame_hash(frame: Frame) -> str:
    """Return the SHA-256 (hex) over the frame's lines `recording id<TAB>agent id`, ascending."""
    lines = "".join(f"{recording}\t{agent}\n" for recording, agent in sorted(frame))
    return hashlib.sha256(lines.encode()).hexdigest()


def drawing_key(seed: str, recording_id: int) -> str:
    """Return HMAC-SHA256 (hex) of the recording's id in decimal, keyed with the seed."""
    return hmac.new(seed.encode(), str(recording_id).encode(), hashlib.sha256).hexdigest()


def chosen(frame: Iterable[Sequence[int]], seed: str, per_agent: int) -> Frame:
    """Return the drawn [recording id, agent id], in drawing order: each agent's smallest keys."""
    ordered = sorted(frame, key=lambda call: drawing_key(seed, call[0]))
    taken: Counter[int] = Counter()
    drawn: Frame = []
    for recording_id, agent_id in ordered:
        if taken[agent_id] < per_agent:
            taken[agent_id] += 1
            drawn.append([recording_id, agent_id])
    return drawn


def default_seed(plan: str, start: datetime, end: datetime) -> str:
    """Return the installation's own seed: nobody outside can know it, nobody inside can choose it."""
    return lookup_hash(f"draw|{plan}|{start.isoformat()}|{end.isoformat()}")[:32]


def verify_draw(draw: Draw) -> list[str]:
    """Draw again from what is stored and return the differences, one sentence each."""
    found = []
    if frame_hash(draw.frame) != draw.frame_hash:
        found.append(_("the frame was changed after the draw: its hash differs"))
    expected = {(r, a) for r, a in chosen(draw.frame, draw.seed, draw.per_agent)}
    actual = {(s.recording_id, s.agent_id) for s in draw.samples}
    for recording_id, _agent_id in sorted(expected - actual):
        found.append(_("recording %(id)s belongs to the sample, but is not in it", id=recording_id))
    for recording_id, _agent_id in sorted(actual - expected):
        found.append(_("recording %(id)s is in the sample, but was not drawn", id=recording_id))
    return found


def possible_evaluators(session: Session) -> list[User]:
    """Return the active accounts that may grade, by id."""
    users = session.scalars(select(User).where(User.active.is_(True)).order_by(User.id))
    return [user for user in users if user.may(Permission.GRADE)]


def _check_request(
    plan: str, period: tuple[datetime, datetime], per_agent: int, seed: str | None, by: User | None
) -> None:
    if by is not None and not by.may(Permission.DRAW_SAMPLES):
        raise Forbidden(_("your account may not draw samples"))
    if period[0] >= period[1]:
        raise BadInput(_("the period ends before it begins"))
    if not 1 <= per_agent <= MAX_PER_AGENT:
        raise BadInput(_("the number of calls per agent must be from 1 to %(most)s", most=MAX_PER_AGENT))
    if not plan.strip() or len(plan) > _MAX_PLAN or len(seed or "") > _MAX_SEED:
        raise BadInput(
            _(
                "a plan has a name of at most %(plan)s characters, a seed has at most %(seed)s",
                plan=_MAX_PLAN,
                seed=_MAX_SEED,
            )
        )


def _assign(session: Session, draw: Draw, evaluators: Sequence[User]) -> None:
    """Give the calls out evenly; a call drawn before for this plan and period stays with its evaluator."""
    kept = _earlier_evaluators(session, draw)
    load: Counter[int] = Counter(kept.values())
    for recording_id, agent_id in chosen(draw.frame, draw.seed, draw.per_agent):
        fit = [user for user in evaluators if user.agent_id != agent_id]
        evaluator = kept.get(recording_id)
        if evaluator is None and fit:
            evaluator = min(fit, key=lambda user: load[user.id]).id
            load[evaluator] += 1
        draw.samples.append(Sample(recording_id=recording_id, agent_id=agent_id, evaluator_id=evaluator))


def _earlier_evaluators(session: Session, draw: Draw) -> Mapping[int, int]:
    rows = session.execute(
        select(Sample.recording_id, Sample.evaluator_id)
        .join(Sample.draw)
        .where(
            Draw.plan == draw.plan,
            Draw.period_start == draw.period_start,
            Draw.period_end == draw.period_end,
            Sample.evaluator_id.is_not(None),
        )
    )
    return {recording_id: evaluator_id for recording_id, evaluator_id in rows if evaluator_id is not None}


def _same_draw(
    session: Session, plan: str, period: tuple[datetime, datetime], per_agent: int, seed: str, digest: str
) -> Draw | None:
    return session.scalar(
        select(Draw).where(
            Draw.plan == plan,
            Draw.period_start == period[0],
            Draw.period_end == period[1],
            Draw.per_agent == per_agent,
            Draw.seed == seed,
            Draw.frame_hash == digest,
        )
    )


def _announce(session: Session, draw: Draw, *, at: datetime) -> None:
    record_audit(
        session,
        at=at,
        user_id=draw.drawn_by_id,
        action="sample_drawn",
        subject=f"draw:{draw.id}",
        plan=draw.plan,
        seed=draw.seed,
        frame_hash=draw.frame_hash,
        eligible=len(draw.frame),
        drawn=len(draw.samples),
    )
    for sample in draw.samples:
        publish(session, CallSampled(sample_id=sample.id), at=at)


def _no_frame(excluded: Mapping[str, int]) -> str:
    if not excluded:
        return _("no call of this period is recorded; choose another period")
    reasons = ", ".join(f"{reason}: {count}" for reason, count in excluded.items())
    return _("no call of this period can be drawn (%(reasons)s)", reasons=reasons)
