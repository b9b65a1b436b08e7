"""A report as tables: the one form from which its page to print, its workbook and its JSON are made.

A table knows its columns by name, title and unit, so that no format decides anew what a value is. Titles are
in the language of whoever asked. No telephone number is in a report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from core.i18n import gettext as _
from ivr.metrics.definitions import FORMS
from ivr.metrics.figures import every_service_level
from ivr.metrics.report import Report
from ivr.missed.models import MissedCall
from ivr.missed.tasks import KINDS
from qa.publishing import latest_version, scorecard_of
from qa.quality import Quality, quality_of
from web.formats import by_language, local_time

Unit = Literal["text", "count", "share", "seconds", "number"]
Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `name` is for machines, `title` for people."""

    name: str
    title: str
    unit: Unit = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; `note` says what the reader must know to read them."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""

    def records(self) -> list[dict[str, Cell]]:
        """Return the rows by the columns' names."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


_FIGURES: Final = (
    "offered", "answered", "abandoned", "short_abandoned", "left", "service_level", "answer_rate", "asa_s",
    "longest_wait_s", "rings", "aht_s", "transferred", "repeat_callers",
)  # fmt: skip


def report_tables(
    session: Session, found: Report, interval: str, scorecard: str, now: datetime
) -> list[Table]:
    """Return a report's tables: queues, course, hours of the week, agents, missed calls, quality, definitions."""
    asked = found.question
    quality = quality_of(session, asked.since, asked.until)
    tables = [
        _queues(found),
        _course(found, interval),
        _hours(found),
        _agents(session, found),
        _missed(session, asked.since, asked.until, now),
        _quality(quality),
        _graded_agents(quality),
        _criteria(session, quality, scorecard),
        _definition(found),
    ]
    return [table for table in tables if table.rows]


def _figure_columns() -> list[Column]:
    return [
        Column("offered", _("Offered"), "count"),
        Column("answered", _("Answered"), "count"),
        Column("abandoned", _("Abandoned"), "count"),
        Column("short_abandoned", _("Short abandons"), "count"),
        Column("left", _("Led on or turned away"), "count"),
        Column("service_level", _("Service level"), "share"),
        Column("answer_rate", _("Answer rate"), "share"),
        Column("asa_s", _("Mean wait (ASA)"), "seconds"),
        Column("longest_wait_s", _("Longest wait"), "seconds"),
        Column("rings", _("Rings"), "number"),
        Column("aht_s", _("Handling time"), "seconds"),
        Column("transferred", _("Transferred"), "count"),
        Column("repeat_callers", _("Repeat callers"), "count"),
    ]


def _figures(row: Mapping[str, Any]) -> list[Cell]:
    return [row[name] for name in _FIGURES]


def _queues(found: Report) -> Table:
    rows = [
        [by_language(queue.title_zh, queue.title_en), *_figures(row)]
        for queue, row in zip(found.queues, found.by_queue().rows(), strict=True)
        if row["offered"]
    ]
    if len(rows) > 1:
        rows.append([_("All queues"), *_figures(found.total().of(0))])
    return Table("queues", _("Queues"), [Column("queue", _("Queue")), *_figure_columns()], rows)


def _course(found: Report, interval: str) -> Table:
    edges, figures = found.by_interval(interval)
    pattern = "%Y-%m-%d" if interval == "1d" else "%Y-%m-%d %H:%M"
    rows = [
        [local_time(edges[place], pattern), *_figures(row)]
        for place, row in enumerate(figures.rows())
        if row["offered"]
    ]
    title = _("Days") if interval == "1d" else _("Intervals")
    return Table("course", title, [Column("from", _("Interval")), *_figure_columns()], rows)


def _hours(found: Report) -> Table:
    offered = found.offered_by_hour_of_week()
    names = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    rows: list[list[Cell]] = [[name, *offered[day * 24 : day * 24 + 24]] for day, name in enumerate(names)]
    columns = [
        Column("weekday", _("Weekday")),
        *(Column(f"h{hour}", str(hour), "count") for hour in range(24)),
    ]
    return Table("hours", _("Calls by weekday and hour"), columns, rows if any(offered) else [])


def _agents(session: Session, found: Report) -> Table:
    rows = [
        [
            row.agent.code,
            row.agent.name,
            row.figures["answered"],
            row.figures["aht_s"],
            row.figures["rings"],
            row.figures["transferred"],
            row.missed_rings,
        ]
        for row in found.by_agent(session)
    ]
    columns = [
        Column("code", _("Work number")),
        Column("agent", _("Agent")),
        Column("answered", _("Answered"), "count"),
        Column("aht_s", _("Handling time"), "seconds"),
        Column("rings", _("Rings"), "number"),
        Column("transferred", _("Transferred"), "count"),
        Column("missed_rings", _("Rings not answered"), "count"),
    ]
    return Table("agents", _("Agents"), columns, rows)


