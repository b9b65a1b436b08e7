"""What another scorecard, or another version, would change: computed from the stored transcripts, nothing written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from qa.hearing import hear, transcript_for_scoring
from qa.models import AutoScore, ScorecardVersion
from qa.scorecard import Scorecard
from qa.scoring import judge, machine_score
from recording.models import Transcript


@dataclass(frozen=True, slots=True)
class Rescore:
    """One recording under another scorecard.

    Attributes:
        recording_id: the recording.
        points_before: points of the score it is compared with; None without one.
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


def rescored(
    session: Session,
    scorecard: Scorecard,
    transcript_ids: Iterable[int],
    version: ScorecardVersion | None = None,
) -> Iterator[Rescore]:
    """Yield what a scorecard would make of each transcript, against what is stored.

    That is the score by this very version, else the newest by a scorecard of this name, else the newest.
    """
    version_id = version.id if version else None
    for transcript_id in transcript_ids:
        transcript = transcript_for_scoring(session, transcript_id)
        answers = judge(scorecard, hear(transcript))
        stored = _nearest_score(session, transcript_id, scorecard.name, version_id)
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


def _nearest_score(
    session: Session, transcript_id: int, name: str, version_id: int | None
) -> AutoScore | None:
    nearness = case(
        (AutoScore.scorecard_version_id == version_id, 0), (ScorecardVersion.name == name, 1), else_=2
    )
    stored = (
        select(AutoScore)
        .join(AutoScore.scorecard_version)
        .where(AutoScore.transcript_id == transcript_id)
        .order_by(nearness, AutoScore.id.desc())
    )
    return session.scalar(stored.limit(1))
