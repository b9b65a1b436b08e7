"""Set-up changes what differs and nothing else, and says what a person must do."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select

import ivr.cli_twilio
from core.errors import BadInput, NotFound, RetryLater
from core.settings import Settings
from ivr.cli_twilio import twilio
from ivr.flow.check import shipped_flow
from ivr.models import Agent
from ivr.presence.models import AgentPause, AgentSession
from ivr.twilio.account import HotlineNumber
from ivr.twilio.hotline import Addresses
from ivr.twilio.models import TwilioAgent, TwilioRefusal
from ivr.twilio.setup import lines, set_up, webhooks

BASE = "https://hotline.example.com"
RIGHT = webhooks(Addresses(BASE))


@pytest.fixture
def settings(tmp_path, database_url):
    return Settings.model_validate(
        {
            "home": tmp_path / "home",
            "secret_key": "a secret for tests only",
            "database": {"url": database_url},
            "public": {"base_url": BASE},
            "twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "x", "number": "+864008000000"},
        }
    )


class Account:
    """An account at Twilio as it was found, and what was done to it."""

    def __init__(self, *, hooks=None, queues=(), is_open=False, recording="", problem=None):
        self.hooks, self.queues, self.done = hooks, set(queues), []
        self.is_open, self.recording, self.problem = is_open, recording, problem

    def number(self, number):
        if self.problem:
            raise self.problem
        return None if self.hooks is None else HotlineNumber("PN1", self.hooks)

    def configure(self, number_sid, webhooks):
        self.done.append(("number", number_sid))
        self.hooks = {**self.hooks, **webhooks}

    def queue_names(self):
        return set(self.queues)

    def create_queue(self, name):
        self.done.append(("queue", name))
        self.queues.add(name)

    def newest_recording(self):
        return self.recording

    def media_are_open(self, recording_sid):
        return self.is_open


def states(findings):
    return {(finding.part, finding.state) for finding in findings}


def test_a_new_account_is_set_up_once_and_then_left_alone(settings):
    account = Account(hooks={"voice_url": "https://demo.twilio.com/welcome"})
    list(set_up(account, settings, dry_run=False))
    assert account.hooks == RIGHT
    assert account.queues == lines(shipped_flow())
    done = list(account.done)
    again = list(set_up(account, settings, dry_run=False))
    assert account.done == done
    assert {("number", "ok"), ("queue", "ok")} <= states(again)


def test_a_dry_run_says_everything_and_does_nothing(settings):
    account = Account(hooks={})
    findings = list(set_up(account, settings, dry_run=True))
    assert account.done == []
    assert sum(finding.part == "queue" for finding in findings) == len(lines(shipped_flow()))
    assert {("number", "change"), ("queue", "change")} <= states(findings)


def test_every_line_a_call_can_wait_in_is_made_beforehand():
    """An agent's leg that asks for a queue that was never made fails."""
    assert {"consulting", "consulting.10", "consulting.15.unrecorded", "complaints.5"} <= lines(
        shipped_flow()
    )


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"hooks": None}, "number"),
        ({"hooks": RIGHT, "recording": "RE1", "is_open": True}, "media"),
    ],
)
def test_what_a_person_must_do_is_said(settings, change, part):
    assert (part, "missing") in states(set_up(Account(**change), settings, dry_run=True))


@pytest.mark.parametrize("base", ["", "http://hotline.example.com", "https://hot_line.example.com"])
def test_an_address_twilio_cannot_use_is_said(settings, base):
    public = settings.public.model_copy(update={"base_url": base})
    changed = settings.model_copy(update={"public": public})
    assert ("address", "missing") in states(set_up(Account(hooks=RIGHT), changed, dry_run=True))


@pytest.fixture
def command(installation, monkeypatch):
    with installation.unit_of_work() as session:
        session.add(Agent(code="2001", name="王敏", interface="TWILIO/2001"))

    def run(*arguments, account=None):
        monkeypatch.setattr(ivr.cli_twilio, "RestAccount", lambda _settings: account)
        return CliRunner().invoke(twilio, list(arguments), obj=installation, standalone_mode=False)

    return run


def test_doctor_counts_what_was_refused(command, installation):
    with installation.unit_of_work() as session:
        session.add(TwilioRefusal(reason="signature", count=7, last_at=installation.clock.now()))
    answer = command("doctor", "--json", account=Account(hooks=RIGHT, recording="RE1"))
    findings = json.loads(answer.output)["findings"]
    assert any(f["part"] == "refused webhooks" and "7" in f["text"] for f in findings)
    assert not any(f["state"] == "missing" for f in findings)


def test_doctor_says_when_somebody_changed_the_webhooks(command):
    answer = command("doctor", account=Account(hooks={**RIGHT, "voice_url": "https://other.example.com"}))
    assert "warning  number: voice_url" in answer.output


def test_doctor_goes_on_when_twilio_cannot_be_reached(command):
    answer = command("doctor", account=Account(problem=RetryLater("Twilio cannot be reached: timeout")))
    assert "cannot be reached" in answer.output
    assert answer.exception is None


def test_an_agents_telephone_is_kept_encrypted_and_the_state_changes(command, installation):
    assert isinstance(command("agent", "2001", "--state", "ready").exception, BadInput)
    assert isinstance(command("agent", "2001", "--address", "13900000000").exception, BadInput)
    assert isinstance(command("agent", "9999", "--address", "+8613900000000").exception, NotFound)
    command("agent", "2001", "--address", "+8613900000000", "--state", "ready")
    with installation.unit_of_work(read_only=True) as session:
        row = session.scalars(select(TwilioAgent)).one()
        assert (row.address, row.state) == ("+8613900000000", "ready")
        raw = session.connection().exec_driver_sql("SELECT address FROM twilio_agent").scalar()
        assert b"13900000000" not in bytes(raw)
    command("agent", "2001", "--state", "paused")
    with installation.unit_of_work(read_only=True) as session:
        assert session.scalars(select(TwilioAgent)).one().state == "paused"


def test_the_hours_and_pauses_of_an_agent_are_kept_like_those_of_asterisk(command, installation, clock):
    begun = clock.now()
    command("agent", "2001", "--address", "+8613900000000", "--state", "ready")
    for minutes, state in ((10, "paused"), (25, "ready"), (40, "paused"), (60, "away"), (61, "away")):
        clock.at = begun + timedelta(minutes=minutes)
        command("agent", "2001", "--state", state)

    with installation.unit_of_work(read_only=True) as session:
        stay = session.scalars(select(AgentSession).where(AgentSession.queue_id.is_(None))).one()
        assert (stay.provider, stay.began_at, stay.ended_at) == ("twilio", begun, begun + timedelta(hours=1))
        pauses = session.scalars(select(AgentPause).where(AgentPause.queue_id.is_(None))).all()
        assert [(p.ended_at - p.began_at).total_seconds() for p in pauses] == [900, 1200]
