"""Whoever is not Twilio, and whatever is not a fresh event of a call, changes nothing and learns nothing."""

from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

import ivr.twilio.calls
from core.errors import RetryLater
from ivr.models import Call, CallEvent
from ivr.twilio.models import TwilioAnswer, TwilioCall
from ivr.twilio.refusals import refusals
from ivr.twilio.twiml import APOLOGY
from tests.integration.twilio.twiml_rules import check_document
from tests.integration.twilio.virtual_legs import BASE
from tests.integration.twilio.virtual_twilio import ACCOUNT, TOKEN
from web.app import create_app

SID = "CA" + "a" * 32
VOICE = {
    "AccountSid": ACCOUNT,
    "CallSid": SID,
    "CallStatus": "ringing",
    "Direction": "inbound",
    "From": "+8613800138000",
    "To": "+864008000000",
    "FromCity": "",
}


@pytest.fixture
def post(staffed):
    client = create_app(staffed).test_client()

    def post(path, params, *, signed=None, token=TOKEN, signature=None, **options):
        made = RequestValidator(token).compute_signature(BASE + path, MultiDict(signed or params))
        headers = {} if signature == "" else {"X-Twilio-Signature": signature or made}
        return client.open(path, **{"method": "POST", "data": params, "headers": headers, **options})

    return post


def state_of(installation):
    with installation.unit_of_work(read_only=True) as session:
        return [
            session.scalar(select(func.count()).select_from(table))
            for table in (TwilioCall, TwilioAnswer, CallEvent, Call)
        ] + [(c.sequence, c.waiting) for c in session.scalars(select(TwilioCall))]


def counted(installation):
    with installation.unit_of_work(read_only=True) as session:
        return {row.reason: row.count for row in refusals(session)}


def ask(post, path="/twilio/flow/digits?s=1", **more):
    return post(path, {**VOICE, "CallStatus": "in-progress", "Digits": "1", **more})


def test_a_signed_call_is_answered_with_a_document(post):
    answer = post("/twilio/voice", VOICE)
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    check_document(answer.text)
    assert "您好" in answer.text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"signature": ""}, "no_signature"),
        ({"signature": "AAAA"}, "signature"),
        ({"token": "another token"}, "signature"),
        ({"signed": {**VOICE, "To": "+86400"}}, "signature"),
        ({"method": "GET"}, None),
        ({"method": "PUT"}, None),
    ],
)
def test_what_twilio_did_not_sign_is_refused(post, staffed, change, reason):
    answer = post("/twilio/voice", VOICE, **change)
    assert answer.status_code in {403, 405}
    assert "signature" not in answer.text.lower()
    assert state_of(staffed) == [0, 0, 0, 0]
    assert counted(staffed) == ({reason: 1} if reason else {})


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({**VOICE, "AccountSid": "AC" + "1" * 32}, "other_account"),
        ({k: v for k, v in VOICE.items() if k != "AccountSid"}, "missing_parameter"),
        ({**VOICE, "CallSid": "CA1"}, "bad_parameter"),
        ({k: v for k, v in VOICE.items() if k != "CallSid"}, "missing_parameter"),
        ({**VOICE, "From": "<Dial>"}, "bad_parameter"),
        ({**VOICE, "Direction": "outbound-api"}, "not_inbound"),
        (MultiDict([*VOICE.items(), ("CallSid", SID)]), "repeated_parameter"),
        ({}, "missing_parameter"),
    ],
)
def test_a_signed_request_of_another_shape_is_refused(post, staffed, params, reason):
    assert post("/twilio/voice", params).status_code == 403
    assert state_of(staffed) == [0, 0, 0, 0]
    assert counted(staffed) == {reason: 1}


@pytest.mark.parametrize(
    "query", ["", "?s=", "?s=x", "?s=1&s=1", "?s=1&x=2", "?s=1%20", "?q=%E4%BD%A0", "?s=01x"]
)
def test_an_address_we_never_gave_is_refused(post, staffed, query):
    post("/twilio/voice", VOICE)
    before = state_of(staffed)
    assert ask(post, f"/twilio/flow/digits{query}").status_code == 403
    assert state_of(staffed) == before


