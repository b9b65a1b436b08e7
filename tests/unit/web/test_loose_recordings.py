"""The list of recordings that belong to no call, and what a page says when one could not be transcribed."""

import re

import pytest

from recording.models import Recording, RecordingFile, Role, Track
from tests.factories import add_scored_call
from web.recordings.listing import shown_name

HOSTILE = '<img src=x onerror="alert(1)">\N{RIGHT-TO-LEFT OVERRIDE}gpj.wav'


@pytest.fixture
def add_loose(installation):
    """Return a function that adds a recording without a call."""

    def add(number=1, *, name="a.wav", roles=(Role.UNKNOWN,), **values):
        with installation.unit_of_work() as session:
            recording = Recording(
                sha256=f"{number:064x}",
                sample_rate=8000,
                frames=80000,
                duration_s=10.0,
                stored_at=installation.clock.now(),
                tracks=[Track(channel=n, role=role, speech=[]) for n, role in enumerate(roles)],
                files=[RecordingFile(position=0, blob_key="0", name=name, size=1, encoding="WAV/PCM_16")],
                **values,
            )
            session.add(recording)
        return recording.id

    return add


def shown(answer):
    """Return the numbers of the recordings a list page shows, in order."""
    return [int(number) for number in re.findall(r'href="/recordings/(\d+)"', answer.text)]


def test_an_empty_list_says_how_something_gets_there(browser_of):
    page = browser_of("inspector").get("/recordings").text

    assert "No recordings without a call" in page
    assert "sansheng recording add FILE" in page


def test_only_recordings_without_a_call_are_listed_the_latest_first(
    browser_of, installation, staff, add_loose
):
    of_a_call = add_scored_call(installation, staff).id
    ids = [add_loose(n) for n in range(3)]

    answer = browser_of("inspector").get("/recordings")
    assert shown(answer) == sorted(ids, reverse=True)
    assert of_a_call not in ids


def test_the_call_list_and_this_list_lead_to_each_other(browser_of):
    assert 'href="/recordings"' in browser_of("inspector").get("/calls").text
    page = browser_of("inspector").get("/recordings").text

    assert '<a href="/recordings" aria-current="page">' in page
    assert '<a href="/calls" aria-current="page">Calls' in page, "the main section is still Calls"


def test_pages_cover_all_recordings_once(browser_of, add_loose):
    ids = [add_loose(n) for n in range(60)]
    client = browser_of("inspector")
    first = client.get("/recordings")
    second = client.get("/recordings?" + re.search(r"after=\d+", first.text)[0])

    assert shown(first) + shown(second) == sorted(ids, reverse=True)
    assert "Older recordings" not in second.text


@pytest.mark.parametrize("place", ["x", "-1", "1e9", "9" * 30, "٣"])
def test_a_broken_place_in_the_list_is_explained(browser_of, place):
    answer = browser_of("inspector").get("/recordings", query_string={"after": place})

    assert answer.status_code == 400
    assert "names no place" in answer.text


def test_a_failed_recording_says_why_and_what_to_do(browser_of, add_loose):
    failed = add_loose(1, state="failed", problem="blob 3f2a… is gone")
    waiting = add_loose(2)
    answer = browser_of("inspector").get("/recordings?state=failed")

    assert shown(answer) == [failed]
    assert "blob 3f2a… is gone" in answer.text
    assert f"sansheng transcribe {failed}" in answer.text
    assert waiting not in shown(answer)
    assert (
        "No recording is in this state" in browser_of("inspector").get("/recordings?state=transcribed").text
    )


def test_a_failed_recording_of_a_call_shows_its_problem_in_the_list_and_on_the_page(
    browser_of, installation, staff
):
    recording = add_scored_call(installation, staff)
    with installation.unit_of_work() as session:
        row = session.get_one(Recording, recording.id)
        row.state, row.problem = "failed", "torn after 3.0 seconds"

    page = browser_of("inspector").get(f"/calls/{recording.call_id}").text
    assert "torn after 3.0 seconds" in page
    assert f"sansheng transcribe {recording.id}" in page


def test_a_hostile_file_name_is_text_and_hides_nothing(browser_of, add_loose):
    add_loose(name=HOSTILE)
    page = browser_of("inspector").get("/recordings").text

    assert "<img" not in page
    assert "&lt;img src=x" in page
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page
    assert shown_name("投诉 2026.wav") == "投诉 2026.wav"


def test_agents_see_their_own_recordings_only(browser_of, staff, add_loose):
    own = add_loose(1, agent_id=staff.agent_row.id)
    foreign = add_loose(2, agent_id=staff.other_agent.id)
    nobodys = add_loose(3)

    assert shown(browser_of("agent").get("/recordings")) == [own]
    assert shown(browser_of("inspector").get("/recordings")) == [nobodys, foreign, own]


def test_the_list_asks_a_fixed_number_of_questions(browser_of, add_loose, count_queries):
    client = browser_of("inspector")
    for number in range(40):
        add_loose(number)
    with count_queries() as queries:
        client.get("/recordings")

    assert len(queries) <= 7


@pytest.mark.parametrize(
    ("roles", "text"),
    [
        ((Role.UNKNOWN,), "Everybody is on one channel"),
        ((Role.UNKNOWN, Role.UNKNOWN), "Nobody said which channel is the agent&#39;s"),
    ],
)
def test_a_recording_of_unknown_roles_says_so_and_names_nobody(browser_of, add_loose, roles, text):
    page = browser_of("inspector").get(f"/recordings/{add_loose(roles=roles)}").text

    assert text in page
    assert 'class="lane-name unknown"' in page
    assert 'class="lane-name agent"' not in page
    assert ("One channel" in page) == (len(roles) == 1)


def test_known_roles_need_no_remark(browser_of, add_loose):
    page = browser_of("inspector").get(f"/recordings/{add_loose(roles=(Role.CALLER, Role.AGENT))}").text

    assert "roles unknown" not in page.lower()
