"""How fast a queue_log goes into the ledger, with every call derived, and how much memory that takes.

    python -m bench.ledger [--lines N]

A made-up log of a day's traffic is written by a process of its own, then imported by another into a new
SQLite database; lines a second are told by the wall clock and by the processor's, because others may use
the machine. Memory is the importer's peak: it should not depend on the number of lines.
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
from pathlib import Path

from core.settings import Settings
from ivr.ledger.store import import_queue_log
from sansheng.cli import open_installation

START = 1_780_000_000
AGENTS, QUEUES = 80, 5


def call_lines(random_: random.Random, number: int, at: int) -> list[tuple[int, str]]:
    """Return the lines of one call with their times: one in ten gives up, one in five rings twice."""
    call, queue = f"{at}.{number}", f"queue{number % QUEUES}"
    caller = f"138{random_.randrange(10**8):08}"
    wait_s, talk_s = random_.randrange(1, 40), random_.randrange(20, 400)
    lines = [(at, f"{call}|{queue}|NONE|ENTERQUEUE||{caller}|1")]
    kind = random_.random()
    if kind < 0.1:
        return [*lines, (at + wait_s, f"{call}|{queue}|NONE|ABANDON|1|1|{wait_s}")]
    agent = f"PJSIP/{1000 + number % AGENTS}"
    if kind < 0.3:
        lines.append((at + wait_s, f"{call}|{queue}|PJSIP/{1000 + (number + 1) % AGENTS}|RINGNOANSWER|15000"))
    ended = random_.choice(("COMPLETECALLER", "COMPLETEAGENT"))
    lines.append((at + wait_s, f"{call}|{queue}|{agent}|CONNECT|{wait_s}|{call}1|4"))
    lines.append((at + wait_s + talk_s, f"{call}|{queue}|{agent}|{ended}|{wait_s}|{talk_s}|1"))
    return lines


def log_lines(count: int) -> Iterator[str]:
    """Yield a log's lines in the order of their times."""
    random_ = random.Random(1)
    waiting: list[tuple[int, int, str]] = []
    at, told = START, 0
    for number in range(count):
        at += random_.choice((0, 1, 1, 2))
        for place, (when, text) in enumerate(call_lines(random_, number, at)):
            heappush(waiting, (when, number * 10 + place, text))
        while waiting and waiting[0][0] < at:
            when, _order, text = heappop(waiting)
            yield f"{when}|{text}\n"
            told += 1
            if told == count:
                return


def write_log(path: Path, count: int) -> None:
    """Write a log of so many lines."""
    with path.open("w", encoding="ascii") as file:
        file.writelines(log_lines(count))


def measure(folder: Path, path: Path) -> None:
    """Import a log and print what that took."""
    settings = Settings.model_validate({"home": folder, "secret_key": "a secret for this bench only"})
    installation = open_installation(settings)
    wall, processor = time.perf_counter(), time.process_time()
    (done,) = import_queue_log(installation, [path])
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    installation.close()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{done.lines:,} lines, {done.calls:,} calls: {done.lines / wall:,.0f} lines/s, "
        f"{done.lines / processor:,.0f} for each second of processor, {peak_mb:.0f} MB"
    )


def main() -> None:
    """Measure a log and one of four times its length."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lines", type=int, default=100_000)
    lines = arguments.parse_args().lines
    processes = multiprocessing.get_context("spawn")
    for count in (lines, 4 * lines):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "queue_log"
            for work in (
                processes.Process(target=write_log, args=(path, count)),
                processes.Process(target=measure, args=(Path(folder) / "home", path)),
            ):
                work.start()
                work.join()
                if work.exitcode:
                    raise SystemExit(work.exitcode)


if __name__ == "__main__":
    main()
