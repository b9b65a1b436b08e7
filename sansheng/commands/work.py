"""`sansheng serve`, `worker` and `dead`: the roles that do the work, and the work that failed."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from datetime import timedelta
from typing import Final

import click

from core.errors import NotFound, RetryLater
from core.i18n import gettext as _
from core.installation import Installation
from core.jobs import count_overdue_jobs, dead_jobs, retry_dead_job
from core.rounds import in_background
from core.settings import Settings
from ivr.asterisk.watch import asterisk_works
from recording.spool import spool_works
from sansheng.wiring import job_worker
from web.server import serve_web

_WAITS_TOO_LONG: Final = timedelta(minutes=5)


@click.command()
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1), help="Worker processes.")
@click.option("--check", is_flag=True, help="Do nothing; exit 4 when work has been waiting for minutes.")
@click.pass_obj
def worker(installation: Installation, processes: int, check: bool) -> None:
    """Do background work: take recordings in, transcribe and score."""
    if check:
        _check_work(installation)
        return
    if processes == 1:
        _work(installation)
        return
    context = multiprocessing.get_context("spawn")
    children = [
        context.Process(target=_work_in_child, args=(installation.settings,)) for _ in range(processes)
    ]
    for child in children:
        child.start()
    _until_told_to_stop()
    for child in children:
        child.terminate()
        child.join()


@click.command()
@click.option("--host", help="Address to listen on (default: the setting web.host).")
@click.option("--port", type=int, help="Port to listen on (default: the setting web.port).")
@click.pass_obj
def serve(installation: Installation, host: str | None, port: int | None) -> None:
    """Run everything in one process but the FastAGI server: web pages, background work, watching Asterisk."""
    background = job_worker(installation)
    background.start()
    try:
        with in_background(*spool_works(installation), *asterisk_works(installation)):
            serve_web(installation, host=host, port=port)
    finally:
        background.stop()


@click.group()
def dead() -> None:
    """Work with jobs that failed for good."""


@dead.command("list")
@click.pass_obj
def dead_list(installation: Installation) -> None:
    """List them with the reason."""
    with installation.unit_of_work(read_only=True) as session:
        jobs = dead_jobs(session)
    for job in jobs:
        click.echo(f"{job.id}\t{job.name}\t{job.key}\t{job.problem}")
    if not jobs:
        click.echo(_("no job has failed for good"), err=True)


@dead.command("retry")
@click.argument("job_ids", type=int, nargs=-1)
@click.option("--all", "every", is_flag=True, help="Retry every dead job.")
@click.pass_obj
def dead_retry(installation: Installation, job_ids: tuple[int, ...], every: bool) -> None:
    """Give jobs all their tries again."""
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        ids = [job.id for job in dead_jobs(session)] if every else list(job_ids)
        if not ids:
            raise NotFound(_("name the jobs to retry (sansheng dead list shows them), or say --all"))
        for job_id in ids:
            retry_dead_job(session, job_id, at=now)
    click.echo(_("jobs that will be tried again: %(count)s", count=len(ids)))


def _check_work(installation: Installation) -> None:
    with installation.unit_of_work(read_only=True) as session:
        overdue = count_overdue_jobs(session, installation.clock.now() - _WAITS_TOO_LONG)
    if overdue:
        raise RetryLater(_("%(count)s jobs have been waiting for minutes: does a worker run?", count=overdue))


def _work(installation: Installation) -> None:
    background = job_worker(installation)
    background.start()
    with in_background(*spool_works(installation)):
        _until_told_to_stop()
    background.stop()


def _work_in_child(settings: Settings) -> None:
    installation = Installation.open(settings)
    _work(installation)
    installation.close()


def _until_told_to_stop() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
