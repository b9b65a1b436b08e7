"""`sansheng demo`: a seeded hotline with real audio, from the first ring to the sample, then the web page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from core.i18n import N_
from core.i18n import gettext as _
from core.installation import Installation
from core.logging import configure_logging
from core.settings import Settings
from sansheng.cli import open_installation
from sansheng.demo.hotline import ACCOUNTS, PASSWORD
from sansheng.demo.pipeline import DemoResult, run_demo
from sansheng.demo.pipeline import Progress as DemoProgress
from sansheng.wiring import job_worker
from web.server import serve_web

STAGES = {
    "speak": N_("Speaking the calls"),
    "call": N_("Placing a day of calls"),
    "record": N_("Taking recordings in"),
    "transcribe": N_("Transcribing"),
    "score": N_("Scoring"),
}


@click.command()
@click.option("--once", is_flag=True, help="Make the demo and stop; do not serve the web.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--host", help="Address to serve on (default: the setting web.host).")
@click.option("--port", type=int, help="Port to serve on (default: the setting web.port).")
@click.pass_obj
def demo(settings: Settings, once: bool, as_json: bool, host: str | None, port: int | None) -> None:
    """Make a hotline with 400 calls, 24 of them with real audio, and show it.

    It fills the data folder (SANSHENG_HOME), and refuses one that holds real calls.
    """
    configure_logging("WARNING")  # the bars say what is done; hundreds of log lines would tear them
    installation = open_installation(settings)
    try:
        with _progress_on_stderr() as progress:
            result = run_demo(installation, progress=progress)
        if as_json:
            click.echo(json.dumps(result_document(result), ensure_ascii=False))
        else:
            _describe(result)
        if not once:
            _serve(installation, host, port)
    finally:
        installation.close()


def result_document(result: DemoResult) -> dict[str, object]:
    """Return what --json prints (docs/reference/cli.md)."""
    verdicts = result.comparison.verdicts
    return {
        "calls": result.calls,
        "recordings": result.recordings,
        "transcribed": result.transcribed,
        "scored": result.scored,
        "sampled": result.sampled,
        "cer": round(result.comparison.cer, 4),
        "cer_by_voice": {name: round(v.rate, 4) for name, v in sorted(result.comparison.by_voice.items())},
        "verdicts": {outcome: verdicts[outcome] for outcome in ("right", "wrong", "abstained")},
        "wrong": result.comparison.wrong,
        "seconds": round(result.seconds, 1),
    }


@contextmanager
def _progress_on_stderr() -> Iterator[DemoProgress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(_(STAGES[stage]), total=total)
            bars.update(tasks[stage], completed=done)

        yield show


def _describe(result: DemoResult) -> None:
    """Say in a few lines what was made and how true it is."""
    verdicts = result.comparison.verdicts
    click.echo(
        _(
            "%(calls)s calls, %(recordings)s with audio: %(transcribed)s transcribed, %(scored)s scored, "
            "%(sampled)s sampled, in %(seconds).0f s",
            calls=result.calls,
            recordings=result.recordings,
            transcribed=result.transcribed,
            scored=result.scored,
            sampled=result.sampled,
            seconds=result.seconds,
        )
    )
    click.echo(
        _(
            "Against the scripts: character error rate %(cer).2f %%; verdicts on greeting, banned words and closing: "
            "%(right)s right, %(wrong)s wrong, %(abstained)s left to a person",
            cer=100 * result.comparison.cer,
            right=verdicts["right"],
            wrong=verdicts["wrong"],
            abstained=verdicts["abstained"],
        )
    )
    for line in result.comparison.wrong:
        click.echo(f"  {line}")


def _serve(installation: Installation, host: str | None, port: int | None) -> None:
    web = installation.settings.web
    address = f"http://{host or web.host}:{port or web.port}/"
    click.echo(f"\n{address}\n")
    click.echo(_("Log in as (the password of all is %(password)s):", password=PASSWORD))
    for username, name, role, _code in ACCOUNTS:
        click.echo(f"  {username:<12} {name}  {role}")
    click.echo(_("\nStop with Ctrl-C."))
    background = job_worker(installation)
    background.start()
    try:
        serve_web(installation, host=host, port=port)
    finally:
        background.stop()
