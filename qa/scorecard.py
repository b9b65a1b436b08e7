"""The scorecard document: sections of criteria with weights, texts in both languages and rules.

`check_scorecard` finds everything wrong in one pass, with line numbers; `read_scorecard` gives the
values. Publishing and versions are `qa.publishing`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from core.documents.findings import Finding
from core.documents.reading import Reading, nearest
from core.documents.section import Section
from core.documents.yaml_tree import Table, parse_tree
from core.errors import BadInput
from core.i18n import current_locale
from core.i18n import gettext as _
from qa.rules.base import Person, Rule
from qa.rules.registry import RULES
from qa.rules.required import Order
from qa.verdicts import Certainty

LANGUAGES: Final = ("zh", "en")
TOTAL_WEIGHT: Final = 100.0
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")

Text = dict[str, str]
"""A text by language, `zh` and `en`."""


class Critical(StrEnum):
    """What a failed criterion takes with it."""

    NONE = "none"
    SECTION = "section"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question of a scorecard.

    Attributes:
        key: name in answers, stable over versions.
        weight: points of 100.
        title: what is asked.
        help: how to judge it, with examples.
        na: when N/A is the right answer; empty: a person may not answer N/A.
        source: the rule of the standard it comes from.
        critical: what a confirmed failure takes with it.
        rule: how the machine answers.
    """

    key: str
    weight: float
    title: Text
    help: Text
    na: Text
    source: str
    critical: Critical
    rule: Rule


@dataclass(frozen=True, slots=True)
class ScorecardSection:
    """A group of criteria."""

    key: str
    title: Text
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A scorecard as its document says it."""

    name: str
    title: Text
    language: str
    certainty: Certainty
    sections: tuple[ScorecardSection, ...]

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """Return all criteria in the order of the document."""
        return tuple(c for s in self.sections for c in s.criteria)

    def criterion(self, key: str) -> Criterion:
        """Return one criterion; raises BadInput for an unknown key."""
        for criterion in self.criteria:
            if criterion.key == key:
                return criterion
        raise BadInput(_("scorecard %(name)s has no criterion %(key)s", name=self.name, key=key))


def in_current_language(text: Text) -> str:
    """Return a text in the language of the current piece of work; Chinese where that is missing."""
    return text.get(current_locale().split("_")[0], "") or text.get("zh", "")


def read_scorecard(text: str, file: str = "scorecard") -> Scorecard:
    """Return the scorecard of a document; raises BadInput with every error, one a line."""
    scorecard, findings = check_scorecard(text, file)
    errors = [str(f) for f in findings if not f.warning]
    if errors or scorecard is None:
        raise BadInput("\n".join(errors))
    return scorecard


def check_scorecard(text: str, file: str) -> tuple[Scorecard | None, list[Finding]]:
    """Return the scorecard (None when the document cannot be read at all) and what is wrong with it."""
    tree, findings = parse_tree(text, file)
    if not isinstance(tree, Table):
        return None, findings or [Finding(file, 1, _("a scorecard is a mapping"))]
    reader = _Reader(Reading(file, findings))
    scorecard = reader.document(Section(reader.reading, tree, "scorecard"))
    return scorecard, sorted(reader.reading.findings, key=lambda f: f.line)


@dataclass(slots=True)
class _Reader:
    """One pass over a document."""

    reading: Reading
    seen: dict[str, int] = field(default_factory=dict)

    def document(self, top: Section) -> Scorecard:
        name = top.text("scorecard")
        if name and not _NAME.fullmatch(name):
            top.note(_("%(name)s is not a name (a-z, 0-9, -, a letter first)", name=name), "scorecard")
        scorecard = Scorecard(
            name=name,
            title=self._text(top, "title"),
            language=top.choice("language", ("zh",), "zh"),
            certainty=self._certainty(top),
            sections=tuple(self._sections(top)),
        )
        top.close()
        total = sum(c.weight for c in scorecard.criteria)
        if abs(total - TOTAL_WEIGHT) > 1e-6:
            told = _("the weights add up to %(total)g, not to 100", total=total)
            top.note(told, "sections")
        return scorecard

    def _certainty(self, top: Section) -> Certainty:
        inner = top.section("certainty", required=False)
        if inner is None:
            return Certainty()
        certainty = Certainty(
            confidence=inner.number("confidence", 0, 1, 0.6),
            transcribed=inner.number("transcribed", 0, 1, 0.5),
            unknown=inner.number("unknown", 0, 1, 0.3),
        )
        inner.close()
        return certainty

    def _sections(self, top: Section) -> Iterator[ScorecardSection]:
        for key, section in top.sections("sections"):
            title = self._text(section, "title")
            criteria = tuple(self._criterion(k, c) for k, c in section.sections("criteria"))
            section.close()
            if not criteria:
                section.note(_("a section needs a criterion"))
            yield ScorecardSection(key, title, criteria)

    def _criterion(self, key: str, section: Section) -> Criterion:
        if not _KEY.fullmatch(key):
            section.note(_("%(name)s is not a name (a-z, 0-9, _, a letter first)", name=key))
        if key in self.seen:
            told = _("%(key)s is already given on line %(first)s", key=key, first=self.seen[key])
            section.note(told)
        criterion = Criterion(
            key=key,
            weight=section.number("weight", 0, TOTAL_WEIGHT, 0),
            title=self._text(section, "title"),
            help=self._text(section, "help"),
            na=self._text(section, "na", required=False),
            source=section.text("source", ""),
            critical=Critical(section.choice("critical", [c.value for c in Critical], "none")),
            rule=self._rule(section),
        )
        self._check_order(criterion.rule, section)
        if not section.has("weight"):
            section.note(_("%(key)s is missing", key="weight"))
        section.close()
        self.seen[key] = section.line
        return criterion

    def _rule(self, criterion: Section) -> Rule:
        measure = criterion.section("measure")
        if measure is None:
            return Person()
        kind = measure.text("kind")
        rule = RULES.get(kind)
        if rule is None:
            told = _("there is no measure %(kind)s", kind=kind) + nearest(kind, RULES)
            measure.note(told, "kind")
            return Person()
        made = rule.read(measure)
        measure.close()
        return made

    def _check_order(self, rule: Rule, section: Section) -> None:
        for part in rule.of if isinstance(rule, Order) else ():
            if part not in self.seen:
                told = _("measure: %(part)s is not a criterion that stands before this one", part=part)
                section.note(told, "measure")

    def _text(self, section: Section, key: str, *, required: bool = True) -> Text:
        inner = section.section(key, required=required)
        if inner is None:
            return {}
        text = {language: inner.text(language, "") for language in LANGUAGES}
        for language in (la for la in LANGUAGES if not text[la].strip()):
            section.note(_("%(key)s has no %(language)s text", key=key, language=language), key)
        inner.close()
        return text
