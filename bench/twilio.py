"""How fast Twilio's webhooks are answered when 50 calls go on at once: `python -m bench.twilio`.

gunicorn serves the application on a loopback socket; each caller is a thread that does what Twilio does: a signed
request, some seconds of listening, the next one. Measured is the time until a whole answer is there, and the
processor time the server's processes took for it (Linux).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from core.installation import Installation
from core.logging import configure_logging
from core.settings import Settings, load_settings
from ivr.twilio.signature import sign
from sansheng.migrations import upgrade_database
from web.app import create_app
from web.context import WebApp

LIMIT_S = 0.200
_ACCOUNT = "AC" + "0" * 32
_TOKEN = "a token for measuring only"
_BASE = "https://hotline.example.com"
_LISTENING_S = (1.0, 4.0)


def application() -> WebApp:
    """Return what gunicorn serves."""
    settings = load_settings()
    configure_logging(settings.log_level)
    return create_app(Installation.open(settings))


@contextmanager
def serving(workers: int) -> Iterator[tuple[int, int]]:
    """Serve a fresh installation; give the port and the server's process id."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        installation = Installation.open(Settings(home=Path(home)))
        upgrade_database(installation.engine)
        installation.close()
        environment = {
            **os.environ,
            "SANSHENG_HOME": home,
            "SANSHENG_PUBLIC_BASE_URL": _BASE,
            "SANSHENG_TWILIO_ACCOUNT_SID": _ACCOUNT,
            "SANSHENG_TWILIO_AUTH_TOKEN": _TOKEN,
            "SANSHENG_LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-m", "gunicorn", f"--workers={workers}", "--threads=8"]
        command += ["--log-level=warning", f"--bind=127.0.0.1:{port}", "bench.twilio:application()"]
        with subprocess.Popen(command, env=environment) as server:
            try:
                while not _is_up(port):
                    time.sleep(0.1)
                yield port, server.pid
            finally:
                server.terminate()


def _is_up(port: int) -> bool:
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


def _cpu_s(pid: int) -> float:
    """Return the processor time of a process's children so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = (Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split() for child in children)
    return sum(int(stat[11]) + int(stat[12]) for stat in fields) / os.sysconf("SC_CLK_TCK")


class Caller(threading.Thread):
    """One call after another until the time is over."""

    def __init__(self, port: int, number: int, until: float) -> None:
        super().__init__()
        self.port, self.until = port, until
        self.random = random.Random(number)
        self.answered_s: list[tuple[str, float]] = []
        self.failed = 0

    def run(self) -> None:
        """Call."""
        self._listen()
        while time.monotonic() < self.until:
            sid = f"CA{self.random.getrandbits(128):032x}"
            self._ask("/twilio/voice", sid, {"CallStatus": "ringing"})
            for number, keys in enumerate(
                ("", "1"), start=1
            ):  # the language; what follows depends on the hour
                self._listen()
                self._ask(f"/twilio/flow/digits?s={number}", sid, {"Digits": keys})
            self._listen()
            self._ask("/twilio/status", sid, {"CallStatus": "completed", "SequenceNumber": "0"})

    def _listen(self) -> None:
        time.sleep(self.random.uniform(*_LISTENING_S))

    def _ask(self, target: str, sid: str, more: dict[str, str]) -> None:
        parameters = {
            "AccountSid": _ACCOUNT,
            "CallSid": sid,
            "CallStatus": "in-progress",
            "Direction": "inbound",
            "From": "+8613800138000",
            "To": "+864008000000",
            **more,
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign(_TOKEN, _BASE + target, parameters.items()),
        }
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("POST", target, urlencode(parameters), headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        self.answered_s.append((target.partition("?")[0], time.monotonic() - began))
        self.failed += answer.status not in {200, 204}


def main() -> int:
    """Measure; return 1 when the limit was not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50, help="calls at once")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with serving(options.workers) as (port, pid):
        before_s, until = _cpu_s(pid), time.monotonic() + options.seconds
        callers = [Caller(port, number, until) for number in range(options.calls)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        cpu_s = _cpu_s(pid) - before_s
    times = [answered for caller in callers for answered in caller.answered_s]
    result = {
        "calls_at_once": options.calls,
        "webhooks": len(times),
        "failed": sum(caller.failed for caller in callers),
        "p50_s": _percentile([s for _path, s in times], 0.50),
        "p99_s": _percentile([s for _path, s in times], 0.99),
        "voice_p99_s": _percentile([s for path, s in times if path == "/twilio/voice"], 0.99),
        "limit_s": LIMIT_S,
        "server_cpu_ms_per_webhook": round(1000 * cpu_s / max(1, len(times)), 2),
    }
    print(json.dumps(result, indent=1))
    return int(result["failed"] > 0 or result["voice_p99_s"] > LIMIT_S)


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4) if ordered else 0.0


if __name__ == "__main__":
    sys.exit(main())
