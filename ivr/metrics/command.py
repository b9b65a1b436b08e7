"""`sansheng queue report`, `definitions` and `define`: figures in a terminal, as CSV and as JSON."""

from __future__ import annotations

import csv
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import BadInput, NotFound
from core.i18n import gettext as _
from core.installation import Installation
from ivr.metrics.columns import keep_days
from ivr.metrics.definitions import (
    find_definition,
    list_definitions,
    publish_definition,
)
from ivr.metrics.intervals import INTERVALS
from ivr.metrics.report import Question, queue_report
from ivr.metrics.tables import Table, described, interval_table, queue_table, report_document
from ivr.models import Queue

_SHOWN: Final = (
    "offered", "answered", "abandoned", "short_abandoned", "left", "within_s", "service_level", "asa_s",
    "longest_wait_s", "rings", "aht_s",
)  # fmt: skip


@click.command()
@click.option("--queue", "name", help="Only this queue.")
@click.option("--from", "since", help="First moment, like 2026-11-20 or 2026-11-20T09:00 (default: today).")
@click.option("--to", "until", help="First moment after it; a date means its midnight (default: now).")
@click.option("--interval", type=click.Choice(list(INTERVALS)), help="Cut the period into intervals.")
@click.option("--definition", "wanted", default="standard", help="NAME or NAME@VERSION of the definitions.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@click.pass_obj
def report(
    installation: Installation,
    *,
    name: str | None,
    since: str | None,
    until: str | None,
    interval: str | None,
    wanted: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Report how each queue was served."""
    if as_json and as_csv:
        raise click.UsageError(_("--json and --csv exclude each other"))
    begin, end = period(installation, since, until)
    with installation.unit_of_work(read_only=True) as session:
        definition = find_definition(session, wanted)
        queue_id = _queue_id(session, name)
    keep_days(installation, begin - timedelta(days=definition.repeat_days), end)
    zone = ZoneInfo(installation.settings.web.time_zone)
    asked = Question(since=begin, until=end, definition=definition, zone=zone, queue_id=queue_id)
    with installation.unit_of_work(read_only=True) as session:
        found = queue_report(session, asked)
        document = report_document(session, found, interval) if as_json else None
    table = interval_table(found, interval) if interval else queue_table(found)
    if document is not None:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    elif as_csv:
        _print_csv(table)
    else:
        _print_table(table, asked)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def definitions(installation: Installation, *, as_json: bool) -> None:
    """List the definitions of the figures, every version."""
    with installation.unit_of_work(read_only=True) as session:
        found = list_definitions(session)
    if as_json:
        click.echo(json.dumps([described(d) for d in found], ensure_ascii=False, indent=2))
        return
    for definition in found:
        formula = definition.service_level_formula(definition.service_level)
        click.echo(f"{definition.label}  {definition.title_zh} / {definition.title_en}  {formula}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def define(installation: Installation, file: Path) -> None:
    """Publish the definition in FILE (YAML) as the newest version of its name."""
    try:
        content = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise BadInput(_("%(file)s cannot be read: %(reason)s", file=file, reason=error)) from None
    if not isinstance(content, dict):
        raise BadInput(_("%(file)s: a definition is a list of names with values", file=file))
    with installation.unit_of_work() as session:
        published = publish_definition(session, content, at=installation.clock.now())
    click.echo(published.label)


def period(installation: Installation, since: str | None, until: str | None) -> tuple[datetime, datetime]:
    """Return the period of two options, today where they are not given; raises BadInput."""
    zone = ZoneInfo(installation.settings.web.time_zone)
    now = installation.clock.now().astimezone(zone)
    begin = _moment(since, zone) if since else now.replace(hour=0, minute=0, second=0, microsecond=0)
    end = _moment(until, zone) if until else now + timedelta(seconds=1)
    if begin >= end:
        raise BadInput(_("the period ends before it begins: %(begin)s to %(end)s", begin=begin, end=end))
    return begin, end


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        told = _("%(text)s is not a time; write 2026-11-20 or 2026-11-20T09:00", text=text)
        raise BadInput(told) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _queue_id(session: Session, name: str | None) -> int | None:
    if name is None:
        return None
    queue_id = session.scalar(select(Queue.id).where(Queue.name == name))
    if queue_id is None:
        raise NotFound(_("there is no queue %(name)s", name=name))
    return queue_id


def _print_csv(table: Table) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows())


def _print_table(table: Table, asked: Question) -> None:
    begin, end = asked.since.astimezone(asked.zone), asked.until.astimezone(asked.zone)
    click.echo(f"{begin:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M} {begin.tzname()}")
    if not table.columns["queue"]:
        click.echo(_("No caller entered a queue."))
        return
    names = [name for name in ("queue", "from", *_SHOWN) if name in table.columns]
    cells = [[name, *(_cell(name, value) for value in table.columns[name])] for name in names]
    widths = [max(len(cell) for cell in column) for column in cells]
    for line in zip(*cells, strict=True):
        click.echo("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    formulas = asked.definition.formulas()
    click.echo(_("definition: %(label)s", label=asked.definition.label))
    for name in ("service_level", "short_abandoned", "asa_s", "rings", "aht_s"):
        click.echo(f"{name}: {formulas[name]}")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    return str(value)[:16] if name == "from" else str(value)
