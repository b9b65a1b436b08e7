"""How fast a queue_log goes into the ledger, with every call derived, and how much memory that takes.

    python -m bench.ledger [--lines N ...] [--database URL]

A made-up log of many days' traffic, with transfers, callers sent on to a second queue, pauses, restarts of
Asterisk and rotated files, is written by a process of its own, then imported by another into a new SQLite
database (or an empty one of your own); lines a second are told by the wall clock and by the importer's
processor time, because others may use the machine. Memory is the peak of the importer, and of the largest of
its helpers: it should not depend on the number of lines.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import islice
from pathlib import Path

from core.settings import Settings
from ivr.ledger.store import import_queue_log
from sansheng.cli import open_installation

START = 1_780_000_000
AGENTS, QUEUES = 80, 5
CALLS_TO_RESTART = 50_000
LINES_IN_A_FILE = 1_000_000


def call_lines(random_: random.Random, number: int, at: int) -> list[tuple[int, str]]:
    """Return the lines of one call with their times: one in ten gives up, one in five rings twice."""
    call, queue = f"{at}.{number}", f"queue{number % QUEUES}"
    caller = f"138{random_.randrange(10**8):08}"
    wait_s, talk_s = random_.randrange(1, 40), random_.randrange(20, 400)
    lines = [(at, f"{call}|{queue}|NONE|ENTERQUEUE||{caller}|1")]
    kind = random_.random()
    if kind < 0.1:
        return [*lines, (at + wait_s, f"{call}|{queue}|NONE|ABANDON|1|1|{wait_s}")]
    if kind < 0.14:  # sent on to another queue
        at += wait_s
        lines.append((at, f"{call}|{queue}|NONE|EXITWITHTIMEOUT|1|1|{wait_s}"))
        queue = f"queue{(number + 1) % QUEUES}"
        lines.append((at, f"{call}|{queue}|NONE|ENTERQUEUE||{caller}|2"))
    agent = f"PJSIP/{1000 + number % AGENTS}"
    if kind < 0.34:
        lines.append((at + wait_s, f"{call}|{queue}|PJSIP/{1000 + (number + 1) % AGENTS}|RINGNOANSWER|15000"))
    lines.append((at + wait_s, f"{call}|{queue}|{agent}|CONNECT|{wait_s}|{call}1|4"))
    end = at + wait_s + talk_s
    if kind < 0.39:
        lines.append((end, f"{call}|{queue}|{agent}|BLINDTRANSFER|8001|agents|{wait_s}|{talk_s}|1"))
    else:
        ended = random_.choice(("COMPLETECALLER", "COMPLETEAGENT"))
        lines.append((end, f"{call}|{queue}|{agent}|{ended}|{wait_s}|{talk_s}|1"))
    return lines


def other_lines(number: int, at: int) -> Iterator[str]:
    """Yield lines of no call: agents pause; Asterisk was restarted."""
    agent = f"{at}|NONE|NONE|PJSIP/{1000 + number % AGENTS}"
    if number % 100 == 0:
        yield f"{agent}|PAUSEALL|lunch"
    if number % 100 == 50:
        yield f"{agent}|UNPAUSEALL|"
    if number % CALLS_TO_RESTART == CALLS_TO_RESTART - 1:
        yield f"{at}|NONE|NONE|NONE|QUEUESTART|"


def log_lines() -> Iterator[str]:
    """Yield a log's lines in the order of their times, for ever."""
    random_ = random.Random(1)
    waiting: list[tuple[int, int, str]] = []
    at = START
    number = 0
    while True:
        number += 1
        at += random_.choice((0, 1, 1, 2))
        for place, (when, text) in enumerate(call_lines(random_, number, at)):
            heappush(waiting, (when, number * 10 + place, text))
        while waiting and waiting[0][0] < at:
            when, _order, text = heappop(waiting)
            yield f"{when}|{text}\n"
        for line in other_lines(number, at):
            yield f"{line}\n"
            if line.endswith("QUEUESTART|"):
                waiting.clear()  # what went on has no end


def write_log(folder: Path, count: int) -> None:
    """Write a log of so many lines, in files as rotation leaves them."""
    lines = islice(log_lines(), count)
    for number in range(-(-count // LINES_IN_A_FILE)):
        with (folder / f"queue_log-{number:03}").open("w", encoding="ascii") as file:
            file.writelines(islice(lines, LINES_IN_A_FILE))


def measure(folder: Path, url: str) -> None:
    """Import a log and print what that took."""
    paths = sorted(folder.glob("queue_log-*"))
    told = {"home": folder / "home", "secret_key": "a secret for this bench only", "database": {"url": url}}
    installation = open_installation(Settings.model_validate(told))
    wall, processor = time.perf_counter(), time.process_time()
    done = import_queue_log(installation, paths)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    installation.close()
    lines, calls = sum(file.lines for file in done), sum(file.calls for file in done)
    peak_mb, helper_mb = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(
        f"{lines:,} lines in {len(paths)} files, {calls:,} calls: {lines / wall:,.0f} lines/s, "
        f"{lines / processor:,.0f} for each second of the importer's processor, {peak_mb:.0f} MB, "
        f"its helpers {helper_mb:.0f} MB"
    )


def main() -> None:
    """Measure logs of growing length."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lines", type=int, nargs="+", default=[100_000, 400_000])
    arguments.add_argument("--database", default="", help="of an empty database; one length only")
    asked = arguments.parse_args()
    processes = multiprocessing.get_context("spawn")
    for count in asked.lines:
        with tempfile.TemporaryDirectory() as folder:
            for work in (
                processes.Process(target=write_log, args=(Path(folder), count)),
                processes.Process(target=measure, args=(Path(folder), asked.database)),
            ):
                work.start()
                work.join()
                if work.exitcode:
                    raise SystemExit(work.exitcode)


if __name__ == "__main__":
    main()
