"""The signature is checked over the bytes of the request line, which every server tells us in a way of its own."""

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from ivr.twilio.refusals import refusals
from tests.architecture.sources import ROOT
from tests.integration.twilio.virtual_legs import BASE
from tests.integration.twilio.virtual_twilio import ACCOUNT, TOKEN
from tests.waiting import wait_until

APPLICATION = "tests.integration.twilio.serving:application"
SERVERS = {
    "waitress": ["-m", "waitress", "--threads=4"],
    "gunicorn": ["-m", "gunicorn", "--workers=1", "--threads=4", "--worker-class=gthread"],
}
VOICE = {
    "AccountSid": ACCOUNT,
    "CallSid": "CA" + "a" * 32,
    "CallStatus": "ringing",
    "Direction": "inbound",
    "From": "+8613800138000",
    "To": "+864008000000",
    "FromCity": "",
    "CallerName": "王敏 & 'co' +1~",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(server, settings):
    port = free_port()
    listen = f"--listen=127.0.0.1:{port}" if server == "waitress" else f"--bind=127.0.0.1:{port}"
    environment = {
        **os.environ,
        "SANSHENG_HOME": str(settings.home),
        "SANSHENG_SECRET_KEY": settings.secret_key.get_secret_value(),
        "SANSHENG_DATABASE_URL": settings.database_url,
        "SANSHENG_PUBLIC_BASE_URL": BASE,
        "SANSHENG_TWILIO_ACCOUNT_SID": ACCOUNT,
        "SANSHENG_TWILIO_AUTH_TOKEN": TOKEN,
    }
    command = [sys.executable, *SERVERS[server], listen, APPLICATION]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(lambda: answers(port), f"{server} to answer")
            yield port
        finally:
            process.terminate()


def answers(port):
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


def post(port, target, params):
    signature = RequestValidator(TOKEN).compute_signature(BASE + target, MultiDict(params))
    connection = HTTPConnection("127.0.0.1", port, timeout=15)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature,
        "Host": "inside:1",
    }
    connection.request("POST", target, urlencode(params), headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()


@pytest.mark.parametrize("server", SERVERS)
def test_a_request_is_judged_by_its_bytes_on_every_server(server, installation, settings):
    with serving(server, settings) as port:
        status, headers, text = post(port, "/twilio/voice", VOICE)
        assert (status, headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
        assert headers["Content-Length"] == str(len(text.encode()))
        assert headers["Transfer-Encoding"] is None
        # the signature of this is good, so it is refused for its query: a decoded target would not have got so far
        assert post(port, "/twilio/flow/digits?s=%31&q=%E4%BD%A0%27%7e%2F", VOICE)[0] == 403
    with installation.unit_of_work(read_only=True) as session:
        assert [row.reason for row in refusals(session)] == ["query"]
