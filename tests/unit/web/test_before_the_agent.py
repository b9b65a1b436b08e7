"""What the agent's track holds before the bridge belongs to nobody: shaded, named, not counted."""

import json
import re

import pytest

from recording.models import Recording
from tests.factories import GOOD_CALL, add_scored_call

PROMPTS = [("agent", "感谢 您 的 来电 当前 坐席 全忙 请 稍候"), ("caller", "怎么 还 不 接")]


@pytest.fixture
def page_with_bridge(browser_of, installation, staff):
    """Return a function that gives the page of a call whose agent joined at a moment."""

    def page(answered_at_s, roles=None):
        recording = add_scored_call(installation, staff, lines=[*PROMPTS, *GOOD_CALL])
        with installation.unit_of_work() as session:
            row = session.get_one(Recording, recording.id)
            row.answered_at_s = answered_at_s
            for track in row.tracks:
                track.role = roles or track.role
        return browser_of("inspector").get(f"/recordings/{recording.id}").text

    return page


def speakers(page):
    return re.findall(r'<span class="speaker">([^<]+)</span>', page)


def facts(page):
    return json.loads(re.search(r'id="call-facts"[^>]*>(.*?)</script>', page, re.DOTALL)[1])


def test_what_the_agents_track_holds_before_the_bridge_is_a_prompt(page_with_bridge):
    page = page_with_bridge(7.0)

    assert speakers(page)[:3] == ["Prompt", "Caller", "Agent"], "the caller may talk while waiting"
    assert speakers(page).count("Prompt") == 1
    assert 'class="utterance prompt"' in page
    assert "Until 0:07 the agent&#39;s channel holds prompts and music" in page


def test_the_stretch_before_the_bridge_is_shaded_and_in_the_legend(page_with_bridge):
    page = page_with_bridge(7.0)

    assert facts(page)["beforeAgent"] == 7.0
    assert "Before the agent (0:00–0:07)" in page


@pytest.mark.parametrize("answered_at_s", [0.0, 0.6])
def test_an_agent_who_is_there_from_the_start_shades_nothing(page_with_bridge, answered_at_s):
    page = page_with_bridge(answered_at_s)

    assert facts(page)["beforeAgent"] == 0.0
    assert "Prompt" not in speakers(page)
    assert "Before the agent (" not in page


def test_without_known_roles_nothing_is_a_prompt(page_with_bridge):
    assert facts(page_with_bridge(7.0, roles="unknown"))["beforeAgent"] == 0.0


def test_the_call_log_tells_the_bridge_where_nobody_noted_it(browser_of, installation, staff):
    recording = add_scored_call(installation, staff, lines=[*PROMPTS, *GOOD_CALL])
    with installation.unit_of_work() as session:
        row = session.get_one(Recording, recording.id)
        row.answered_at_s = None
        row.started_at = row.call.started_at
        row.duration_s = 60.0

    assert facts(browser_of("inspector").get(f"/recordings/{recording.id}").text)["beforeAgent"] == 20.0


def test_prompts_do_not_count_as_the_agents_talk(page_with_bridge):
    def agents_share(page):
        return int(re.search(r"agent\s+(\d+)%", re.sub(r"<[^>]+>", " ", page))[1])

    assert agents_share(page_with_bridge(7.0)) < agents_share(page_with_bridge(0.0))
