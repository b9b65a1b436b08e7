"""`sansheng queue`: queue_log into the ledger, what did not reconcile; the group of the figures' commands."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

import click

from core.errors import BadInput, RetryLater
from core.i18n import gettext as _
from core.installation import Installation
from ivr.asterisk.follower import QueueLogFollower
from ivr.asterisk.watch import FOLLOW_EVERY_S
from ivr.cli_people import queue_add, queue_list, queue_member, queue_set
from ivr.ledger.integrity import Findings, integrity_report
from ivr.ledger.store import ImportedFile, import_queue_log, import_queue_log_table, rebuild
from ivr.metrics.command import define, definitions, report
from ivr.staffing.command import staffing
from ivr.waiting.command import predictions

_KINDS: Final = ("bad_lines", "orphans", "duplicates", "clock_jumps", "presence")


@click.group()
def queue() -> None:
    """Queues: their names and members; take in Asterisk's queue_log, check it, report."""


@queue.command("import")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--table",
    "url",
    metavar="URL",
    help="Database of a realtime queue_log, such as postgresql://host/asterisk.",
)
@click.option("--table-name", default="queue_log", show_default=True, help="The table's name.")
@click.option(
    "--gmt",
    is_flag=True,
    help="The table's times are UTC (queue_log_realtime_use_gmt); else of our time zone.",
)
@click.option("--follow", is_flag=True, help="Go on as they grow and are rotated, until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def import_files(
    installation: Installation,
    files: tuple[Path, ...],
    url: str | None,
    table_name: str,
    gmt: bool,
    follow: bool,
    as_json: bool,
) -> None:
    """Take what is new in queue_log FILES, or in a table, into the ledger. Repeated, nothing counts twice."""
    if not files and not url:
        raise click.UsageError(_("name the files, or a database with --table"))
    zone = UTC if gmt else ZoneInfo(installation.settings.web.time_zone)
    progress = _Progress(lambda done: _("%(lines)s lines", lines=done))

    def of_table() -> list[ImportedFile]:
        if not url:
            return []
        return [import_queue_log_table(installation, url, table_name, zone=zone, progress=progress)]

    if follow:
        if as_json:
            raise click.UsageError(_("--json and --follow exclude each other"))
        _follow(installation, files, of_table)
    done = [*(import_queue_log(installation, files, progress=progress) if files else []), *of_table()]
    if as_json:
        click.echo(json.dumps({"files": [asdict(file) for file in done]}, ensure_ascii=False, indent=2))
    else:
        for file in done:
            click.echo(_as_sentence(file))
    if failed := [file for file in done if file.problem]:
        told = _("%(count)s of %(all)s files could not be read", count=len(failed), all=len(done))
        raise BadInput(f"{told}: {'; '.join(file.problem for file in failed)}")


@queue.command("rebuild")
@click.pass_obj
def rebuild_calls(installation: Installation) -> None:
    """Derive every call anew from all that was told of it. What was told stays; a newer program may see more in it."""
    progress = _Progress(lambda done: _("%(calls)s calls", calls=done))
    calls = rebuild(installation, progress=progress)
    click.echo(_("%(calls)s calls derived anew", calls=f"{calls:,}"))


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
    titles = (
        _("Bad lines"),
        _("Ends never written"),
        _("Lines written twice"),
        _("Clocks set back"),
        _("Agents' comings and goings never written"),
    )
    for kind, title in zip(_KINDS, titles, strict=True):
        _print_findings(title, getattr(report, kind))
    if not report.count:
        click.echo(_("Everything reconciles."))


def _follow(
    installation: Installation, files: tuple[Path, ...], of_table: Callable[[], list[ImportedFile]]
) -> NoReturn:
    followers = [QueueLogFollower(installation, path) for path in files]
    looks: list[Callable[[], Iterable[ImportedFile]]] = [follower.look for follower in followers]
    looks.append(lambda: [done for done in of_table() if done.lines])
    while True:
        for look in looks:
            try:
                for done in look():
                    click.echo(_as_sentence(done))
            except RetryLater as error:
                click.echo(str(error), err=True)
        _pause(FOLLOW_EVERY_S)


_pause = time.sleep


class _Progress:
    """Counts on a terminal, in words; silent anywhere else."""

    def __init__(self, words: Callable[[str], str]) -> None:
        self._words = words
        self._done = 0

    def __call__(self, more: int) -> None:
        self._done += more
        if sys.stderr.isatty():
            click.echo("\r" + self._words(f"{self._done:,}"), nl=False, err=True)


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


for command in (
    report,
    definitions,
    define,
    staffing,
    predictions,
    queue_list,
    queue_add,
    queue_set,
    queue_member,
):
    queue.add_command(command)
