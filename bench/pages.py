"""How long each page takes with a million calls and two hundred thousand evaluations.

    python -m bench.pages [--calls 1000000] [--rounds 30] [--home DIR] [--json]

The real server (waitress) answers on this machine's loopback; a page counts from the request to its last
byte. Pages are asked for in turn, round after round, so that none has the database's cache for itself.
The first round only warms up. The call centre (`bench.million`) is made once, in `.cache/pages`.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

import waitress

from bench.million import CALLER, END, PASSWORD, fill, open_bench
from core.crypto import lookup_hash
from core.logging import configure_logging
from core.phone import normalise_number
from web.app import create_app

BUDGET_MS: Final = 200.0
HOME: Final = Path(__file__).parent.parent / ".cache" / "pages"
_MIDDLE: Final = quote("2026-05-05T00:00:00+00:00~500000")

_BEHIND: Final = "/reports/calls?" + urlencode(
    {"name": "abandoned", "since": "2026-09-01T00:00:00+08:00", "until": "2026-10-01T00:00:00+08:00"}
)


class Page(NamedTuple):
    """A page and who looks at it."""

    title: str
    username: str
    path: str


PAGES: Final = (
    Page("tasks of an inspector", "inspector", "/"),
    Page("tasks of an agent", "agent", "/"),
    Page("tasks of a QA lead", "qa_lead", "/"),
    Page("calls, 30 days", "inspector", "/calls"),
    Page("calls, all time", "inspector", "/calls?period=all"),
    Page("calls, all time, from the middle", "inspector", f"/calls?period=all&after={_MIDDLE}"),
    Page("calls of an agent", "agent", "/calls?period=all"),
    Page("calls, 365 days, needs a person", "inspector", "/calls?period=365&judgement=needs_human"),
    Page("calls, 365 days, not graded yet", "inspector", "/calls?period=365&judgement=ungraded"),
    Page("calls, 365 days, critical (1 of 2,500)", "inspector", "/calls?period=365&judgement=critical"),
    Page("calls, 365 days, score below 30", "inspector", "/calls?period=365&score_to=30"),
    Page("calls, 365 days, no score that low", "inspector", "/calls?period=365&score_to=10"),
    Page("calls, 365 days, abandoned", "inspector", "/calls?period=365&outcome=abandoned"),
    Page("calls, 365 days, voicemail (none)", "inspector", "/calls?period=365&outcome=voicemail"),
    Page("calls, one agent, needs a person", "inspector", "/calls?period=365&agent=3&judgement=needs_human"),
    Page(
        "calls of one caller",
        "inspector",
        "/calls?" + urlencode({"period": "all", "caller": "CALLER"}),
    ),
    Page("call, 2 minutes", "inspector", "/calls/1"),
    Page("recording, an hour", "inspector", "/recordings/2"),
    Page("recordings without a call", "inspector", "/recordings"),
    Page("recordings without a call, failed", "inspector", "/recordings?state=failed"),
    Page("samples", "qa_lead", "/samples"),
    Page("draw of 4,000 calls", "qa_lead", "/samples/1"),
    Page("wall", "supervisor", "/wall"),
    Page("report of a day", "supervisor", "/reports?day=2026-10-30"),
    Page("report of a week", "supervisor", "/reports?period=week&day=2026-10-30"),
    Page("report of a month", "supervisor", "/reports?period=month&day=2026-09-15"),
    Page("calls behind a month's number", "supervisor", _BEHIND),
    Page("missed calls", "supervisor", "/missed"),
    Page("missed calls, closed", "supervisor", "/missed?state=closed"),
    Page("staffing", "supervisor", "/staffing"),
    Page("on duty", "supervisor", "/duty"),
    Page("audit trail", "admin", "/admin/audit"),
    Page("failed jobs", "admin", "/admin/jobs"),
)


class Browser:
    """One account's connection to the server."""

    def __init__(self, port: int, username: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port)
        self._cookie = ""
        form = self.get("/login")
        token = re.search(r'name="csrf_token" value="([^"]+)"', form)
        values = {"username": username, "password": PASSWORD, "csrf_token": token[1] if token else ""}
        self._answer("POST", "/login", urlencode(values))

    def time(self, path: str) -> tuple[float, int]:
        """Return the milliseconds a page takes and its bytes."""
        began = time.perf_counter()
        page = self.get(path)
        return 1000 * (time.perf_counter() - began), len(page)

    def get(self, path: str) -> str:
        """Return a page."""
        return self._answer("GET", path)

    def open(self, path: str) -> HTTPResponse:
        """Return an answer that goes on, to be read piece by piece."""
        self._connection.close()
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        return self._connection.getresponse()

    def _answer(self, method: str, path: str, body: str | None = None) -> str:
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        text = response.read().decode()
        if response.status not in {200, 302, 303}:
            message = f"{method} {path}: {response.status}"
            raise RuntimeError(message)
        self._keep_cookie(response)
        return text

    def _keep_cookie(self, response: HTTPResponse) -> None:
        if sent := response.getheader("Set-Cookie"):
            self._cookie = sent.split(";")[0]


@contextmanager
def served(home: Path, calls: int) -> Iterator[int]:
    """Serve the call centre; give the port."""
    installation = open_bench(home)
    fill(installation, calls)
    server = waitress.create_server(create_app(installation), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.close()
        thread.join(timeout=5)
        installation.close()


def measure(port: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return median, 95th percentile (nearest rank) and size of every page."""
    browsers = {name: Browser(port, name) for name in sorted({page.username for page in PAGES})}
    caller = lookup_hash(normalise_number(CALLER))
    taken: dict[str, list[tuple[float, int]]] = {page.title: [] for page in PAGES}
    for number in range(rounds + 1):
        for page in PAGES:
            found = browsers[page.username].time(page.path.replace("CALLER", caller))
            if number:
                taken[page.title].append(found)
    return {title: _figures(found) for title, found in taken.items()}


def _figures(found: list[tuple[float, int]]) -> dict[str, float]:
    times = sorted(milliseconds for milliseconds, _size in found)
    return {
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[math.ceil(0.95 * len(times)) - 1], 1),
        "kilobytes": round(found[-1][1] / 1000, 1),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--home", type=Path, default=HOME, help="folder of the call centre")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    configure_logging("ERROR")
    with served(arguments.home, arguments.calls) as port:
        figures = measure(port, arguments.rounds)
    if arguments.json:
        print(json.dumps({"calls": arguments.calls, "until": END.isoformat(), "pages": figures}))
        return
    print(f"{'':44}{'median':>10}{'p95':>10}{'size':>10}")
    for title, row in figures.items():
        late = "  over the budget" if row["p95_ms"] > BUDGET_MS else ""
        print(
            f"{title:44}{row['median_ms']:>7.1f} ms{row['p95_ms']:>7.1f} ms{row['kilobytes']:>7.1f} kB{late}"
        )


if __name__ == "__main__":
    main()
