"""A report as rows and as one document: what the command prints, and the web gives as CSV and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from ivr.metrics.definitions import DAY_PARTS, FORMS, Definition
from ivr.metrics.duty import NOBODY, AgentTime, Duty, agent_time, summed
from ivr.metrics.figures import Figures, every_service_level
from ivr.metrics.intervals import interval_edges
from ivr.metrics.report import Report, day_part_at
from ivr.models import Queue

COUNTED: Final = (
    "offered", "answered", "abandoned", "short_abandoned", "left", "waiting", "unknown", "transferred", "held",
    "repeat_callers", "rings_over_limit", "handled_too_short", "handled_too_long",
)  # fmt: skip
_SHARES: Final = dict.fromkeys(("service_level", "answer_rate", "abandon_rate", "first_call_resolution"), 4)
_SECONDS: Final = dict.fromkeys(
    (
        "asa_s", "longest_wait_s", "wait_p50_s", "wait_p90_s", "wait_p95_s", "ring_p50_s", "ring_p90_s", "rings",
        "aht_s", "mean_talk_s", "talk_s", "mean_hold_s", "hold_s", "wrap_up_s",
    ),
    1,
)  # fmt: skip


def report_document(session: Session, found: Report, interval: str | None) -> dict[str, Any]:
    """Return a report as one JSON document, with the definition's formulas."""
    asked = found.question
    time = agent_time(session, asked, found.loaded)
    document: dict[str, Any] = {
        "from": asked.since.astimezone(asked.zone).isoformat(),
        "to": asked.until.astimezone(asked.zone).isoformat(),
        "definition": described(asked.definition),
        "service_level": asked.definition.service_level_formula(asked.definition.service_level),
        "queues": queue_table(found).records(),
        "agents": agent_rows(session, found, time),
        "day_parts": day_part_rows(found, time),
        "agents_together": duty_row(time.total()),
    }
    forms = found.by_queue()
    for row in document["queues"]:
        place = [queue.name for queue in found.queues].index(row["queue"])
        row["service_levels"] = every_service_level(forms.counts, place)
    if interval:
        document["interval"] = interval
        document["intervals"] = interval_table(found, interval).records()
    return document


def described(definition: Definition) -> dict[str, Any]:
    """Return a definition with its formulas in words."""
    forms = {form: definition.service_level_formula(form) for form in FORMS}
    return {**definition.model_dump(), "formulas": definition.formulas(), "service_level_forms": forms}


@dataclass(frozen=True, slots=True)
class Table:
    """Figures of many groups, column by column: a year in quarters of an hour has a hundred thousand rows."""

    columns: Mapping[str, Sequence[Any]]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, in the order of the columns."""
        return zip(*self.columns.values(), strict=True)

    def records(self) -> list[dict[str, Any]]:
        """Return the rows by the names of the columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows()]


def queue_table(found: Report) -> Table:
    """Return a row for each queue somebody entered."""
    figures = found.by_queue()
    busy = figures.busy_groups()
    queues = [found.queues[place] for place in busy]
    return _table(found.question.definition, figures, busy, queues, {})


def interval_table(found: Report, interval: str) -> Table:
    """Return a row for each interval of each queue that somebody entered, with its edges in local time."""
    edges, figures = found.by_queue_and_interval(interval)
    zone, size = found.question.zone, len(edges) - 1
    busy = figures.busy_groups()
    begun = [group % size for group in busy]
    times = {n: edges[n].astimezone(zone).isoformat() for n in {*begun, *(place + 1 for place in begun)}}
    queues = [found.queues[group // size] for group in busy]
    heads = {"from": [times[place] for place in begun], "to": [times[place + 1] for place in begun]}
    return _table(found.question.definition, figures, busy, queues, heads)


def day_part_rows(found: Report, time: AgentTime) -> list[dict[str, Any]]:
    """Return a row for morning, afternoon, evening and night."""
    figures = found.by_day_part().rows()
    edges = interval_edges(found.question.since, found.question.until, "1h", found.question.zone)
    hours = time.between(edges)
    parts = [day_part_at(edge, found.question) for edge in edges[:-1]]
    return [
        {
            "day_part": name,
            **_row(figures[place]),
            **duty_row(summed(duty for part, duty in zip(parts, hours, strict=True) if part == place)),
        }
        for place, name in enumerate(DAY_PARTS)
    ]


def agent_rows(session: Session, found: Report, time: AgentTime) -> list[dict[str, Any]]:
    """Return a row for each agent who answered, was rung or was logged in."""
    duties = time.by_agent()
    return [
        {
            "agent": row.agent.code,
            "name": row.agent.name,
            **_row(row.figures),
            "missed_rings": row.missed_rings,
            **duty_row(duties.get(row.agent.id, NOBODY)),
        }
        for row in found.by_agent(session, duties)
    ]


def duty_row(duty: Duty) -> dict[str, Any]:
    """Return agents' time as a report gives it; null where it is not known."""
    return {
        "logged_in_s": rounded(duty.logged_in_s, 1),
        "paused_s": rounded(duty.paused_s, 1),
        "pauses": {reason or "unknown": round(seconds, 1) for reason, seconds in duty.pauses.items()},
        "occupancy": rounded(duty.occupancy, 4),
    }


def rounded(value: float | None, digits: int) -> float | None:
    """Round what is known."""
    return None if value is None else round(value, digits)


def _row(figures: Mapping[str, Any]) -> dict[str, Any]:
    digits = {**_SHARES, **_SECONDS}
    return {name: figures[name] for name in COUNTED} | {n: rounded(figures[n], d) for n, d in digits.items()}


def _table(
    definition: Definition,
    figures: Figures,
    groups: Sequence[int],
    queues: Sequence[Queue],
    heads: Mapping[str, Sequence[Any]],
) -> Table:
    """Return a table of groups, `queues` naming the queue of each, `heads` what else stands before the figures."""
    told = {queue: (queue.name, definition.within_s or queue.service_level_s) for queue in set(queues)}
    return Table(
        {
            "queue": [told[queue][0] for queue in queues],
            **heads,
            **figures.columns(groups, dict.fromkeys(COUNTED, 0)),
            "within_s": [told[queue][1] for queue in queues],
            **figures.columns(groups, _SHARES),
            **figures.columns(groups, _SECONDS),
        }
    )
