"""Where the agent's part of a recording begins, and that prompts before it are never held against anybody."""

from datetime import UTC, datetime, timedelta

import pytest

from ivr.models import QueueVisit
from qa.hearing import answered_at_s
from recording.models import Recording, Role
from tests.unit.qa.calls import agent, heard

BRIDGED = datetime(2026, 11, 20, 9, 0, 11, tzinfo=UTC)


def _visit(**facts):
    known = {"left_queue_at": BRIDGED, "talk_s": 8.0, "ended_by": "agent", **facts}
    return QueueVisit(outcome="answered", **known)


@pytest.mark.parametrize(
    ("recording", "visit", "expected"),
    [
        (Recording(duration_s=20.0, answered_at_s=3.0), _visit(), 3.0),
        (Recording(duration_s=20.0, started_at=BRIDGED - timedelta(seconds=11)), _visit(), 11.0),
        (Recording(duration_s=20.0), _visit(), 12.0),
        (Recording(duration_s=7.0), _visit(), 0.0),
        (Recording(duration_s=20.0), _visit(ended_by="transfer"), None),
        (Recording(duration_s=20.0), _visit(talk_s=None), None),
        (Recording(duration_s=20.0), None, None),
        (Recording(duration_s=20.0, kind="voicemail"), _visit(), None),
    ],
    ids=[
        "told",
        "by start",
        "by end",
        "recorded from the bridge",
        "transferred",
        "no talk",
        "no log",
        "voicemail",
    ],
)
def test_the_bridge_is_found_where_the_call_log_allows_it(recording, visit, expected):
    assert answered_at_s(recording, visit) == expected


def test_prompts_before_the_bridge_are_not_the_agents_words():
    """On Asterisk's tx leg the IVR speaks first; its 不清楚 is nobody's vague answer."""
    call = heard(agent(1, "如果 不清楚 请 按 零"), agent(12, "您好 这里 是 云帆 科技"), answered_at_s=12.5)

    assert [u.start_s for u in call.utterances_of(Role.AGENT)] == [12]
    assert [start for start, _ in call.speech_of(Role.AGENT)] == [12]
