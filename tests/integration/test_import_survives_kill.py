"""kill -9 in the middle of an import: the next one goes on, nothing is lost and nothing counted twice."""

import gzip
import multiprocessing
import random
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.clock import FixedClock
from core.installation import Installation
from core.settings import Settings
from ivr.ledger.store import import_queue_log
from ivr.models import QueueLogFile
from sansheng.migrations import upgrade_database
from tests.unit.ivr.ledger.test_store import a_log, tables
from tests.waiting import wait_until

LENGTHS = {False: (600, 6), True: (10_000, 100)}
"""Calls and kills of a short and of a thorough run."""
BATCH = 50
AFTER = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["ivr.ledger.store", "sansheng.migrations"])


def _open(home: Path, url: str) -> Installation:
    settings = Settings.model_validate(
        {"home": home, "secret_key": "a secret for tests only", "database": {"url": url}}
    )
    return Installation.open(settings, clock=FixedClock(AFTER))


def run_import(home: Path, url: str, logs: list[Path]) -> None:
    """Import everything, in many small transactions."""
    installation = _open(home, url)
    import_queue_log(installation, logs, batch_lines=BATCH)
    installation.close()


def rows(installation):
    """Every call and every event; events of two files may have the same number."""
    calls, events = tables(installation)
    return calls, sorted(events, key=repr)


@pytest.fixture
def logs(tmp_path, thorough):
    """A log that was rotated away and compressed, and the one that followed it."""
    lines = a_log(LENGTHS[thorough][0]).splitlines(keepends=True)
    half = len(lines) // 2
    with gzip.open(tmp_path / "queue_log.1.gz", "wb") as old:
        old.writelines(lines[:half])
    (tmp_path / "queue_log").write_bytes(b"".join(lines[half:]))
    return [tmp_path / "queue_log.1.gz", tmp_path / "queue_log"]


@pytest.mark.slow
def test_kills_in_the_middle_of_an_import_change_nothing(tmp_path, database_url, logs, thorough):
    undisturbed = _open(tmp_path / "undisturbed", f"sqlite:///{tmp_path / 'undisturbed.db'}")
    upgrade_database(undisturbed.engine)
    import_queue_log(undisturbed, logs)
    expected = rows(undisturbed)
    undisturbed.close()

    disturbed = _open(tmp_path / "disturbed", database_url)
    moments = random.Random(20261127)

    def lines_read():
        with disturbed.unit_of_work(read_only=True) as session:
            return session.scalar(select(func.sum(QueueLogFile.lines))) or 0

    for killed in range(LENGTHS[thorough][1]):
        before = lines_read()
        process = _processes.Process(target=run_import, args=(disturbed.settings.home, database_url, logs))
        process.start()
        wait_until(lambda before=before: lines_read() > before, "the import to go on")
        process.join(timeout=moments.uniform(0.0, 0.02))
        assert process.is_alive(), f"all was read after {killed} kills: make the log longer"
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    run_import(disturbed.settings.home, database_url, logs)
    assert rows(disturbed) == expected
    disturbed.close()
