"""Every request we make of Twilio's REST API is one its own document knows."""

import pytest
from twilio.rest import Client

from core.errors import RetryLater
from core.settings import Settings
from ivr.twilio.account import RestAccount
from ivr.twilio.api import RestApi
from ivr.twilio.hotline import Addresses
from ivr.twilio.setup import webhooks
from tests.unit.ivr.twilio.strict_api import NotInTheDocument, StrictApi

ACCOUNT = "AC" + "0" * 32
CALL = "CA" + "1" * 32
RECORDING = "RE" + "2" * 32
NUMBER = "PN" + "3" * 32
ADDRESSES = Addresses("https://hotline.example.com")


@pytest.fixture
def settings():
    return Settings.model_validate({"twilio": {"account_sid": ACCOUNT, "auth_token": "token"}})


@pytest.fixture
def twilio():
    return StrictApi()


@pytest.fixture
def api(settings, twilio):
    made = RestApi(settings)
    made.client.http_client = twilio
    return made


@pytest.fixture
def account(settings, twilio):
    made = RestAccount(settings)
    made._client.http_client = twilio
    return made


def ring(api, **other):
    asked = {
        "to": "+8613900000000",
        "caller": "+864008000000",
        "url": ADDRESSES.agent(1, "answered"),
        "status_url": ADDRESSES.status(),
        "ring_s": 20,
    }
    return api.place_call(**{**asked, **other})


def test_what_is_done_about_calls_and_recordings(api, twilio):
    assert ring(api).startswith("CA")
    ring(api, to="sip:agent@example.com")
    api.end_call(CALL)
    assert api.silence_recording(CALL, silent=True)
    assert api.silence_recording(CALL, silent=False)
    api.recordings_of(CALL)
    api.delete_recording(RECORDING)
    assert [(method, path.rpartition("}/")[2]) for method, path, _more in twilio.asked] == [
        ("POST", "Calls.json"),
        ("POST", "Calls.json"),
        ("POST", "Calls/{Sid}.json"),
        ("POST", "Recordings/{Sid}.json"),
        ("POST", "Recordings/{Sid}.json"),
        ("GET", "Recordings.json"),
        ("DELETE", "Recordings/{Sid}.json"),
    ]


def test_what_is_done_about_the_account(account, twilio):
    number = account.number("+864008000000")
    assert number is not None
    account.configure(NUMBER, webhooks(ADDRESSES))
    assert account.queue_names()
    account.create_queue("support.10.unrecorded")
    assert account.newest_recording().startswith("RE")
    assert len(twilio.asked) == 5


def test_a_pause_is_silence_and_not_left_out(api, twilio):
    api.silence_recording(CALL, silent=True)
    assert twilio.asked[0][2] == {"Status": "paused", "PauseBehavior": "silence"}


@pytest.mark.parametrize("status", [404, 400])
def test_a_leg_that_is_not_recorded_is_told_from_a_failure(api, twilio, status):
    twilio.answers = {"post_Sid": (status, {"code": 20404 if status == 404 else 21220})}
    assert api.silence_recording(CALL, silent=True) is False
    twilio.answers = {"post_Sid": (503, {})}
    with pytest.raises(RetryLater):
        api.silence_recording(CALL, silent=True)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda client: client.calls.create(to="+86139", from_="+86400", url="/twilio/agent"),
        lambda client: client.calls.create(to="+86139", from_="+86400"),
        lambda client: client.calls.create(to="+1", from_="+2", url="https://h.example", method="post"),
        lambda client: client.calls.create(to="+1", from_="+2", url="https://h.example", timeout="soon"),
        lambda client: client.calls.create(
            to="+1", from_="+2", url="https://h.example", status_callback_event=["finished"]
        ),
        lambda client: client.calls.create(
            to="+1", from_="+2", url="https://h.example", status_callback_event="completed"
        ),
        lambda client: client.calls(CALL).update(status="over"),
        lambda client: client.calls("CA1").update(status="completed"),
        lambda client: client.queues("support").fetch(),
        lambda client: client.queues.create(friendly_name="support", max_size="many"),
        lambda client: client.recordings(CALL).delete(),
        lambda client: client.calls(CALL).recordings("Twilio.CURRENT").update(status="quiet"),
        lambda client: client.http_client.request("POST", f"{client.api.base_url}/2010-04-01/Accounts.xml"),
        lambda client: client.http_client.request(
            "POST",
            f"{client.api.base_url}/2010-04-01/Accounts/{ACCOUNT}/Queues.json",
            data={"FriendlyName": "x", "Colour": "red"},
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            auth=("a", "b"),
        ),
    ],
)
def test_the_judge_refuses_what_twilio_would(twilio, wrong):
    with pytest.raises(NotInTheDocument):
        wrong(Client("AC" + "0" * 32, "token", http_client=twilio))
