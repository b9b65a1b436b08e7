"""What the figures mean: sets of definitions with name and version, each formula in words.

A service level is a ratio of counts; six ratios are in use in the trade, and the same day gives six
numbers. All six are here; a definition chooses one and every report prints which. Publishing a change
makes a new version, and a report asked for an old version gives the old numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import BadInput, NotFound
from core.i18n import N_
from core.i18n import gettext as _
from ivr.metrics.formulas import AHT, FORMULAS, SAME_FORMULA
from ivr.metrics.models import MetricDefinition

_HOURS: Final = 24
DAY_PARTS: Final = (N_("morning"), N_("afternoon"), N_("evening"), N_("night"))
WRAP_UP_WITHIN_S: Final = 10.0
"""Work after a call begins at the latest so long after its end."""

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
        handling: what handling a call is: the talk alone, or the talk and the work after it.
        handling_low_s, handling_high_s: the band of the handling time; too short deviates as well.
        repeat_days: who calls again within so many days was not helped the first time.
        day_parts: local hours at which morning, afternoon, evening and night begin.
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
    handling: Literal["talk", "talk_and_wrap_up"] = "talk"
    handling_low_s: float = Field(default=210.0, ge=0)
    handling_high_s: float = Field(default=330.0, gt=0)
    repeat_days: int = Field(default=7, ge=1, le=90)
    resolution_target: float = Field(default=0.85, gt=0, le=1)
    day_parts: tuple[int, int, int, int] = (6, 12, 18, 22)

    @field_validator("day_parts")
    @classmethod
    def _in_order(cls, hours: tuple[int, ...]) -> tuple[int, ...]:
        if not all(a < b for a, b in pairwise((-1, *hours, _HOURS))):
            raise ValueError(_("the parts of a day begin one after the other, each at an hour from 0 to 23"))
        return hours

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
        values: dict[str, object] = {
            "within": self.within_text(),
            "short": f"{self.short_abandon_s:g}",
            "low": f"{self.handling_low_s:g}",
            "high": f"{self.handling_high_s:g}",
            "target": self.rings_target,
            "limit": self.rings_limit,
            "tolerance": self.rings_tolerance,
            "cycle": f"{self.ring_cycle_s:g}",
            "days": self.repeat_days,
            "wrap_up": f"{WRAP_UP_WITHIN_S:g}",
            **dict(zip(DAY_PARTS, (f"{hour:02}:00" for hour in self.day_parts), strict=True)),
        }
        texts = {**FORMULAS, "aht_s": AHT[self.handling]}
        texts |= {name: texts[other] for name, other in SAME_FORMULA.items()}
        found = {name: _(text, **values) for name, text in texts.items()}
        return found | {"service_level": self.service_level_formula(self.service_level)}

    def service_level_formula(self, form: FormName) -> str:
        """Return a form in words, with this definition's time."""
        return _(FORMS[form].formula, within=self.within_text())


_TALK_ONLY: Final = (
    Definition(name="standard", title_zh="行业标准", title_en="Trade standard"),
    Definition(
        name="gov-hotline",
        title_zh="政务热线",
        title_en="Government hotline (GB/T 33358)",
        within_s=15.0,
        service_level_target=0.95,
        answer_rate_target=0.95,
        asa_target_s=15.0,
    ),
)
"""Version 1, from before the work after calls was known."""

STANDARD, GOVERNMENT = (
    definition.model_copy(update={"version": 2, "handling": "talk_and_wrap_up"}) for definition in _TALK_ONLY
)
PRESETS: Final = (_TALK_ONLY[0], STANDARD, _TALK_ONLY[1], GOVERNMENT)


def list_definitions(session: Session) -> Sequence[Definition]:
    """Return every version of every definition, presets first.

    Where an installation published a version before there was a preset of its number, the number stays its own.
    """
    rows = session.scalars(select(MetricDefinition).order_by(MetricDefinition.name, MetricDefinition.version))
    published = [_definition(row) for row in rows]
    taken = {definition.label for definition in published}
    return [*(preset for preset in PRESETS if preset.label not in taken), *published]


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
