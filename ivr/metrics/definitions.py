"""What the figures mean: sets of definitions with name and version, each formula in words.

A service level is a ratio of counts; six ratios are in use in the trade, and the same day gives six
numbers. All six are here; a definition chooses one and every report prints which. Publishing a change
makes a new version, and a report asked for an old version gives the old numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import BadInput, NotFound
from core.i18n import N_
from core.i18n import gettext as _
from ivr.metrics.models import MetricDefinition

FormName = Literal[
    "of_offered",
    "of_answered",
    "with_abandoned",
    "without_early_abandoned",
    "short_as_served",
    "without_short",
]


@dataclass(frozen=True, slots=True)
class ServiceLevelForm:
    """A published form of the service level: sums of counts; a name after `-` is taken off."""

    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    formula: str


FORMS: Final[Mapping[FormName, ServiceLevelForm]] = {
    "of_offered": ServiceLevelForm(
        ("answered_in_time",), ("offered",), N_("answered within %(within)s ÷ offered")
    ),
    "of_answered": ServiceLevelForm(
        ("answered_in_time",), ("answered",), N_("answered within %(within)s ÷ answered")
    ),
    "with_abandoned": ServiceLevelForm(
        ("answered_in_time", "abandoned_in_time"),
        ("answered", "abandoned"),
        N_("(answered + abandoned within %(within)s) ÷ (answered + abandoned)"),
    ),
    "without_early_abandoned": ServiceLevelForm(
        ("answered_in_time",),
        ("answered", "abandoned_late"),
        N_("answered within %(within)s ÷ (answered + abandoned after %(within)s)"),
    ),
    "short_as_served": ServiceLevelForm(
        ("answered_in_time", "short_abandoned"),
        ("offered",),
        N_("(answered within %(within)s + short abandons) ÷ offered"),
    ),
    "without_short": ServiceLevelForm(
        ("answered_in_time",),
        ("offered", "-short_abandoned"),
        N_("answered within %(within)s ÷ (offered − short abandons)"),
    ),
}


class Definition(BaseModel):
    """One version of a set of definitions.

    Attributes:
        within_s: the service level's time; None: each queue's own.
        short_abandon_s: who hangs up within this time is a short abandon.
        ring_cycle_s: ring and pause together; China rings 1 s and pauses 4 s.
        rings_target, rings_limit, rings_tolerance: the three readings of "three rings".
        handling_low_s, handling_high_s: the band of the handling time; too short deviates as well.
        repeat_days: who calls again within so many days was not helped the first time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    version: int = Field(default=1, ge=1)
    title_zh: str = Field(min_length=1, max_length=80)
    title_en: str = Field(min_length=1, max_length=80)
    service_level: FormName = "of_offered"
    within_s: float | None = Field(default=None, gt=0, le=3600)
    service_level_target: float = Field(default=0.80, gt=0, le=1)
    answer_rate_target: float = Field(default=0.80, gt=0, le=1)
    asa_target_s: float = Field(default=20.0, gt=0)
    short_abandon_s: float = Field(default=5.0, ge=0, le=60)
    ring_cycle_s: float = Field(default=5.0, gt=0, le=30)
    rings_target: int = Field(default=2, ge=1)
    rings_limit: int = Field(default=3, ge=1)
    rings_tolerance: int = Field(default=5, ge=1)
    handling_low_s: float = Field(default=210.0, ge=0)
    handling_high_s: float = Field(default=330.0, gt=0)
    repeat_days: int = Field(default=7, ge=1, le=90)
    resolution_target: float = Field(default=0.85, gt=0, le=1)

    @property
    def label(self) -> str:
        """Name and version, as reports print it."""
        return f"{self.name}@{self.version}"

    def within_text(self) -> str:
        """Return the service level's time in words."""
        if self.within_s is None:
            return _("the queue's time")
        return _("%(seconds)s s", seconds=f"{self.within_s:g}")

    def formulas(self) -> dict[str, str]:
        """Return figure → its formula in words, for printing beside the numbers."""
        ring = _(
            "seconds on the answering agent's telephone ÷ %(cycle)s, each ring begun counts",
            cycle=f"{self.ring_cycle_s:g}",
        )
        return {
            "offered": _("all entries into the queue, by the time of entry"),
            "service_level": self.service_level_formula(self.service_level),
            "answer_rate": _("answered ÷ offered"),
            "short_abandoned": _("abandoned within %(seconds)s s", seconds=f"{self.short_abandon_s:g}"),
            "asa_s": _("mean wait of the answered"),
            "longest_wait_s": _("longest wait of all, answered or not"),
            "wait_p50_s": _("nearest-rank percentile of the waits of the answered"),
            "rings": ring,
            "aht_s": _("mean time of talk, hold included; the log does not know the work after the call"),
            "repeat_callers": _(
                "callers who had called within %(days)s days before, of any queue reported",
                days=self.repeat_days,
            ),
        }

    def service_level_formula(self, form: FormName) -> str:
        """Return a form in words, with this definition's time."""
        return _(FORMS[form].formula, within=self.within_text())


STANDARD: Final = Definition(name="standard", title_zh="行业标准", title_en="Trade standard")
GOVERNMENT: Final = Definition(
    name="gov-hotline",
    title_zh="政务热线",
    title_en="Government hotline (GB/T 33358)",
    within_s=15.0,
    service_level_target=0.95,
    answer_rate_target=0.95,
    asa_target_s=15.0,
)
PRESETS: Final = (STANDARD, GOVERNMENT)


def list_definitions(session: Session) -> Sequence[Definition]:
    """Return every version of every definition, presets first."""
    rows = session.scalars(select(MetricDefinition).order_by(MetricDefinition.name, MetricDefinition.version))
    return [*PRESETS, *(_definition(row) for row in rows)]


def find_definition(session: Session, wanted: str = "standard") -> Definition:
    """Return a definition by `NAME`, `NAME@VERSION` or title; without a version, the latest.

    Raises:
        NotFound: there is none of that name or version.
    """
    name, _at, version = wanted.partition("@")
    same = [d for d in list_definitions(session) if name in {d.name, d.title_zh, d.title_en}]
    if version:
        same = [d for d in same if str(d.version) == version]
    if not same:
        known = ", ".join(d.label for d in list_definitions(session))
        raise NotFound(_("there is no definition %(name)s; there are: %(known)s", name=wanted, known=known))
    return max(same, key=lambda definition: definition.version)


def publish_definition(session: Session, content: Mapping[str, Any], *, at: datetime) -> Definition:
    """Make content the newest version of its name; content that changes nothing gives the version it equals.

    Raises:
        BadInput: the content is not a definition.
    """
    try:
        wanted = Definition.model_validate({**content, "version": 1})
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise BadInput(_("not a definition: %(problems)s", problems="; ".join(problems))) from None
    versions = [d for d in list_definitions(session) if d.name == wanted.name]
    last = max(versions, key=lambda d: d.version, default=None)
    if last is not None and last.model_copy(update={"version": 1}) == wanted:
        return last
    new = wanted.model_copy(update={"version": last.version + 1 if last else 1})
    session.add(
        MetricDefinition(name=new.name, version=new.version, content=new.model_dump(), published_at=at)
    )
    session.flush()
    return new


def _definition(row: MetricDefinition) -> Definition:
    return Definition.model_validate(row.content)
