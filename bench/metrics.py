"""Interval reports over a million calls: cold (a new process) and warm, and what the copies of days cost.

    python -m bench.metrics [--calls 1000000] [--days 250] [--home DIR] [--json]

The calls are written straight into the call log: three queues, forty agents, a day's curve, eight of ten
callers answered. "From the rows" is the first report ever, "packing" makes the copies of all days once;
"cold" is the first report of a new process, "warm" the median of the next five.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Table, func, insert, select

from core.clock import FixedClock
from core.installation import Installation
from core.settings import Settings
from ivr.metrics.columns import keep_days
from ivr.metrics.definitions import STANDARD
from ivr.metrics.report import Question, queue_report
from ivr.metrics.tables import interval_table
from ivr.models import Agent, Call, Queue, QueueVisit, RingAttempt
from sansheng.migrations import upgrade_database

END = datetime(2026, 11, 1, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
_QUEUES, _AGENTS, _BATCH = 3, 40, 20_000


def open_bench(home: Path) -> Installation:
    """Open the bench's installation; the clock stands after the last call."""
    settings = Settings.model_validate({"home": home, "secret_key": "a secret for measuring only"})
    return Installation.open(settings, clock=FixedClock(END + timedelta(days=2)))


def fill(installation: Installation, calls: int, days: int) -> None:
    """Write the calls, unless they are there."""
    upgrade_database(installation.engine)
    with installation.unit_of_work() as session:
        if session.scalar(select(func.count(Queue.id))):
            return
        session.add_all(
            Queue(id=n, name=f"q{n}", title_zh=f"队列{n}", title_en=f"Queue {n}")
            for n in range(1, _QUEUES + 1)
        )
        session.add_all(
            Agent(id=n, code=str(1000 + n), name=f"Agent {n}", interface=f"PJSIP/{1000 + n}")
            for n in range(1, _AGENTS + 1)
        )
    for batch in _batches(calls, days):
        with installation.unit_of_work() as session:
            for table, rows in zip((Call, QueueVisit, RingAttempt), batch, strict=True):
                session.execute(insert(cast("Table", table.__table__)), rows)


def _batches(calls: int, days: int) -> Iterator[tuple[list[dict[str, Any]], ...]]:
    random = np.random.default_rng(5)
    day = np.sort(random.integers(0, days, calls))
    second = np.clip(random.normal(13 * 3600, 3 * 3600, calls), 8 * 3600, 20 * 3600).astype(int)
    begun = END - timedelta(days=days) - timedelta(hours=8)
    for start in range(0, calls, _BATCH):
        numbers = range(start, min(start + _BATCH, calls))
        made = [
            _one_call(n, begun + timedelta(days=int(day[n]), seconds=int(second[n])), random) for n in numbers
        ]
        yield tuple([row for parts in made for row in parts[kind]] for kind in range(3))


def _one_call(
    number: int, at: datetime, random: np.random.Generator
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    answered = random.random() < 0.8
    wait = float(int(random.exponential(18 if answered else 40)))
    talk = float(int(random.normal(260, 60))) if answered else None
    ended = at + timedelta(seconds=wait + max(0.0, talk or 0.0))
    agent = int(random.integers(1, _AGENTS + 1)) if answered else None
    outcome = "answered" if answered else "abandoned"
    call = {
        "id": number + 1,
        "provider": "simulator",
        "provider_call_id": f"bench-{number}",
        "caller_hash": f"{int(random.integers(1, 300_000)):x}".ljust(64, "0"),
        "started_at": at,
        "ended_at": ended,
        "outcome": outcome,
        "queue_id": number % _QUEUES + 1,
        "agent_id": agent,
    }
    visit = {
        "id": number + 1,
        "call_id": number + 1,
        "number": 1,
        "queue_id": call["queue_id"],
        "entered_at": at,
        "left_queue_at": at + timedelta(seconds=wait),
        "ended_at": ended,
        "outcome": outcome,
        "wait_s": wait,
        "talk_s": max(0.0, talk) if talk is not None else None,
        "agent_id": agent,
        "ended_by": "caller",
    }
    ring = {
        "visit_id": number + 1,
        "number": 1,
        "agent_id": agent,
        "ended_at": ended,
        "ring_s": min(wait, 4.0),
        "outcome": "answered",
    }
    return [call], [visit], [ring] if answered else []


def one_report(installation: Installation, days: int, interval: str) -> tuple[float, int]:
    """Return the seconds of one interval report of all queues, rows made, and the calls it counted."""
    asked = Question(since=END - timedelta(days=days + 1), until=END, definition=STANDARD, zone=ZONE)
    began = time.perf_counter()
    with installation.unit_of_work(read_only=True) as session:
        report = queue_report(session, asked)
        _ = list(interval_table(report, interval).rows())
        total = report.total().of(0)
    return time.perf_counter() - began, int(total["offered"] or 0)


def _child(home: Path, days: int, interval: str) -> dict[str, Any]:
    installation = open_bench(home)
    seconds = [one_report(installation, days, interval)[0] for _ in range(6)]
    return {"cold_s": seconds[0], "warm_s": statistics.median(seconds[1:])}


def measure(home: Path, calls: int, days: int) -> dict[str, Any]:
    """Fill, report from the rows, pack, report from the copies in new processes."""
    installation = open_bench(home)
    fill(installation, calls, days)
    rows_s, counted = one_report(installation, days, "1h")
    began = time.perf_counter()
    packed = keep_days(installation, END - timedelta(days=days + 2), END)
    packing_s = time.perf_counter() - began
    found: dict[str, Any] = {"calls": counted, "from_rows_s": rows_s, "packing_s": packing_s, "days": packed}
    for interval in ("1d", "1h", "15m"):
        command = [sys.executable, "-m", "bench.metrics", "--home", str(home), "--days", str(days)]
        answer = subprocess.run([*command, "--child", interval], check=True, capture_output=True, text=True)
        found[interval] = json.loads(answer.stdout)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=250)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.child:
        print(json.dumps(_child(wanted.home, wanted.days, wanted.child)))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure(wanted.home or Path(folder), wanted.calls, wanted.days)
    if wanted.json:
        print(json.dumps(found, indent=2))
        return
    print(
        f"{found['calls']:,} calls: from the rows {found['from_rows_s']:.1f} s, packing {found['packing_s']:.1f} s"
    )
    for interval in ("1d", "1h", "15m"):
        times = found[interval]
        print(f"  {interval:>3}: cold {times['cold_s']:.3f} s, warm {times['warm_s']:.3f} s")


if __name__ == "__main__":
    main()
