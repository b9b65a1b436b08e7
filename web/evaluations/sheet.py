"""The score sheet as it is shown: each criterion with the machine's answer and the person's, apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from core.i18n import gettext as _
from qa.evaluation import reason_due
from qa.models import Answer, AutoAnswer, AutoScore, Comment, Evaluation, ScorecardVersion, Verdict
from qa.publishing import scorecard_of
from qa.reasons import explain
from qa.scorecard import Criterion, Critical, Scorecard, ScorecardSection, Text
from qa.scoring import score
from web.charts import share_bar
from web.formats import by_language

LEAD_IN_S: Final = 0.5
"""Evidence is played from a little before, so that its first syllable is heard."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A piece of evidence to listen to."""

    start_s: float
    seek_s: float
    quote: str


@dataclass(frozen=True, slots=True)
class MachineAnswer:
    """The machine's answer in words."""

    verdict: str
    sentence: str
    evidence: list[Chip]


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion on the sheet."""

    key: str
    title: str
    help: str
    weight: float
    critical: str
    may_be_na: bool
    machine: MachineAnswer | None
    verdict: str
    reason: str
    reason_due: bool
    missing: str
    """What keeps the sheet from being submitted here: `answer`, `reason` or nothing."""


@dataclass(frozen=True, slots=True)
class SectionRow:
    """One section on the sheet."""

    title: str
    weight: float
    criteria: list[CriterionRow]
    chart: Markup


@dataclass(frozen=True, slots=True)
class Sheet:
    """A score sheet. `points` is what the person's answers are worth so far."""

    recording_id: int
    title_zh: str
    title_en: str
    version: int
    sections: list[SectionRow]
    points: float | None
    machine_points: float | None
    machine_coverage: float | None
    critical: str
    answered: int
    total: int
    comments: Sequence[Comment]
    summary: str
    editable: bool

    @property
    def answer_url(self) -> str:
        """Where an answer is sent."""
        return f"/recordings/{self.recording_id}/evaluation/answers"

    @property
    def comment_url(self) -> str:
        """Where a comment is sent."""
        return f"/recordings/{self.recording_id}/evaluation/comments"

    @property
    def submit_url(self) -> str:
        """Where the evaluation is submitted."""
        return f"/recordings/{self.recording_id}/evaluation/submission"

    @property
    def missing(self) -> list[CriterionRow]:
        """Return the criteria that keep the sheet from being submitted."""
        return [c for section in self.sections for c in section.criteria if c.missing]

    def disputed(self, keys: Sequence[str]) -> list[CriterionRow]:
        """Return the criteria of these keys, in the sheet's order."""
        return [c for section in self.sections for c in section.criteria if c.key in keys]

    def titles_of(self, keys: Sequence[str]) -> list[str]:
        """Return the titles of criteria."""
        return [criterion.title for criterion in self.disputed(keys)]


@dataclass(frozen=True, slots=True)
class SheetRows:
    """The rows a sheet is made of."""

    recording_id: int
    version: ScorecardVersion
    auto: AutoScore | None
    evaluation: Evaluation | None
    editable: bool
    validated: bool = False
    """Show what is missing: somebody tried to submit."""


def build_sheet(rows: SheetRows) -> Sheet:
    """Return the sheet of a recording as one person sees it."""
    scorecard = scorecard_of(rows.version)
    answers = {a.criterion: a for a in rows.evaluation.answers} if rows.evaluation else {}
    machine = {a.criterion: a for a in rows.auto.answers} if rows.auto else {}
    verdicts = {key: answer.verdict for key, answer in answers.items()}
    worth = score(scorecard, verdicts, confirmed=True)
    return Sheet(
        recording_id=rows.recording_id,
        title_zh=scorecard.title["zh"],
        title_en=scorecard.title["en"],
        version=rows.version.version,
        sections=[_section(s, machine, answers, validated=rows.validated) for s in scorecard.sections],
        points=worth.points,
        machine_points=rows.auto.points if rows.auto else None,
        machine_coverage=rows.auto.coverage if rows.auto else None,
        critical=_critical_sentence(scorecard, verdicts, suspected=bool(rows.auto and rows.auto.critical)),
        answered=len(answers),
        total=len(scorecard.criteria),
        comments=sorted(rows.evaluation.comments, key=lambda c: c.at_s) if rows.evaluation else [],
        summary=rows.evaluation.summary if rows.evaluation else "",
        editable=rows.editable,
    )


def _section(
    section: ScorecardSection,
    machine: Mapping[str, AutoAnswer],
    answers: Mapping[str, Answer],
    *,
    validated: bool,
) -> SectionRow:
    rows = [_row(c, machine.get(c.key), answers.get(c.key), validated=validated) for c in section.criteria]
    decided = [row for row in rows if row.verdict in {Verdict.PASS, Verdict.FAIL}]
    weight = sum(row.weight for row in decided)
    share = sum(row.weight for row in decided if row.verdict == Verdict.PASS) / weight if weight else None
    title = text_of(section.title)
    return SectionRow(title, sum(row.weight for row in rows), rows, share_bar(share, title))


def _row(
    criterion: Criterion, machine: AutoAnswer | None, answer: Answer | None, *, validated: bool
) -> CriterionRow:
    committed = machine.verdict if machine else None
    due = answer is not None and reason_due(criterion, answer.verdict, committed)
    return CriterionRow(
        key=criterion.key,
        title=text_of(criterion.title),
        help=_help(criterion),
        weight=criterion.weight,
        critical=_critical_name(criterion.critical),
        may_be_na=bool(criterion.na),
        machine=_machine(machine) if machine else None,
        verdict=answer.verdict if answer else "",
        reason=answer.reason if answer else "",
        reason_due=due,
        missing=_missing(answer, due=due) if validated else "",
    )


def _missing(answer: Answer | None, *, due: bool) -> str:
    if answer is None:
        return "answer"
    return "reason" if due and not answer.reason else ""


def _machine(answer: AutoAnswer) -> MachineAnswer:
    words = explain(answer.reason, answer.reason_values)
    return MachineAnswer(answer.verdict, words, [_chip(e) for e in answer.evidence])


def _chip(evidence: Mapping[str, Any]) -> Chip:
    start_s = float(evidence["start_s"])
    return Chip(start_s, max(0.0, start_s - LEAD_IN_S), evidence.get("quote", ""))


def _help(criterion: Criterion) -> str:
    parts = [text_of(criterion.help)]
    if criterion.na:
        parts.append(_("Not applicable: %(when)s", when=text_of(criterion.na)))
    return "\n".join(part for part in parts if part)


def _critical_name(critical: Critical) -> str:
    names = {Critical.SECTION: _("fails its section"), Critical.ALL: _("fails everything")}
    return names.get(critical, "")


def _critical_sentence(scorecard: Scorecard, verdicts: Mapping[str, str], *, suspected: bool) -> str:
    vetoes = [c for c in scorecard.criteria if c.critical != Critical.NONE]
    confirmed = [text_of(c.title) for c in vetoes if verdicts.get(c.key) == Verdict.FAIL]
    if confirmed:
        return _("Critical error: %(criteria)s", criteria=_(", ").join(confirmed))
    if suspected and not all(c.key in verdicts for c in vetoes):
        return _("The machine suspects a critical error; it counts only if you confirm it.")
    return ""


def text_of(text: Text) -> str:
    """Return a scorecard's text in the page's language."""
    return by_language(text.get("zh", ""), text.get("en", ""))
