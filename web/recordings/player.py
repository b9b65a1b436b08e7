"""What the player's script needs to know about a recording: lanes, marks, quiet stretches, texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.i18n import gettext as _
from qa.measures.spans import gaps, joined
from qa.models import AutoScore, Comment, Evaluation, Verdict
from qa.publishing import scorecard_of
from recording.models import Recording
from web.evaluations.sheet import text_of
from web.recordings.words import Mark

QUIET_S: Final = 1.5
"""Stretches without a voice from this length are jumped over when somebody skips silence."""
DEAD_AIR_S: Final = 10.0
"""Stretches without a voice from this length are shaded as dead air (standard R17, R29)."""
WHOLE_CALL: Final = 0.8
"""A searched stretch above this share of the call says nothing on the waveform."""


@dataclass(frozen=True, slots=True)
class PlayerFacts:
    """The lanes from top to bottom (roles), and the document the script reads."""

    lanes: list[str]
    document: dict[str, Any]
    bridged_at_s: float


def evidence_marks(score: AutoScore | None) -> list[Mark]:
    """Return every piece of evidence of a machine score."""
    if score is None:
        return []
    titles = {c.key: text_of(c.title) for c in scorecard_of(score.scorecard_version).criteria}
    return [
        Mark(
            start_s=float(evidence["start_s"]),
            end_s=float(evidence["end_s"]),
            role=evidence.get("role", ""),
            verdict=answer.verdict,
            title=titles.get(answer.criterion, answer.criterion),
            criterion=answer.criterion,
            quoted=bool(evidence.get("quote")),
        )
        for answer in score.answers
        for evidence in answer.evidence
    ]


def player_facts(
    recording: Recording, marks: Sequence[Mark], evaluation: Evaluation | None, bridged_at_s: float = 0.0
) -> PlayerFacts:
    """Return what the player shows of a recording; what is before the bridge is shaded."""
    tracks = sorted(recording.tracks, key=lambda track: track.channel)
    lanes = [track.role for track in tracks] or ["unknown"]
    talk = joined((start, end) for track in tracks for start, end in track.speech)
    holds = [(float(start), float(end)) for start, end in recording.holds]
    silent = gaps([*talk, *holds], 0.0, recording.duration_s) if talk else []
    dead = [
        span for span in silent if span[1] - span[0] >= DEAD_AIR_S and talk[0][0] <= span[0] < talk[-1][1]
    ]
    quiet = gaps(talk, 0.0, recording.duration_s) if talk else []
    document = {
        "recording": recording.id,
        "duration": recording.duration_s,
        "audio": f"/recordings/{recording.id}/audio",
        "peaks": f"/recordings/{recording.id}/peaks",
        "lanes": lanes,
        "beforeAgent": bridged_at_s,
        "holds": holds,
        "deadAir": dead,
        "quiet": [span for span in quiet if span[1] - span[0] >= QUIET_S],
        "evidence": _regions(marks, lanes, recording.duration_s),
        "comments": _pins(evaluation.comments if evaluation else []),
        "texts": _texts(),
    }
    return PlayerFacts(lanes, document, bridged_at_s)


def _regions(marks: Sequence[Mark], lanes: Sequence[str], duration_s: float) -> list[dict[str, Any]]:
    """Return what the waveform marks: words heard, and stretches that were searched, each stretch once."""
    shown, searched = [], set()
    for mark in marks:
        stretch = (mark.start_s, mark.end_s, mark.role, mark.verdict)
        whole = mark.end_s - mark.start_s > WHOLE_CALL * duration_s
        if mark.verdict == Verdict.NA or (not mark.quoted and (whole or stretch in searched)):
            continue
        searched.add(stretch)
        shown.append(_region(mark, lanes))
    return shown


def _region(mark: Mark, lanes: Sequence[str]) -> dict[str, Any]:
    lane = lanes.index(mark.role) if len(lanes) > 1 and mark.role in lanes else None
    return {
        "start": mark.start_s,
        "end": mark.end_s,
        "verdict": mark.verdict,
        "lane": lane,
        "title": mark.title,
        "criterion": mark.criterion,
        "quoted": mark.quoted,
    }


def _pins(comments: Sequence[Comment]) -> list[dict[str, Any]]:
    return [{"at": comment.at_s, "text": comment.text} for comment in comments]


def _texts() -> dict[str, Any]:
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "saved": _("Saved"),
        "notSaved": _("Not saved"),
        "resumed": _("Resumed at"),
        "beforeAgent": _("Before the agent"),
        "noWaveform": _("The waveform cannot be shown; the sound can be played."),
        "loop": {
            "off": _("Repeat: set start"),
            "start": _("Repeat: set end"),
            "on": _("Repeat: stop"),
        },
    }
