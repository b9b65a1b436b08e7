"""What another scorecard, or another version, would change: computed from the stored transcripts, nothing written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from qa.hearing import hear, transcript_for_scoring
from qa.models import AutoScore
from qa.scorecard import Scorecard
from qa.scoring import judge, machine_score
from recording.models import Transcript


@dataclass(frozen=True, slots=True)
class Rescore:
    """One recording under another scorecard.

    Attributes:
        recording_id: the recording.
        points_before: points of its newest score; None without one.
        points_after: points it would get.
        changes: (before, after) verdicts of the criteria that differ; empty text where there was no such criterion.
    """

    recording_id: int
    points_before: float | None
    points_after: float | None
    changes: dict[str, tuple[str, str]]


def newest_transcripts(session: Session, recording_ids: Iterable[int] | None = None) -> list[int]:
    """Return the id of each recording's newest transcript, by recording; all recordings when None."""
    newest = select(func.max(Transcript.id)).group_by(Transcript.recording_id)
    if recording_ids is not None:
        newest = newest.where(Transcript.recording_id.in_(list(recording_ids)))
    return list(session.scalars(newest.order_by(Transcript.recording_id)))


def rescored(session: Session, scorecard: Scorecard, transcript_ids: Iterable[int]) -> Iterator[Rescore]:
    """Yield what a scorecard would make of each transcript, against the newest stored score."""
    for transcript_id in transcript_ids:
        transcript = transcript_for_scoring(session, transcript_id)
        answers = judge(scorecard, hear(transcript))
        stored = _newest_score(session, transcript_id)
        before = {a.criterion: a.verdict for a in stored.answers} if stored else {}
        after = {key: answer.verdict.value for key, answer in answers.items()}
        yield Rescore(
            recording_id=transcript.recording_id,
            points_before=stored.points if stored else None,
            points_after=machine_score(scorecard, answers).points,
            changes={
                key: (before.get(key, ""), after.get(key, ""))
                for key in dict.fromkeys([*after, *before])
                if before.get(key, "") != after.get(key, "")
            },
        )
        session.expunge_all()  # a year of calls must not pile up in memory


def _newest_score(session: Session, transcript_id: int) -> AutoScore | None:
    stored = select(AutoScore).where(AutoScore.transcript_id == transcript_id)
    return session.scalar(stored.order_by(AutoScore.id.desc()).limit(1))
