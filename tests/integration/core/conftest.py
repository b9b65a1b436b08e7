"""Installations with quick job settings, and worker processes on them."""

import json
import subprocess
import sys
from pathlib import Path

import dramatiq.worker
import pytest
from sqlalchemy import text

from core.errors import RetryLater
from core.i18n import use_locale
from core.installation import Installation
from core.settings import Settings

QUICK = {
    "threads": 2,
    "lease_s": 1.0,
    "poll_s": 0.02,
    "min_backoff_s": 0.01,
    "max_backoff_s": 0.05,
    "max_retries": 3,
    "max_crashes": 20,
}


@pytest.fixture(autouse=True)
def _english():
    """Tests read the sentences of the code; the Chinese ones are checked against them elsewhere."""
    with use_locale("en"):
        yield


@pytest.fixture
def quick_settings(tmp_path, database_url):
    """Make settings for jobs that a test need not wait for."""

    def make(**jobs):
        return {
            "home": str(tmp_path / "home"),
            "secret_key": "a secret for tests only",
            "database": {"url": database_url},
            "jobs": {**QUICK, **jobs},
        }

    return make


@pytest.fixture
def open_installation(quick_settings):
    """Open installations on the machine's clock; they are closed after the test."""
    opened = []

    def make(**jobs):
        opened.append(Installation.open(Settings.model_validate(quick_settings(**jobs))))
        return opened[-1]

    yield make
    for installation in opened:
        installation.close()


@pytest.fixture
def live(open_installation):
    """An installation on the machine's clock, with the table jobs leave their effects in."""
    installation = open_installation()
    with installation.unit_of_work() as session:
        session.execute(text("CREATE TABLE effect (name VARCHAR(40), kind VARCHAR(8), pid INTEGER)"))
    return installation


@pytest.fixture
def start_process(quick_settings):
    """Start worker processes; what still runs after the test is killed."""
    script = Path(__file__).with_name("job_process.py")
    started = []

    def start(**jobs):
        process = subprocess.Popen(
            [sys.executable, str(script), json.dumps(quick_settings(**jobs))], stdin=subprocess.PIPE
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=60)


@pytest.fixture
def refuse_writes(monkeypatch):
    """Make the next writing units of work fail as a locked database does."""
    refusals, real = [], Installation.unit_of_work

    def unit_of_work(self, *, read_only=False):
        if refusals and not read_only:
            refusals.pop()
            raise RetryLater("the database is locked")
        return real(self, read_only=read_only)

    monkeypatch.setattr(Installation, "unit_of_work", unit_of_work)
    monkeypatch.setattr(dramatiq.worker, "POST_PROCESS_MESSAGE_RETRY_DELAY_SECS", 0.01)
    return lambda times: refusals.extend([None] * times)
