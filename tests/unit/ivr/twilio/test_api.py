"""What is asked of Twilio over its own library: the right thing, with a time limit, and without a number in a log."""

import io
import json
import logging
import urllib.error
from email.message import Message

import pytest
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ConnectTimeout, ReadTimeout
from twilio.http import HttpClient
from twilio.http.response import Response

from core.errors import BadInput, MissingPart, RetryLater
from core.settings import Settings
from ivr.twilio.account import RestAccount
from ivr.twilio.api import TIMEOUT_S, RestApi, connect

ACCOUNT = "AC" + "0" * 32
CALL = "CA" + "1" * 32
RECORDING = "RE" + "2" * 32


class Twilio(HttpClient):
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, status=201, text=f'{{"sid": "{CALL}"}}'):
        super().__init__(logger=logging.getLogger("twilio.http_client"), is_async=False)
        self.status, self.text, self.asked = status, text, []

    def request(self, method, url, params=None, data=None, headers=None, auth=None, timeout=None, **_more):
        self.asked.append((method, url, data, auth))
        if isinstance(self.status, Exception):
            raise self.status
        return Response(self.status, self.text)


@pytest.fixture
def settings():
    return Settings.model_validate({"twilio": {"account_sid": ACCOUNT, "auth_token": "token"}})


def api_with(settings, twilio):
    api = RestApi(settings)
    api.client.http_client = twilio
    return api


def test_an_agent_is_rung_with_everything_told_back(settings):
    twilio = Twilio()
    sid = api_with(settings, twilio).place_call(
        to="+8613900000000",
        caller="+864008000000",
        url="https://h.example/twilio/agent?o=1&step=answered",
        status_url="https://h.example/twilio/status",
        ring_s=20,
    )
    ((method, url, data, auth),) = twilio.asked
    assert (sid, method, auth) == (CALL, "POST", (ACCOUNT, "token"))
    assert url == f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    assert data["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
    assert (data["Timeout"], data["Method"], data["To"]) == (20, "POST", "+8613900000000")


def test_an_api_key_is_used_where_there_is_one():
    settings = Settings.model_validate(
        {"twilio": {"account_sid": ACCOUNT, "auth_token": "t", "api_key_sid": "SK1", "api_key_secret": "s"}}
    )
    twilio = Twilio()
    api_with(settings, twilio).end_call(CALL)
    assert twilio.asked[0][3] == ("SK1", "s")
    assert f"/Accounts/{ACCOUNT}/" in twilio.asked[0][1]


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (503, "{}", RetryLater),
        (429, '{"code": 20429}', RetryLater),
        (400, '{"code": 21211, "message": "The To number +8613900000000 is not valid."}', BadInput),
        (401, '{"code": 20003}', BadInput),
    ],
)
def test_a_refusal_is_told_by_its_number_and_without_the_callers(settings, status, text, error):
    api = api_with(settings, Twilio(status, text))
    with pytest.raises(error) as raised:
        api.place_call(
            to="+8613900000000", caller="+86400", url="https://h", status_url="https://h", ring_s=20
        )
    assert "139" not in str(raised.value)
    assert str(status) in str(raised.value)


@pytest.mark.parametrize("failure", [ConnectTimeout(), ReadTimeout(), RequestsConnectionError()])
def test_a_line_that_is_down_may_pass(settings, failure):
    """Twilio's library lets through what the one below it says."""
    api = api_with(settings, Twilio(failure))
    account = RestAccount(settings)
    account._client.http_client = Twilio(failure)
    for ask in (
        lambda: api.place_call(to="+1", caller="+2", url="https://h", status_url="https://h", ring_s=20),
        lambda: api.end_call(CALL),
        lambda: api.recordings_of(CALL),
        lambda: api.delete_recording(RECORDING),
        lambda: account.number("+1"),
    ):
        with pytest.raises(RetryLater, match=type(failure).__name__):
            ask()


def test_what_is_over_or_gone_already_is_no_error(settings):
    api_with(settings, Twilio(400, '{"code": 21220}')).end_call(CALL)
    api_with(settings, Twilio(404, '{"code": 20404}')).end_call(CALL)
    api_with(settings, Twilio(404, '{"code": 20404}')).delete_recording(RECORDING)


def test_every_request_has_a_time_limit_and_the_librarys_log_is_quiet(settings):
    assert RestApi(settings).client.http_client.timeout == TIMEOUT_S
    assert not logging.getLogger("twilio.http_client").isEnabledFor(logging.INFO)


def test_without_an_account_it_says_what_to_set():
    with pytest.raises(MissingPart, match="SANSHENG_TWILIO_ACCOUNT_SID"):
        connect(Settings())


class Opener:
    """Stands for urllib: one answer, and the request it was given."""

    def __init__(self, answer):
        self.answer = answer

    def open(self, request, timeout):
        self.request, self.timeout = request, timeout
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def headers(content_type):
    message = Message()
    message["Content-Type"] = content_type
    return message


def test_a_recording_is_fetched_from_twilio_with_credentials_for_twilio_only(settings, tmp_path):
    api = RestApi(settings)
    body = io.BytesIO(b"RIFF")
    body.status, body.headers = 200, headers("audio/x-wav")
    api._opener = opener = Opener(body)
    assert api.fetch_media(RECORDING, channels=2, target=tmp_path / "x") == (200, "audio/x-wav")
    assert (tmp_path / "x").read_bytes() == b"RIFF"
    address = (
        f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{RECORDING}.wav?RequestedChannels=2"
    )
    assert (opener.request.full_url, opener.timeout) == (address, 60.0)
    assert "Authorization" in opener.request.unredirected_hdrs
    assert "Authorization" not in opener.request.headers


def test_a_stream_without_an_end_is_not_fetched_to_its_end(settings, tmp_path, monkeypatch):
    """Whoever answers in Twilio's place must not fill the disk."""
    monkeypatch.setattr("ivr.twilio.api.LARGEST_MEDIA", 200_000)
    api = RestApi(settings)
    body = io.BytesIO(b"RIFF" * 250_000)
    body.status, body.headers = 200, headers("audio/x-wav")
    api._opener = Opener(body)
    assert api.fetch_media(RECORDING, channels=2, target=tmp_path / "x") == (413, "audio/x-wav")
    assert (tmp_path / "x").stat().st_size <= 200_000


def test_a_recording_that_is_not_there_is_a_status_and_a_broken_line_may_pass(settings, tmp_path):
    api = RestApi(settings)
    api._opener = Opener(urllib.error.HTTPError("u", 404, "", headers("application/xml"), io.BytesIO()))
    assert api.fetch_media(RECORDING, channels=2, target=tmp_path / "x") == (404, "application/xml")
    api._opener = Opener(TimeoutError())
    with pytest.raises(RetryLater):
        api.fetch_media(RECORDING, channels=2, target=tmp_path / "x")


def test_a_legs_recordings_are_told_as_their_callbacks_would_have_been(settings):
    recording = {
        "sid": RECORDING,
        "status": "completed",
        "channels": 2,
        "duration": "30",
        "source": "DialVerb",
        "start_time": "Mon, 02 Mar 2026 01:00:25 +0000",
    }
    body = {"recordings": [recording, {**recording, "status": "processing"}], "page_size": 50}
    api = api_with(settings, Twilio(200, json.dumps(body)))
    (told,) = api.recordings_of(CALL)
    assert (told["CallSid"], told["RecordingSid"], told.seconds("RecordingDuration")) == (
        CALL,
        RECORDING,
        30.0,
    )
    assert told.time("RecordingStartTime").minute == 0
