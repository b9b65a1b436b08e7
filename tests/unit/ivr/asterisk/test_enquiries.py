"""A call's question to the database costs it a second at most, and never the call."""

import threading

import pytest
from sqlalchemy import text

from core.errors import RetryLater
from ivr.asterisk.enquiries import Enquiries


@pytest.fixture
def enquiries(installation):
    asking = Enquiries(installation, within_s=0.05)
    yield asking
    asking.close()


def test_the_answer_comes_from_the_database(enquiries):
    assert enquiries.ask("sum", lambda session: session.scalar(text("SELECT 1 + 1")), 0) == 2


def test_a_database_that_cannot_answer_is_logged_and_the_call_goes_on(enquiries, capfd):
    def fails(session):
        raise RetryLater("busy with 13800138000")

    def is_not_there(session):
        return session.scalar(text("SELECT number FROM no_such_table WHERE number = '13800138000'"))

    assert enquiries.ask("standing", fails, "normal") == "normal"
    assert enquiries.ask("standing", is_not_there, "normal") == "normal"
    said = "".join(capfd.readouterr())
    assert said.count("enquiry_unanswered") == 2
    assert "13800138000" not in said


def test_a_slow_database_is_not_waited_for(enquiries, capfd):
    answered = threading.Event()
    try:
        assert enquiries.ask("standing", lambda session: answered.wait(30), "normal") == "normal"
    finally:
        answered.set()
    assert "TimeoutError" in "".join(capfd.readouterr())
