"""Behind a real server: signatures are checked over the bytes that came, and fifty calls at once lose nothing."""

import json
import threading
from random import Random
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from core.clock import FixedClock
from ivr.flow.check import shipped_flow
from ivr.models import Call, CallEvent
from ivr.twilio.models import TwilioAnswer, TwilioCall
from ivr.twilio.refusals import refusals
from tests.integration.twilio.conftest import MONDAY
from tests.integration.twilio.sockets import SERVERS, SocketClient, send, serving, signed
from tests.integration.twilio.test_differential import on_paper, path_of, random_caller, told_of
from tests.integration.twilio.virtual_legs import BASE, Knobs, QueuePlan, ScriptedCaller
from tests.integration.twilio.virtual_twilio import ACCOUNT, VirtualTwilio

SID = "CA" + "a" * 32
VOICE = {
    "AccountSid": ACCOUNT,
    "CallSid": SID,
    "CallStatus": "ringing",
    "Direction": "inbound",
    "From": "+8613800138000",
    "To": "+864008000000",
    "FromCity": "",
    "CallerName": "王敏 & 'co' +1~",
    "SipHeader_X-Note": " blanks at both ends ",
}
KEY = {**VOICE, "CallStatus": "in-progress", "Digits": "1"}
AT, NEXT = "/twilio/voice", "/twilio/flow/digits?s=1"
ODD = "?q=%E4%BD%A0%27%7e%2F+%20"


@pytest.fixture(params=SERVERS)
def port(request, installation, settings):
    with serving(request.param, settings) as opened:
        yield opened


def rows(installation):
    """What any accepted request would change."""
    with installation.unit_of_work(read_only=True) as session:
        tables = (TwilioCall, TwilioAnswer, CallEvent, Call)
        counts = [session.scalar(select(func.count()).select_from(table)) for table in tables]
        return counts + [(c.sequence, c.waiting) for c in session.scalars(select(TwilioCall))]


def counted(installation):
    with installation.unit_of_work(read_only=True) as session:
        return {row.reason for row in refusals(session)}


def post(port, target, params, **how):
    return send(port, target, urlencode(params), **{"signature": signed(BASE + target, params), **how})