def test_a_body_that_is_no_form_is_refused(post, staffed):
    address = "/twilio/voice"
    signature = RequestValidator(TOKEN).compute_signature(BASE + address, {})
    answer = post(address, None, signature=signature, json=VOICE, data=None)
    assert answer.status_code == 403
    assert state_of(staffed) == [0, 0, 0, 0]


def test_parameters_run_together_under_a_captured_signature_are_refused(post, staffed):
    """The signature knows no delimiters: these have the same one."""
    merged = {
        "AccountSid" + ACCOUNT + "CallSid": SID
        + "CallStatusringingDirectioninboundFrom+8613800138000FromCityTo+864008000000"
    }
    swallowed = {
        **{k: v for k, v in VOICE.items() if k not in {"From", "FromCity", "Direction"}},
        "Direction": "inboundFrom+8613800138000FromCity",
    }
    good = RequestValidator(TOKEN).compute_signature(f"{BASE}/twilio/voice", VOICE)
    for forged in (merged, swallowed):
        assert RequestValidator(TOKEN).compute_signature(f"{BASE}/twilio/voice", forged) == good
        assert post("/twilio/voice", forged).status_code == 403
    glued = "/twilio/voice" + "".join(k + v for k, v in sorted(VOICE.items())).replace("+", "%2B")
    assert post(glued, None, method="GET", signature=good).status_code in {403, 404, 405}
    assert state_of(staffed) == [0, 0, 0, 0]


def test_a_repeated_request_gets_the_same_document_and_changes_nothing(post, staffed):
    first = post("/twilio/voice", VOICE)
    after = state_of(staffed)
    assert post("/twilio/voice", VOICE).data == first.data
    assert state_of(staffed) == after
    second = ask(post)
    assert second.data != first.data
    after = state_of(staffed)
    assert ask(post).data == second.data
    assert post("/twilio/voice", VOICE).data == first.data
    assert state_of(staffed) == after


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/twilio/flow/digits?s=2", {"Digits": "1"}),
        ("/twilio/flow/digits?s=999999", {"Digits": "1"}),
        ("/twilio/flow/queue?s=1", {"QueueResult": "bridged"}),
        ("/twilio/flow/record?s=1", {"RecordingDuration": "5"}),
        ("/twilio/flow/digits?s=1", {"Digits": "1From+8613"}),
        ("/twilio/flow/digits?s=1", {"CallSid": "CA" + "b" * 32}),
        ("/twilio/wait?s=1&n=0", {"QueueTime": "0"}),
        ("/twilio/connecting", {"DequeingCallSid": SID}),
        ("/twilio/agent?o=1&step=answered", {}),
    ],
)
def test_an_event_the_call_does_not_wait_for_is_refused(post, staffed, path, params):
    post("/twilio/voice", VOICE)
    before = state_of(staffed)
    assert ask(post, path, **params).status_code == 403
    assert state_of(staffed) == before


def test_after_the_end_of_a_call_nothing_moves_it(post, staffed):
    post("/twilio/voice", VOICE)
    assert (
        post("/twilio/status", {**VOICE, "CallStatus": "completed", "SequenceNumber": "0"}).status_code == 204
    )
    ended = state_of(staffed)
    assert ask(post).status_code == 403
    assert post("/twilio/status", {**VOICE, "CallStatus": "completed"}).status_code == 204
    assert state_of(staffed) == ended
    with staffed.unit_of_work(read_only=True) as session:
        assert session.scalars(select(Call)).one().outcome == "hung_up"
        assert session.scalars(select(TwilioCall)).one().state is None


@pytest.mark.parametrize(
    "at", ["Sun, 01 Mar 2026 01:00:00 +0000", "Tue, 03 Mar 2026 01:00:00 +0000", "never"]
)
def test_a_status_of_another_time_is_refused(post, staffed, at):
    post("/twilio/voice", VOICE)
    before = state_of(staffed)
    assert post("/twilio/status", {**VOICE, "CallStatus": "completed", "Timestamp": at}).status_code == 403
    assert state_of(staffed) == before


