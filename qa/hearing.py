"""From rows to a `HeardCall`: recording, tracks, utterances, and what the call log knows."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, object_session, selectinload

from core.errors import NotFound
from core.i18n import gettext as _
from ivr.models import Agent, Call, CallEvent, Queue, QueueVisit, RingAttempt
from qa.heard import VOICEMAIL, HeardCall, HeardUtterance, Span
from qa.phrases import SpokenWord
from recording.models import Recording, Role, Transcript, Utterance


def transcript_for_scoring(session: Session, transcript_id: int) -> Transcript:
    """Return a transcript with all that scoring reads; raises NotFound."""
    loaded = (
        joinedload(Transcript.recording).options(
            selectinload(Recording.tracks),
            joinedload(Recording.agent),
            joinedload(Recording.call).options(
                joinedload(Call.queue),
                joinedload(Call.agent),
                selectinload(Call.visits).selectinload(QueueVisit.rings),
            ),
        ),
        selectinload(Transcript.utterances),
    )
    found = session.scalar(select(Transcript).where(Transcript.id == transcript_id).options(*loaded))
    if found is None:
        raise NotFound(_("there is no transcript %(id)s", id=transcript_id))
    return found


def hear(transcript: Transcript) -> HeardCall:
    """Build the heard call of a transcript."""
    recording = transcript.recording
    call = recording.call
    agent = recording.agent or (call.agent if call else None)
    visit = answered_visit(recording)
    queue = visit.queue if visit else call.queue if call else None
    left_at_s = agent_left_at_s(recording, visit)
    ends_s = recording.duration_s if left_at_s is None else left_at_s
    return HeardCall(
        duration_s=ends_s,
        roles_known=recording.roles_known,
        utterances=tuple(_utterance(u) for u in transcript.utterances if u.start_s < ends_s),
        speech={
            role: tuple(span for span in spans if span[0] < ends_s)
            for role, spans in _speech(recording).items()
        },
        kind=recording.kind,
        language=call.language if call else "zh",
        answered_at_s=answered_at_s(recording, visit),
        holds=_spans(recording.holds),
        ring_s=_ring_s(call, visit, agent),
        ended_by=visit.ended_by if visit else "",
        slots=_slots(queue, agent),
    )


def answered_at_s(recording: Recording, visit: QueueVisit | None) -> float | None:
    """Return where in the recording the agent was bridged; None when that cannot be known.

    Asterisk's `tx` leg is what the caller hears, so before the bridge it holds prompts and music. Where
    nobody said the offset, the call log does: by the recording's start, or, because a recorder stops when
    the call does, by the length of the talk at its end (a recording's time is not wall-clock time while no
    sound flows, so the end is the nearer anchor).
    """
    if recording.answered_at_s is not None or visit is None or recording.kind == VOICEMAIL:
        return recording.answered_at_s
    if recording.started_at is not None and visit.left_queue_at is not None:
        offset_s = (visit.left_queue_at - recording.started_at).total_seconds()
    elif visit.talk_s is not None and visit.ended_by in ("agent", "caller"):
        offset_s = recording.duration_s - visit.talk_s
    else:
        return None
    return max(offset_s, 0.0) if offset_s < recording.duration_s else None


def agent_left_at_s(recording: Recording, visit: QueueVisit | None) -> float | None:
    """Return where in the recording the caller came back from the agent; None when it ends with the talk.

    What is heard afterwards is the flow's: the question for a rating, and a goodbye that is not the agent's.
    The flow's own step tells it, to the millisecond; the queue's log only to the second.
    """
    session = object_session(recording)
    if session is None or visit is None or visit.left_queue_at is None or recording.started_at is None:
        return None
    call = visit.call
    came_back = select(CallEvent.at).where(
        CallEvent.provider_call_id == call.provider_call_id,
        CallEvent.origin == f"{call.provider}/{call.provider_call_id}",
        CallEvent.source == "flow",
        CallEvent.kind == "queue",
        CallEvent.at >= visit.left_queue_at,
    )
    at = session.scalar(came_back.order_by(CallEvent.position).limit(1))
    offset_s = (at - recording.started_at).total_seconds() if at else recording.duration_s
    return offset_s if 0 < offset_s < recording.duration_s else None


def _utterance(row: Utterance) -> HeardUtterance:
    words = tuple(
        SpokenWord(str(text), float(start), float(end), float(confidence))
        for text, start, end, confidence in row.words
    )
    return HeardUtterance(Role(row.role), row.start_s, row.end_s, words)


def _speech(recording: Recording) -> dict[Role, tuple[Span, ...]]:
    speech: dict[Role, tuple[Span, ...]] = {}
    for track in recording.tracks:
        role = Role(track.role)
        speech[role] = tuple(sorted((*speech.get(role, ()), *_spans(track.speech))))
    return speech


def _spans(rows: list[list[float]]) -> tuple[Span, ...]:
    return tuple((float(start), float(end)) for start, end in rows)


def answered_visit(recording: Recording) -> QueueVisit | None:
    """Return the queue visit the recording's agent answered, the last one when there are several."""
    call, agent = recording.call, recording.agent
    answered = [v for v in call.visits if v.outcome == "answered"] if call else []
    own = [v for v in answered if agent is not None and v.agent_id == agent.id]
    return own[-1] if own else answered[-1] if answered else None


def _ring_s(call: Call | None, visit: QueueVisit | None, agent: Agent | None) -> float | None:
    rings: list[RingAttempt] = visit.rings if visit else []
    answered = [r for r in rings if r.outcome == "answered" and (agent is None or r.agent_id == agent.id)]
    if answered:
        return answered[-1].ring_s
    return call.ring_s if call else None


def _slots(queue: Queue | None, agent: Agent | None) -> dict[str, tuple[str, ...]]:
    slots = {
        "company": (queue.company,) if queue else (),
        "department": tuple(queue.departments) if queue else (),
        "name": (agent.name,) if agent else (),
        "code": (agent.code,) if agent else (),
    }
    return {name: tuple(v for v in values if v.strip()) for name, values in slots.items()}