def _missed(session: Session, since: datetime, until: datetime, now: datetime) -> Table:
    is_open = MissedCall.disposition == ""
    counted = session.execute(
        select(
            MissedCall.kind,
            func.count(),
            func.sum(case((is_open, 0), else_=1)),
            func.sum(case((is_open & (MissedCall.due_at < now), 1), else_=0)),
        )
        .where(MissedCall.missed_at >= since, MissedCall.missed_at < until)
        .group_by(MissedCall.kind)
    )
    by_kind = {kind: (all_, closed, overdue) for kind, all_, closed, overdue in counted}
    rows = [[_(title), *by_kind[kind]] for kind, title in KINDS.items() if kind in by_kind]
    columns = [
        Column("kind", _("How it was missed")),
        Column("calls", _("Calls"), "count"),
        Column("closed", _("Dealt with"), "count"),
        Column("overdue", _("Overdue"), "count"),
    ]
    return Table("missed", _("Missed calls"), columns, rows)


def _quality(quality: Quality) -> Table:
    rows: list[list[Cell]] = [
        [
            quality.scored,
            quality.coverage,
            quality.critical_found,
            sum(agent.graded for agent in quality.agents),
            quality.disputes_raised,
            quality.disputes_upheld,
        ]
    ]
    columns = [
        Column("scored", _("Scored by machine"), "count"),
        Column("coverage", _("Decided by machine"), "share"),
        Column("critical_found", _("Critical errors found, to be confirmed"), "count"),
        Column("graded", _("Graded by people"), "count"),
        Column("disputes_raised", _("Disputes raised"), "count"),
        Column("disputes_upheld", _("Disputes upheld"), "count"),
    ]
    return Table("quality", _("Quality inspection"), columns, rows if any(rows[0]) else [])


def _graded_agents(quality: Quality) -> Table:
    rows: list[list[Cell]] = []
    for row in quality.agents:
        score = row.score
        low, high = (score.low, score.high) if score else (None, None)
        mean = score.estimate if score else None
        rows.append([row.agent.code, row.agent.name, row.graded, row.sampled, mean, low, high, row.critical])
    columns = [
        Column("code", _("Work number")),
        Column("agent", _("Agent")),
        Column("graded", _("Graded"), "count"),
        Column("sampled", _("Of the random sample"), "count"),
        Column("score", _("Mean score"), "number"),
        Column("score_low", _("95 % from"), "number"),
        Column("score_high", _("95 % to"), "number"),
        Column("critical", _("Critical errors"), "count"),
    ]
    note = _(
        "Only the random sample feeds the mean; where the intervals overlap, the agents cannot be told apart."
    )
    return Table("graded_agents", _("Grades by agent"), columns, rows, note)


def _criteria(session: Session, quality: Quality, scorecard: str) -> Table:
    version = latest_version(session, scorecard)
    titles = {c.key: c.title for c in scorecard_of(version).criteria} if version else {}
    rows: list[list[Cell]] = []
    for row in quality.criteria:
        title = titles.get(row.criterion)
        rows.append(
            [
                by_language(title["zh"], title["en"]) if title else row.criterion,
                row.machine_decided,
                row.machine_failed,
                row.left_to_people,
                row.graded,
                row.graded_failed,
            ]
        )
    columns = [
        Column("criterion", _("Criterion")),
        Column("machine_decided", _("Decided by machine"), "count"),
        Column("machine_failed", _("Failed, by machine"), "count"),
        Column("left_to_people", _("Left to people"), "count"),
        Column("graded", _("Graded by people"), "count"),
        Column("graded_failed", _("Failed, by people"), "count"),
    ]
    return Table("criteria", _("Criteria, most failed first"), columns, rows)


def _definition(found: Report) -> Table:
    """Print how everything was counted, and the service level in every published form."""
    definition = found.question.definition
    titles = {column.name: column.title for column in _figure_columns()} | {"wait_p50_s": _("Median wait")}
    rows: list[list[Cell]] = [
        [titles.get(name, name), formula, None] for name, formula in definition.formulas().items()
    ]
    levels = every_service_level(found.total().counts)
    rows += [[_("Service level"), definition.service_level_formula(form), levels[form]] for form in FORMS]
    columns = [
        Column("figure", _("Figure")),
        Column("formula", _("Formula")),
        Column("value", _("Value in this period"), "share"),
    ]
    return Table("definition", _("Definition %(label)s", label=definition.label), columns, rows)
