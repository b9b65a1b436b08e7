"""The application behind a real server on a loopback socket, and requests written byte by byte."""

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from tests.architecture.sources import ROOT
from tests.integration.twilio.conftest import MONDAY
from tests.integration.twilio.virtual_legs import BASE
from tests.integration.twilio.virtual_twilio import ACCOUNT, TOKEN
from tests.waiting import wait_until

APPLICATION = "tests.integration.twilio.serving:application"
SERVERS = {
    "waitress": ["-m", "waitress", "--threads=4"],
    "gunicorn": ["-m", "gunicorn", "--workers=2", "--threads=8", "--worker-class=gthread"],
}
FORM = "application/x-www-form-urlencoded"


@contextmanager
def serving(server, settings, *, base=BASE, host="127.0.0.1"):
    """Serve an installation; give the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    option = "--listen" if server == "waitress" else "--bind"
    environment = {
        **os.environ,
        "SANSHENG_HOME": str(settings.home),
        "SANSHENG_SECRET_KEY": settings.secret_key.get_secret_value(),
        "SANSHENG_DATABASE_URL": settings.database_url,
        "SANSHENG_PUBLIC_BASE_URL": base,
        "SANSHENG_TWILIO_ACCOUNT_SID": ACCOUNT,
        "SANSHENG_TWILIO_AUTH_TOKEN": TOKEN,
        "SANSHENG_LOG_LEVEL": "DEBUG",
        "SANSHENG_TEST_AT": MONDAY.isoformat(),
    }
    settings.home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, *SERVERS[server], f"{option}={listen}", APPLICATION]
    with (settings.home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    with process:
        try:
            wait_until(lambda: _answers(host, port), f"{server} to answer")
            yield port
        finally:
            process.terminate()


def _answers(host, port):
    try:
        connection = HTTPConnection(host, port, timeout=5)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


def signed(address, params):
    """Twilio's signature of a form sent to an address."""
    return RequestValidator(TOKEN).compute_signature(address, MultiDict(params))


def send(
    port, target, body=b"", *, method="POST", signature=None, content_type=FORM, more=(), host="127.0.0.1"
):
    """Send a request whose target is not touched by any library; return status, headers and text."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"{method} {target} HTTP/1.1", "Host: inside:1", "Connection: close"]
    lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *more]
    lines += [] if signature is None else [f"X-Twilio-Signature: {signature}"]
    with socket.create_connection((host, port), timeout=15) as line:
        line.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        answer = HTTPResponse(line, method=method)
        answer.begin()
        return answer.status, answer.headers, answer.read().decode()


class SocketClient:
    """What a virtual Twilio posts with, over a socket."""

    def __init__(self, port):
        self.port = port

    def post(self, path, data, headers):
        """Post a form; return the answer as Flask's test client would."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("POST", path, urlencode(data), {"Content-Type": FORM, **headers})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


class Answer:
    """An answer over a socket."""

    def __init__(self, status_code, headers, data):
        self.status_code, self.headers, self.data = status_code, headers, data

    def get_data(self, *, as_text):
        """Return the body as text."""
        assert as_text
        return self.data.decode()
