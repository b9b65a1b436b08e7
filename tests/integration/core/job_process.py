"""A worker process for tests: python job_process.py SETTINGS_JSON; it stops in order when its standard input ends.

Each job writes what it does into the table `effect`, so that doing something twice shows.
"""

import json
import os
import signal
import sys
import threading

from sqlalchemy import text

from core.installation import Installation
from core.jobs.worker import JobWorker
from core.settings import Settings


def write_effect(installation, subject, kind):
    with installation.unit_of_work() as session:
        session.execute(
            text("INSERT INTO effect (name, kind, pid) VALUES (:name, :kind, :pid)"),
            {"name": subject, "kind": kind, "pid": os.getpid()},
        )


def effects(installation, subject, kind):
    with installation.unit_of_work(read_only=True) as session:
        counted = text("SELECT count(*) FROM effect WHERE name = :name AND kind = :kind")
        return session.scalar(counted, {"name": subject, "kind": kind})


def count(installation, *, subject):
    """Take effect."""
    write_effect(installation, subject, "done")


def hang_once(installation, *, subject):
    """Begin and never end, the first time; take effect when it is tried again."""
    if effects(installation, subject, "begun") == 0:
        write_effect(installation, subject, "begun")
        threading.Event().wait()
    write_effect(installation, subject, "done")


def kill_worker(installation, *, subject):
    """Take the whole process down, every time."""
    write_effect(installation, subject, "begun")
    os.kill(os.getpid(), signal.SIGKILL)


JOBS = {"count": count, "hang_once": hang_once, "kill_worker": kill_worker}

if __name__ == "__main__":
    opened = Installation.open(Settings.model_validate(json.loads(sys.argv[1])))
    worker = JobWorker(opened, JOBS, {})
    worker.start()
    sys.stdin.read()
    worker.stop()
    opened.close()
