"""`sansheng queue`: queue_log into the ledger, what did not reconcile, and each queue's figures."""

from __future__ import annotations

import csv
import json
import sys
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NoReturn
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import BadInput, NotFound, RetryLater
from core.i18n import gettext as _
from core.installation import Installation
from ivr.asterisk.follower import QueueLogFollower
from ivr.asterisk.watch import FOLLOW_EVERY_S
from ivr.ledger.integrity import Findings, integrity_report
from ivr.ledger.store import ImportedFile, import_queue_log
from ivr.models import Queue
from ivr.services import SERVICE_LEVEL_FORMULA, QueueSummary, queue_summary

_KINDS: Final = ("bad_lines", "orphans", "duplicates", "clock_jumps")
_COLUMNS: Final = (
    "queue",
    "offered",
    "answered",
    "abandoned",
    "left",
    "waiting",
    "unknown",
    "within_s",
    "service_level",
    "asa_s",
    "longest_wait_s",
)


@click.group()
def queue() -> None:
    """Queues: take in Asterisk's queue_log, check it, report."""


@queue.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--follow", is_flag=True, help="Go on as they grow and are rotated, until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def import_files(installation: Installation, files: tuple[Path, ...], follow: bool, as_json: bool) -> None:
    """Take what is new in queue_log FILES into the ledger. It can be repeated: nothing counts twice."""
    if follow:
        if as_json:
            raise click.UsageError(_("--json and --follow exclude each other"))
        _follow(installation, files)
    done = import_queue_log(installation, files, progress=_Progress())
    if as_json:
        click.echo(json.dumps({"files": [asdict(file) for file in done]}, ensure_ascii=False, indent=2))
    else:
        for file in done:
            click.echo(_as_sentence(file))
    if failed := [file for file in done if file.problem]:
        told = _("%(count)s of %(all)s files could not be read", count=len(failed), all=len(done))
        raise BadInput(f"{told}: {'; '.join(file.problem for file in failed)}")


@queue.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def integrity(installation: Installation, as_json: bool) -> None:
    """Say what did not reconcile in the queue_log, with file and line."""
    with installation.unit_of_work(read_only=True) as session:
        report = integrity_report(session)
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False, indent=2))
        return
    titles = (_("Bad lines"), _("Ends never written"), _("Lines written twice"), _("Clocks set back"))
    for kind, title in zip(_KINDS, titles, strict=True):
        _print_findings(title, getattr(report, kind))
    if not report.count:
        click.echo(_("Everything reconciles."))


@queue.command()
@click.option("--queue", "name", help="Only this queue.")
@click.option("--from", "since", help="First moment, like 2026-11-20 or 2026-11-20T09:00 (default: today).")
@click.option("--to", "until", help="First moment after it; a date means its midnight (default: now).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@click.pass_obj
def report(
    installation: Installation,
    name: str | None,
    since: str | None,
    until: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Report how each queue was served."""
    if as_json and as_csv:
        raise click.UsageError(_("--json and --csv exclude each other"))
    begin, end = _period(installation, since, until)
    with installation.unit_of_work(read_only=True) as session:
        queue_id = _queue_id(session, name)
        summaries = queue_summary(session, since=begin, until=end, queue_id=queue_id)
        rows = [_row(summary) for summary in summaries]
    if as_json:
        document = {
            "from": begin.isoformat(),
            "to": end.isoformat(),
            "service_level": SERVICE_LEVEL_FORMULA,
            "queues": rows,
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    elif as_csv:
        _print_csv(rows)
    else:
        _print_table(rows, begin, end)


def _follow(installation: Installation, files: tuple[Path, ...]) -> NoReturn:
    followers = [QueueLogFollower(installation, path) for path in files]
    while True:
        for follower in followers:
            try:
                for done in follower.look():
                    click.echo(_as_sentence(done))
            except RetryLater as error:
                click.echo(str(error), err=True)
        _pause(FOLLOW_EVERY_S)


_pause = time.sleep


class _Progress:
    """Counts lines on a terminal; silent anywhere else."""

    def __init__(self) -> None:
        self.lines = 0

    def __call__(self, lines: int) -> None:
        self.lines += lines
        if sys.stderr.isatty():
            click.echo("\r" + _("%(lines)s lines", lines=f"{self.lines:,}"), nl=False, err=True)


def _as_sentence(file: ImportedFile) -> str:
    if file.problem:
        return file.problem
    if not file.known:
        return _("%(path)s: no call in it yet; it is read when there is one", path=file.path)
    return _(
        "%(path)s: %(lines)s new lines, %(bad)s of them bad; %(calls)s calls brought up to date",
        path=file.path,
        lines=file.lines,
        bad=file.bad,
        calls=file.calls,
    )


def _print_findings(title: str, findings: Findings) -> None:
    if not findings.count:
        return
    click.echo(f"{title}: {findings.count}")
    for finding in findings.listed:
        call = f" ({finding.call})" if finding.call else ""
        click.echo(f"  {finding.place}: {finding.reason}{call}")
    if findings.count > len(findings.listed):
        click.echo("  " + _("and %(count)s more", count=findings.count - len(findings.listed)))


def _period(installation: Installation, since: str | None, until: str | None) -> tuple[datetime, datetime]:
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


def _row(summary: QueueSummary) -> dict[str, Any]:
    return {
        "queue": summary.queue.name,
        "offered": summary.offered,
        "answered": summary.answered,
        "abandoned": summary.abandoned,
        "left": summary.left,
        "waiting": summary.waiting,
        "unknown": summary.unknown,
        "within_s": summary.queue.service_level_s,
        "service_level": _rounded(summary.service_level, 4),
        "asa_s": _rounded(summary.asa_s, 1),
        "longest_wait_s": _rounded(summary.longest_wait_s, 1),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _print_csv(rows: list[dict[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _print_table(rows: list[dict[str, Any]], begin: datetime, end: datetime) -> None:
    click.echo(f"{begin:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M} {begin.tzname()}")
    if not rows:
        click.echo(_("No caller entered a queue."))
        return
    cells = [[name, *(_cell(row[name]) for row in rows)] for name in _COLUMNS]
    widths = [max(len(cell) for cell in column) for column in cells]
    for line in zip(*cells, strict=True):
        click.echo("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    click.echo(_("service_level: %(formula)s", formula=_(SERVICE_LEVEL_FORMULA)))


def _cell(value: Any) -> str:
    return "–" if value is None else str(value)