def test_what_twilio_signed_is_answered_whatever_the_proxy_says(port, installation):
    proxy = ["X-Forwarded-Proto: http", "X-Forwarded-Host: evil.example.com", "X-Forwarded-Port: 80"]
    proxy += ["Forwarded: host=evil.example.com;proto=http", "X-Original-URL: /admin/users"]
    status, headers, text = post(port, AT, VOICE, more=proxy)
    assert (status, headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert headers["Content-Length"] == str(len(text.encode()))
    assert headers["Transfer-Encoding"] is None
    twice = [*KEY.items(), ("Extra", "b"), ("Extra", "a"), ("Extra", "a"), ("Nothing", "")]
    body = urlencode(twice)
    assert send(port, NEXT, body, signature=signed(BASE + NEXT, MultiDict(twice)))[0] == 200
    assert rows(installation)[:2] == [1, 2]
    assert counted(installation) == set()


def test_an_encoded_query_is_judged_as_it_came(port, installation):
    """Its signature is good, so it is refused for its query: a decoded target would not have come so far."""
    assert post(port, f"/twilio/flow/digits{ODD}", VOICE)[0] == 403
    assert counted(installation) == {"query"}


@pytest.mark.parametrize("server", SERVERS)
def test_what_nobody_signed_for_us_has_no_effect(server, installation, settings):
    good = signed(BASE + AT, VOICE)
    glued = "".join(name + value for name, value in sorted(VOICE.items()))
    merged = {"AccountSid" + ACCOUNT + "CallSid": glued.partition("CallSid")[2]}
    evil = "https://evil.example.com"
    forgeries = {
        "no header": (AT, urlencode(VOICE), {"signature": None}),
        "an empty header": (AT, urlencode(VOICE), {"signature": ""}),
        "a header that is no text": (AT, urlencode(VOICE), {"signature": "\xff" * 9}),
        "two headers": (AT, urlencode(VOICE), {"more": [f"X-Twilio-Signature: {good}"], "signature": good}),
        "another parameter": (AT, urlencode({**VOICE, "To": "+86400"}), {"signature": good}),
        "a parameter more": (AT, urlencode({**VOICE, "More": "1"}), {"signature": good}),
        "a parameter less": (
            AT,
            urlencode({k: v for k, v in VOICE.items() if k != "To"}),
            {"signature": good},
        ),
        "blanks cut off": (AT, urlencode({k: v.strip() for k, v in VOICE.items()}), {"signature": good}),
        "merged parameters": (AT, urlencode(merged), {"signature": good}),
        "GET with the parameters": (f"{AT}?{urlencode(VOICE)}", b"", {"method": "GET", "signature": good}),
        "GET with them glued on": (AT + quote(glued), b"", {"method": "GET", "signature": good}),
        "HEAD": (AT, b"", {"method": "HEAD", "signature": good}),
        "parameters in the query": (f"{AT}?{urlencode(VOICE)}", b"", {"signature": good}),
        "another address": ("/twilio/fallback", urlencode(VOICE), {"signature": good}),
        "its address encoded": ("/twilio/v%6fice", urlencode(VOICE), {"signature": good}),
        "two slashes": ("//twilio/voice", urlencode(VOICE), {"signature": good}),
        "a whole address": (BASE + AT, urlencode(VOICE), {"signature": good}),
        "an end without a query": (f"{AT}?", urlencode(VOICE), {"signature": good}),
        "signed for another host": (
            AT,
            urlencode(VOICE),
            {"signature": signed(evil + AT, VOICE), "more": ["X-Forwarded-Host: evil.example.com"]},
        ),
        "JSON": (
            AT,
            json.dumps(VOICE),
            {"signature": signed(BASE + AT, {}), "content_type": "application/json"},
        ),
        "JSON with a hash": (
            f"{AT}?bodySHA256=00",
            json.dumps(VOICE),
            {"signature": signed(f"{BASE}{AT}?bodySHA256=00", {}), "content_type": "application/json"},
        ),
        "no body": (AT, b"", {"signature": signed(BASE + AT, {})}),
        "text": (AT, urlencode(VOICE), {"signature": good, "content_type": "text/plain"}),
    }
    with serving(server, settings) as port:
        answers = {name: send(port, target, body, **how) for name, (target, body, how) in forgeries.items()}
    assert rows(installation) == [0, 0, 0, 0]
    assert {name: status for name, (status, _h, _t) in answers.items() if status == 200} == {}
    for name, (status, _headers, text) in answers.items():
        assert status in {308, 400, 403, 404, 405}, name
        assert "ignature" not in text, name
    log = (settings.home / "server.log").read_text(errors="replace")
    assert "Traceback" not in log
    assert "13800138000" not in log


def test_what_was_captured_and_is_sent_again_has_no_second_effect(port, installation):
    first = post(port, AT, VOICE)
    second = post(port, NEXT, KEY)
    before = rows(installation)
    for target, params, then in ((AT, VOICE, first), (NEXT, KEY, second), (AT, VOICE, first)):
        assert post(port, target, params)[::2] == then[::2]
    assert rows(installation) == before
    over = {**VOICE, "CallStatus": "completed", "SequenceNumber": "0"}
    assert post(port, "/twilio/status", over)[0] == 204
    ended = rows(installation)
    later = {**KEY, "Digits": "2"}
    for target, params in ((NEXT.replace("=1", "=2"), later), ("/twilio/wait?s=2&n=0", KEY)):
        assert post(port, target, params)[0] == 403
    assert post(port, "/twilio/status", over)[0] == 204
    assert rows(installation) == ended


@pytest.mark.parametrize("server", SERVERS)
def test_an_address_of_six_groups_with_a_port(server, installation, settings):
    base = "https://[2001:db8::1]:8443"
    with serving(server, settings, base=base, host="::1") as port:
        for signed_for in (base, "https://[2001:db8::1]"):
            params = {**VOICE, "CallSid": "CA" + str(len(signed_for) % 10) * 32}
            answer = send(port, AT, urlencode(params), signature=signed(signed_for + AT, params), host="::1")
            assert answer[0] == 200, signed_for
            assert f"{base}/twilio/flow/digits?s=1" in answer[2]
        for signed_for in ("http://[2001:db8::1]:8443", "https://[2001:db8::2]:8443"):
            answer = send(port, AT, urlencode(VOICE), signature=signed(signed_for + AT, VOICE), host="::1")
            assert answer[0] == 403, signed_for
    assert rows(installation)[0] == 2


CALLS = 50


class Callers(threading.Thread):
    """One call on a virtual Twilio of its own."""

    def __init__(self, port, number):
        super().__init__()
        random = Random(number)
        knobs = Knobs(
            duplicate=number % 2 == 0,
            reorder_status=number % 3 == 0,
            status_before_result=number % 5 == 0,
            recording_absent=True,
        )
        self.script = random_caller(random)
        self.script["queues"] = [
            plan if plan.outcome != "bridged" else QueuePlan("abandoned") for plan in self.script["queues"]
        ]
        self.twilio = VirtualTwilio(SocketClient(port), FixedClock(MONDAY), knobs, seed=number)
        self.failure = None

    def run(self):
        """Call; what Twilio would complain about is kept."""
        try:
            self.sid = self.twilio.call(ScriptedCaller(**self.script))
            self.twilio.run()
        except AssertionError as failure:
            self.failure = failure


@pytest.mark.slow
def test_fifty_calls_at_once_lose_no_webhook(staffed, settings):
    flow = shipped_flow()
    with serving("gunicorn", settings) as port:
        callers = [Callers(port, number) for number in range(CALLS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert [caller.failure for caller in callers if caller.failure] == []
    assert sum(len(caller.twilio.log) for caller in callers) > 5 * CALLS
    for caller in callers:
        steps, _state = on_paper(flow, ScriptedCaller(**caller.script), MONDAY)
        assert path_of(staffed, caller.sid) == [told_of(step) for step in steps]
    assert counted(staffed) == set()
