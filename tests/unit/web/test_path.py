"""A call's way through menu and queue, in words and in order."""

from datetime import timedelta

import pytest

from core.i18n import use_locale
from ivr.models import Call, CallEvent
from tests.factories import add_call
from web.calls.path import steps_of

STEPS = [
    (1, "start", {"flow": "hotline"}),
    (2, "hours", {"node": "office", "outcome": "open"}),
    (4, "menu", {"node": "main", "outcome": "2"}),
    (6, "queue", {"node": "q", "outcome": "bridged"}),
    (96, "survey", {"node": "rate", "outcome": "score", "score": 5}),
]


@pytest.fixture
def words(app, installation, staff):
    """Return the steps of a call that was answered and rated."""
    call = add_call(installation, staff)
    origin = f"{call.provider}/{call.provider_call_id}"
    with installation.unit_of_work() as session:
        for position, (after_s, kind, fields) in enumerate(STEPS):
            session.add(
                CallEvent(
                    source="flow",
                    origin=origin,
                    position=position,
                    at=call.started_at + timedelta(seconds=after_s),
                    provider_call_id=call.provider_call_id,
                    kind=kind,
                    fields=fields,
                )
            )
    with (
        app.test_request_context("/"),
        installation.unit_of_work(read_only=True) as session,
        use_locale("en"),
    ):
        return [step.text for step in steps_of(session, session.get_one(Call, call.id))]


def test_menu_queue_and_rating_are_told_once_and_in_order(words):
    assert words == [
        "opening hours: open",
        "menu: pressed 2",
        "entered the queue Consulting",
        "王敏 answered after 14 s",
        "the caller hung up",
        "rating: 5",
    ]
