"""How fast the FastAGI server answers when many callers are spoken to at once: `python -m bench.fastagi`.

Asterisk's end is played by one event loop in this process, our server runs in another. A caller hears prompts
(answered after a random while, as playing takes time), presses keys and goes to a queue; then the next one calls.
Measured is the time from Asterisk's answer to our next command: what a caller would hear as a gap.
"""

from __future__ import annotations

import argparse
import heapq
import json
import multiprocessing
import random
import resource
import selectors
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from core.installation import Installation
from core.settings import Settings
from ivr.asterisk.role import running_ivr
from ivr.flow.check import shipped_flow
from sansheng.migrations import upgrade_database

LIMIT_S = 0.020
_PLAYING_S = (0.5, 3.0)
_SLOW = ("STREAM FILE", "WAIT FOR DIGIT", "RECORD FILE", "SAY DIGITS")


@dataclass(slots=True)
class Line:
    """One caller after another on one line."""

    number: int
    connection: socket.socket | None = None
    buffer: bytes = b""
    said_at: float = 0.0
    calls: int = 0


@dataclass(slots=True)
class Exchange:
    """All lines, and what they measured: gaps in seconds, calls dialled, calls that got a verdict."""

    address: tuple[str, int]
    lines: int
    calls_per_s: float
    until: float
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    due: list[tuple[float, int, Line, bytes]] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    dialled: int = 0
    served: int = 0
    sequence: int = 0
    random: random.Random = field(default_factory=lambda: random.Random(7))

    def run(self) -> None:
        """Call on every line until the time is over."""
        begun = time.perf_counter()
        coming = [(begun + number / self.calls_per_s, Line(number)) for number in range(self.lines)]
        while coming or self.selector.get_map() or self.due:
            while coming and coming[0][0] <= time.perf_counter():
                self._dial(coming.pop(0)[1])
            first = min([at for at, *_rest in self.due[:1]] + [at for at, _line in coming[:1]], default=0.0)
            wait_s = max(0.0, first - time.perf_counter()) if first else 1.0
            for key, _events in self.selector.select(wait_s):
                self._hear(key.data)
            while self.due and self.due[0][0] <= time.perf_counter():
                _at, _sequence, line, answer = heapq.heappop(self.due)
                self._say(line, answer)

    def _dial(self, line: Line) -> None:
        line.connection = socket.create_connection(self.address)
        line.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.buffer = b""
        line.calls += 1
        self.dialled += 1
        self.selector.register(line.connection, selectors.EVENT_READ, line)
        call = f"{1_795_000_000 + line.calls}.{line.number}"
        opening = f"agi_network_script: begin\nagi_uniqueid: {call}\nagi_callerid: 13800138000\nagi_extension: 400\n\n"
        self._say(line, opening.encode())

    def _say(self, line: Line, text: bytes) -> None:
        if line.connection is not None:
            line.connection.sendall(text)
            line.said_at = time.perf_counter()

    def _hear(self, line: Line) -> None:
        assert line.connection is not None
        received = line.connection.recv(8192)
        if not received:
            self._end(line)
            return
        line.buffer += received
        while b"\n" in line.buffer:
            command, line.buffer = line.buffer.split(b"\n", 1)
            self.gaps.append(time.perf_counter() - line.said_at)
            self._answer(line, command.decode())

    def _answer(self, line: Line, command: str) -> None:
        slow = command.startswith(_SLOW)
        key = 49 if command.startswith("WAIT FOR DIGIT") else 0
        self.sequence += 1
        at = time.perf_counter() + (self.random.uniform(*_PLAYING_S) if slow else 0.0)
        heapq.heappush(self.due, (at, self.sequence, line, f"200 result={key}\n".encode()))
        if 'SANSHENG_VERDICT" "' in command:
            self.served += 1

    def _end(self, line: Line) -> None:
        assert line.connection is not None
        self.selector.unregister(line.connection)
        line.connection.close()
        line.connection = None
        if time.perf_counter() < self.until:
            self._dial(line)


@contextmanager
def _server(home: Path) -> Iterator[tuple[tuple[str, int], Connection]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(home, theirs))
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        process.join(60)


def _serve(home: Path, pipe: Connection) -> None:
    installation = Installation.open(Settings(home=home))
    upgrade_database(installation.engine)
    with running_ivr(installation, shipped_flow(), host="127.0.0.1", port=0) as server:
        pipe.send(server.address)
        pipe.recv()
        used = resource.getrusage(resource.RUSAGE_SELF)
        pipe.send(used.ru_utime + used.ru_stime)
    installation.close()


def main() -> int:
    """Measure; return 1 when the 99th percentile is over the limit or a call was dropped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--calls-per-s", type=float, default=20.0, help="how fast the lines fill")
    parser.add_argument("--seconds", type=float, default=40.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as (address, pipe):
        started = time.perf_counter()
        exchange = Exchange(address, arguments.lines, arguments.calls_per_s, started + arguments.seconds)
        exchange.run()
        passed_s = time.perf_counter() - started
        pipe.send("stop")
        cpu_s = pipe.recv()
    gaps = sorted(exchange.gaps)
    figures = {
        "lines": arguments.lines,
        "calls": exchange.dialled,
        "calls_dropped": exchange.dialled - exchange.served,
        "commands": len(gaps),
        "commands_per_s": round(len(gaps) / passed_s),
        "p50_ms": round(gaps[len(gaps) // 2] * 1000, 2),
        "p99_ms": round(gaps[int(len(gaps) * 0.99)] * 1000, 2),
        "max_ms": round(gaps[-1] * 1000, 2),
        "server_cpu_share": round(cpu_s / passed_s, 3),
    }
    print(json.dumps(figures, indent=2))
    return int(exchange.dialled > exchange.served or figures["p99_ms"] > LIMIT_S * 1000)


if __name__ == "__main__":
    sys.exit(main())
