"""`sansheng report`: the trade's daily, weekly and monthly report in a terminal or as a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select

from core.errors import BadInput, NotFound
from core.i18n import current_locale, use_locale
from core.i18n import gettext as _
from core.installation import Installation
from ivr.models import Queue
from web.app import create_app
from web.formats import duration, percent_exact
from web.reports.choices import PERIODS, ReportChoice
from web.reports.periodic import PeriodReport, period_report
from web.reports.tables import Cell, Column, Table

_CLOSINGS: Final = {"1": "month", "22": "month-22", "27": "month-27"}
_ON_SCREEN: Final = ("queues", "course", "missed", "quality", "graded_agents")
_NARROW: Final = 9
"""So many columns of a table fit into a terminal."""


@click.group()
def report() -> None:
    """Reports on the trade's cadence: daily, weekly, monthly."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--html", "as_html", is_flag=True, help="Write a page to print to FILE."),
        click.option("--xlsx", "as_xlsx", is_flag=True, help="Write a workbook to FILE."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
        click.option("--definition", default="standard", help="NAME or NAME@VERSION of the definitions."),
        click.option("--queue", "queue", help="Only this queue."),
        click.option("--day", help="Any day of the period (default: the last period that is over)."),
        click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False)),
        click.pass_obj,
    ):
        command = option(command)
    return command


@report.command()
@_options
def daily(installation: Installation, **given: Any) -> None:
    """Report a day, by half-hours."""
    _report(installation, "day", **given)


@report.command()
@_options
def weekly(installation: Installation, **given: Any) -> None:
    """Report a week from Monday, by days."""
    _report(installation, "week", **given)


@report.command()
@click.option(
    "--closing",
    type=click.Choice(list(_CLOSINGS)),
    default="1",
    help="Day of the month on which the next one begins: 22 for the service-quality report, 27 for the count.",
)
@_options
def monthly(installation: Installation, closing: str, **given: Any) -> None:
    """Report a month, by days."""
    _report(installation, _CLOSINGS[closing], **given)


def _report(
    installation: Installation,
    period: str,
    *,
    file: Path | None,
    day: str | None,
    queue: str | None,
    definition: str,
    as_json: bool,
    as_xlsx: bool,
    as_html: bool,
) -> None:
    if as_json + as_xlsx + as_html > 1:
        raise click.UsageError(_("--json, --xlsx and --html exclude each other"))
    if (as_xlsx or as_html) != (file is not None):
        raise click.UsageError(_("--xlsx and --html need the FILE to write; nothing else takes one"))
    chosen = _choice(installation, period, day, queue, definition)
    locale = current_locale()
    with create_app(installation).app_context(), use_locale(locale):
        made = period_report(installation, chosen)
        if as_json:
            click.echo(json.dumps(made.document(), ensure_ascii=False, indent=2))
        elif file is not None:
            file.write_bytes(made.xlsx() if as_xlsx else made.page().encode())
            click.echo(_("%(title)s is in %(file)s", title=made.title, file=file), err=True)
        else:
            _print(made)


def _choice(
    installation: Installation, period: str, day: str | None, queue: str | None, definition: str
) -> ReportChoice:
    today = installation.clock.now().astimezone(ZoneInfo(installation.settings.web.time_zone)).date()
    running = ReportChoice(
        period=period,
        day=_day(day) or today,
        interval="30m" if period == PERIODS[0] else "1d",
        queue=_queue_id(installation, queue),
        definition=definition,
    )
    return running if day else running.of_day(running.days[0] - timedelta(days=1))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput(_("%(text)s is not a day: write 2026-12-31", text=text)) from None


def _queue_id(installation: Installation, name: str | None) -> int | None:
    if name is None:
        return None
    with installation.unit_of_work(read_only=True) as session:
        queue_id = session.scalar(select(Queue.id).where(Queue.name == name))
    if queue_id is None:
        raise NotFound(_("there is no queue %(name)s", name=name))
    return queue_id


def _print(made: PeriodReport) -> None:
    click.echo(made.title)
    click.echo(made.subtitle)
    shown = [table for table in made.tables if table.name in _ON_SCREEN]
    if not shown:
        click.echo(_("No caller entered a queue."))
    for table in shown:
        click.echo()
        click.echo(table.title)
        for line in _lines(table):
            click.echo(line)


def _lines(table: Table) -> list[str]:
    columns = table.columns[:_NARROW]
    cells = [
        [column.title, *(_cell(column, row[place]) for row in table.rows)]
        for place, column in enumerate(columns)
    ]
    widths = [max(map(_wide, column)) for column in cells]
    return [
        "  ".join(" " * (width - _wide(cell)) + cell for cell, width in zip(line, widths, strict=True))
        for line in zip(*cells, strict=True)
    ]


def _wide(text: str) -> int:
    """Return the columns a text takes in a terminal: a Chinese character takes two."""
    return sum(1 + (ord(character) > 0x2E80) for character in text)


def _cell(column: Column, value: Cell) -> str:
    if value is None:
        return "–"
    if column.unit == "share":
        return percent_exact(float(value))
    if column.unit == "seconds":
        return duration(float(value))
    return f"{value:.2f}" if isinstance(value, float) else str(value)