def test_a_call_that_was_forgotten_does_not_begin_again(post, staffed):
    """A captured first request is good for ever, as far as its signature goes."""
    post("/twilio/voice", VOICE)
    post("/twilio/status", {**VOICE, "CallStatus": "completed"})
    with staffed.unit_of_work() as session:
        session.delete(session.scalars(select(TwilioAnswer)).one())
    before = state_of(staffed)
    assert post("/twilio/voice", VOICE).status_code == 403
    assert state_of(staffed) == before


def test_while_a_token_is_replaced_both_are_good(staffed, post):
    settings = staffed.settings
    twilio = settings.twilio.model_copy(
        update={"next_auth_token": type(settings.twilio.auth_token)("the new one")}
    )
    object.__setattr__(staffed, "settings", settings.model_copy(update={"twilio": twilio}))
    assert post("/twilio/voice", VOICE, token="the new one").status_code == 200
    assert post("/twilio/voice", VOICE).status_code == 200


def test_without_a_configured_account_everything_is_refused(staffed, post):
    settings = staffed.settings
    twilio = settings.twilio.model_copy(update={"auth_token": type(settings.twilio.auth_token)("")})
    object.__setattr__(staffed, "settings", settings.model_copy(update={"twilio": twilio}))
    assert post("/twilio/voice", VOICE, token="").status_code == 403
    assert counted(staffed) == {"not_configured": 1}


def test_a_defect_of_ours_is_an_apology_and_changes_nothing(post, staffed, monkeypatch):
    monkeypatch.setattr(ivr.twilio.calls, "render", lambda *_: 1 / 0)
    answer = post("/twilio/voice", VOICE)
    assert (answer.status_code, answer.text) == (200, APOLOGY)
    check_document(answer.text)
    assert state_of(staffed) == [0, 0, 0, 0]


def test_a_passing_failure_is_repeated_by_twilio_and_then_apologised_for(post, staffed, monkeypatch):
    @contextmanager
    def busy(*_args, **_options):
        raise RetryLater("busy")
        yield

    monkeypatch.setattr(type(staffed), "unit_of_work", busy)
    assert post("/twilio/voice", VOICE).status_code == 503
    fallback = post("/twilio/fallback", {**VOICE, "ErrorCode": "11200", "ErrorUrl": f"{BASE}/twilio/voice"})
    assert (fallback.status_code, fallback.text) == (200, APOLOGY)


def test_refusals_are_counted_without_a_write_for_each(post, staffed):
    for _ in range(50):
        post("/twilio/voice", VOICE, signature="AAAA")
    assert counted(staffed) == {"signature": 1}
    staffed.clock.at = staffed.clock.at.replace(minute=1)
    post("/twilio/voice", VOICE, signature="AAAA")
    assert counted(staffed) == {"signature": 51}


def test_numbers_and_digits_are_in_no_log_line_and_no_address(post, capfd):
    from core.logging import configure_logging

    configure_logging("DEBUG")
    text = post("/twilio/voice", VOICE).text
    ask(post, Digits="9876")
    ask(post, "/twilio/flow/digits?s=7")
    post("/twilio/status", {**VOICE, "CallStatus": "completed"})
    written = "".join(capfd.readouterr())
    assert "13800138000" not in written + text
    assert "9876" not in written
    assert urlencode({"x": "13800138000"}) not in text


def test_prompts_with_audio_are_played_from_the_same_file(post, staffed):
    folder = staffed.settings.home / "prompts" / "zh"
    folder.mkdir(parents=True)
    (folder / "welcome.wav").write_bytes(b"RIFF....WAVE")
    text = post("/twilio/voice", VOICE).text
    assert f"<Play>{BASE}/twilio/audio/zh/welcome.wav?v=" in text
    address = text.partition("<Play>")[2].partition("</Play>")[0].removeprefix(BASE)
    client = create_app(staffed).test_client()
    answer = client.get(address)
    assert (answer.status_code, answer.data) == (200, b"RIFF....WAVE")
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    for missing in (
        "/twilio/audio/zh/none.wav",
        "/twilio/audio/zh/..%2f..%2fsecret.wav",
        "/twilio/audio/xx/a.wav",
    ):
        assert client.get(missing).status_code == 404
