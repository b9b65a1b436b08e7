"""How old what a wall shows is, and how long its page takes, while fifty calls a second arrive.

    python -m bench.wall [--seconds 30] [--rate 50] [--streams 3] [--polls 2] [--json]

As in service: one process writes the live state every second and takes the growing queue_log into the
ledger; another (this one) serves the pages with waitress. Walls listen to the stream or ask every second.
The age is that of the telephony's facts a wall has at hand, looked at every fiftieth of a second.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import multiprocessing
import re
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import waitress
from sqlalchemy import func, select

from bench.million import PASSWORD
from bench.pages import Browser
from core.accounts import Role, add_user
from core.installation import Installation
from core.logging import configure_logging
from core.settings import Settings
from ivr.asterisk.follower import QueueLogFollower
from ivr.asterisk.watch import FOLLOW_EVERY_S
from ivr.live import LiveAgent, LiveFloor, LiveQueue, LiveState, WaitingCaller, write_live
from ivr.models import Call, Queue
from sansheng.migrations import upgrade_database
from web.app import create_app

QUEUES: Final = ("q0", "q1", "q2", "q3")
WAIT_S: Final = 8.0
TALK_S: Final = 20.0
_FACTS_AT: Final = re.compile(r'data-facts-at="([^"]+)"')
_SAMPLE_S: Final = 0.02
_WARM_S: Final = 5.0


def open_home(home: Path) -> Installation:
    """Open the installation that is measured."""
    return Installation.open(
        Settings.model_validate({"home": home, "secret_key": "a secret for measuring only"})
    )


class Traffic:
    """Calls as Asterisk would have them: lines for queue_log, and who waits and talks at this moment."""

    def __init__(self, log: Path, rate: float) -> None:
        self._log = log
        self._every_s = 1 / rate
        self._next = time.time()
        self._lines: list[tuple[float, int, str]] = []
        self._began: dict[int, float] = {}
        self._calls = 0

    def go_on(self) -> None:
        """Let everything happen that is due, and write it."""
        now = time.time()
        while self._next <= now:
            self._arrive(self._next)
            self._next += self._every_s
        written = []
        while self._lines and self._lines[0][0] <= now:
            written.append(heapq.heappop(self._lines)[2])
        with self._log.open("a") as file:
            file.write("".join(written))

    def _arrive(self, at: float) -> None:
        number, self._calls = self._calls, self._calls + 1
        queue, call, agent = QUEUES[number % len(QUEUES)], f"{int(at)}.{number}", f"PJSIP/{number % 900}"
        self._began[number] = at
        for after_s, words in (
            (0.0, "NONE|ENTERQUEUE||13800000000|1"),
            (WAIT_S, f"{agent}|CONNECT|{WAIT_S:.0f}|{call}|2"),
            (WAIT_S + TALK_S, f"{agent}|COMPLETECALLER|{WAIT_S:.0f}|{TALK_S:.0f}|1"),
        ):
            then = at + after_s
            heapq.heappush(self._lines, (then, number, f"{int(then)}|{call}|{queue}|{words}\n"))

    def floor(self) -> LiveFloor:
        """Return who waits and who talks."""
        now = time.time()
        self._began = {n: at for n, at in self._began.items() if now - at < WAIT_S + TALK_S}
        waits = {n: at for n, at in self._began.items() if now - at < WAIT_S}
        return LiveFloor(
            calls=len(self._began),
            queues=tuple(
                LiveQueue(
                    name=queue,
                    waiting=tuple(
                        WaitingCaller(call=f"{n}", caller="138****0000", position=place, since=_utc(at))
                        for place, (n, at) in enumerate(waits.items(), start=1)
                        if n % len(QUEUES) == number
                    ),
                )
                for number, queue in enumerate(QUEUES)
            ),
            agents=tuple(
                LiveAgent(agent=f"PJSIP/{n % 900}", state="talking", since=_utc(at + WAIT_S))
                for n, at in list(self._began.items())[:100]
                if n not in waits
            ),
        )


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def arrive(home: Path, rate: float, seconds: float) -> None:
    """Let calls arrive for so long: what the ivr role does in service."""
    configure_logging("ERROR")
    installation = open_home(home)
    log = home / "queue_log"
    log.touch()
    traffic, follower = Traffic(log, rate), QueueLogFollower(installation, log)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        traffic.go_on()
        heard_at = installation.clock.now()
        with installation.unit_of_work() as session:
            write_live(session, LiveState(floor=traffic.floor(), heard_at=heard_at, booted_at=heard_at))
        for _file in follower.look():
            pass
        time.sleep(max(0.0, began + FOLLOW_EVERY_S - time.monotonic()))
    installation.close()


class Wall(threading.Thread):
    """A wall that is open: notes when which facts reached it."""

    def __init__(self, boards: Callable[[], Iterator[str]]) -> None:
        super().__init__(daemon=True)
        self.seen: list[tuple[float, float]] = []
        self._boards = boards

    def run(self) -> None:
        """Take boards until the server ends."""
        for board in self._boards():
            if found := _FACTS_AT.search(board):
                self.seen.append((time.time(), datetime.fromisoformat(found[1]).timestamp()))

    def ages(self, since: float, until: float) -> list[float]:
        """Return the age in seconds of what the wall shows, at every sample."""
        times = [at for at, _facts in self.seen]
        found, at = [], since
        while at < until:
            place = bisect_right(times, at)
            if place:
                found.append(at - self.seen[place - 1][1])
            at += _SAMPLE_S
        return found


def _streamed(browser: Browser) -> Iterator[str]:
    while True:
        response = browser.open("/wall/stream")
        while line := response.readline():
            yield line.decode()


def _polled(browser: Browser, stop: threading.Event) -> Iterator[str]:
    while not stop.wait(1.0):
        yield browser.get("/wall/board")


def measure(home: Path, arguments: argparse.Namespace) -> dict[str, float]:
    """Return the figures of one run."""
    installation = open_home(home)
    upgrade_database(installation.engine)
    with installation.unit_of_work() as session:
        session.add_all(Queue(name=name, title_zh=name, title_en=name) for name in QUEUES)
        add_user(
            session,
            username="supervisor",
            display_name="supervisor",
            role=Role.SUPERVISOR,
            password=PASSWORD,
            now=installation.clock.now() - timedelta(days=1),
        )
    server = waitress.create_server(create_app(installation), host="127.0.0.1", port=0, threads=12)
    threading.Thread(target=server.run, daemon=True).start()
    port, stop = server.effective_port, threading.Event()
    context = multiprocessing.get_context("spawn")
    ivr = context.Process(target=arrive, args=(home, arguments.rate, arguments.seconds + _WARM_S + 2))
    ivr.start()
    walls = [Wall(partial(_streamed, Browser(port, "supervisor"))) for _ in range(arguments.streams)]
    walls += [Wall(partial(_polled, Browser(port, "supervisor"), stop)) for _ in range(arguments.polls)]
    for wall in walls:
        wall.start()
    time.sleep(_WARM_S)
    since, page, browser = time.time(), [], Browser(port, "supervisor")
    while time.time() < since + arguments.seconds:
        page.append(browser.time("/wall")[0])
        time.sleep(0.2)
    until = time.time()
    stop.set()
    ivr.join()
    with installation.unit_of_work(read_only=True) as session:
        calls = session.scalar(select(func.count(Call.id))) or 0
    ages = sorted(age for wall in walls for age in wall.ages(since, until))
    return {
        "calls_taken_in": calls,
        "age_median_s": round(_rank(ages, 0.5), 2),
        "age_p95_s": round(_rank(ages, 0.95), 2),
        "age_most_s": round(ages[-1], 2),
        "page_median_ms": round(_rank(sorted(page), 0.5), 1),
        "page_p95_ms": round(_rank(sorted(page), 0.95), 1),
    }


def _rank(ordered: list[float], share: float) -> float:
    return ordered[math.ceil(share * len(ordered)) - 1]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=50.0, help="calls a second")
    parser.add_argument("--streams", type=int, default=3, help="walls that listen")
    parser.add_argument("--polls", type=int, default=2, help="walls that ask")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    configure_logging("ERROR")
    with tempfile.TemporaryDirectory() as home:
        figures = measure(Path(home), arguments)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:20}{value:>10}")


if __name__ == "__main__":
    main()
