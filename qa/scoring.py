"""From answers to a score. Pure: the same for the machine's answers and for people's.

Points are the weight passed over the weight decided; N/A and undecided criteria leave both. A failed
critical criterion takes its section, or everything, with it: only once a person has confirmed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qa.heard import HeardCall
from qa.models import Verdict
from qa.scorecard import Criterion, Critical, Scorecard, ScorecardSection
from qa.verdicts import Hearing, Judgement, precondition


@dataclass(frozen=True, slots=True)
class Score:
    """What a set of answers is worth.

    Attributes:
        points: 0 to 100 over the decided weight; None when nothing is decided.
        coverage: share of the applicable weight that is decided, 0 to 1.
        critical: a critical criterion failed (for the machine: was found and waits for a person).
    """

    points: float | None
    coverage: float
    critical: bool


def judge(scorecard: Scorecard, call: HeardCall) -> dict[str, Judgement]:
    """Return the machine's answer to every criterion, in the scorecard's order."""
    hearing = Hearing(call, scorecard.language, scorecard.certainty)
    answers: dict[str, Judgement] = {}
    for criterion in scorecard.criteria:
        rule = criterion.rule
        early = precondition(hearing, tracks=rule.needs_tracks, words=rule.needs_words)
        answers[criterion.key] = early or rule.judge(hearing, answers)
    return answers


def machine_score(scorecard: Scorecard, answers: Mapping[str, Judgement]) -> Score:
    """Score the machine's answers; a critical error it found is flagged, never counted."""
    counted = score(scorecard, {key: a.verdict for key, a in answers.items()}, confirmed=False)
    suspected = any(
        c.critical != Critical.NONE
        and (answers[c.key].verdict == Verdict.FAIL or answers[c.key].reason == "veto_found")
        for c in scorecard.criteria
    )
    return Score(counted.points, counted.coverage, suspected)


def score(scorecard: Scorecard, verdicts: Mapping[str, str], *, confirmed: bool) -> Score:
    """Score verdicts by criterion; one that is absent is undecided.

    Args:
        scorecard: the scorecard.
        verdicts: `pass`, `fail`, `human` or `na` by criterion key.
        confirmed: the answers are a person's, so critical failures count.
    """
    failed = [c for c in scorecard.criteria if verdicts.get(c.key) == Verdict.FAIL]
    critical = [c for c in failed if c.critical != Critical.NONE]
    decided = applicable = passed = 0.0
    for section in scorecard.sections:
        lost = confirmed and any(c.critical == Critical.SECTION and c in critical for c in section.criteria)
        section_applicable, section_decided, section_passed = _weigh(section, verdicts)
        applicable += section_applicable
        decided += section_decided
        passed += 0.0 if lost else section_passed
    points = round(100 * passed / decided, 4) if decided > 0 else None
    if confirmed and any(c.critical == Critical.ALL for c in critical):
        points = 0.0  # also where the veto has no weight and all else is N/A
    return Score(
        points=points,
        coverage=round(decided / applicable, 6) if applicable > 0 else 0.0,
        critical=bool(critical),
    )


def _weigh(section: ScorecardSection, verdicts: Mapping[str, str]) -> tuple[float, float, float]:
    def weight(*among: Verdict) -> float:
        return sum(c.weight for c in section.criteria if _verdict(c, verdicts) in among)

    return (
        weight(Verdict.PASS, Verdict.FAIL, Verdict.HUMAN),
        weight(Verdict.PASS, Verdict.FAIL),
        weight(Verdict.PASS),
    )


def _verdict(criterion: Criterion, verdicts: Mapping[str, str]) -> str:
    return verdicts.get(criterion.key, Verdict.HUMAN)
