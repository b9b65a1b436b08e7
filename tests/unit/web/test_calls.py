"""The call list: filters, pages, the number that never stays in an address, the export."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.audit import AuditEntry
from ivr.models import Call
from tests.factories import CALLER_NUMBER, POOR_CALL, add_call, add_scored_call
from web.calls.filters import CallFilter, read_filter, time_span
from web.csv_export import csv_chunks, safe_cell

HOSTILE = '"><script>alert(1)</script>'


def shown(answer):
    """Return the ids of the calls a list page shows, in order."""
    return [int(part.split('"')[0]) for part in answer.text.split('href="/calls/')[1:] if part[0].isdigit()]


def test_the_latest_call_comes_first_and_pages_cover_all_calls_once(browser_of, installation, staff):
    now = installation.clock.now()
    times = [now - timedelta(minutes=n // 2) for n in range(60)]  # pairs share their time
    ids = [add_call(installation, staff, started_at=at).id for at in times]
    client = browser_of("inspector")
    first = client.get("/calls")
    after = first.text.split("after=")[1].split('"')[0].replace("&amp;", "&")
    second = client.get(f"/calls?after={after}")

    assert len(shown(first)) == 50
    assert sorted(shown(first) + shown(second)) == sorted(ids)
    assert shown(first)[:2] == sorted(ids[:2], reverse=True)
    assert "Older calls" not in second.text


def test_a_broken_place_in_the_list_is_explained(browser_of):
    answer = browser_of("inspector").get("/calls?after=nonsense")

    assert answer.status_code == 400
    assert "names no place" in answer.text


def test_filters_choose_by_outcome_queue_agent_recording_and_score(browser_of, installation, staff):
    good = add_scored_call(installation, staff).call_id
    poor = add_scored_call(installation, staff, lines=POOR_CALL, agent=staff.other_agent).call_id
    lost = add_call(installation, staff, outcome="abandoned").id
    client = browser_of("inspector")

    def ids(query):
        return set(shown(client.get("/calls?" + query)))

    assert ids("outcome=abandoned") == {lost}
    assert ids(f"queue={staff.queue.id}") == {good, poor, lost}
    assert ids("queue=999") == set()
    assert ids(f"agent={staff.other_agent.id}") == {poor}
    assert ids("recorded=1") == {good, poor}
    assert ids("score_to=60") == {poor}
    assert ids("score_from=90") == {good}
    assert ids("judgement=critical") == {poor}
    assert ids("judgement=ungraded") == {good, poor}
    assert ids("judgement=needs_human") == {good, poor}


def test_a_number_finds_its_calls_and_leaves_the_address(browser_of, installation, staff):
    wanted = add_call(installation, staff, caller=CALLER_NUMBER).id
    add_call(installation, staff, caller="13900139000")
    client = browser_of("inspector")
    answer = client.get("/calls?number=%2B86+138-0013-8000")

    assert "8000" not in answer.location
    assert shown(client.get(answer.location)) == [wanted]


def test_text_that_is_no_number_finds_nothing(browser_of, installation, staff):
    add_call(installation, staff)
    client = browser_of("inspector")

    assert shown(client.get(client.get("/calls?number=anonymous").location)) == []


def test_periods_are_days_of_the_installations_zone():
    zone, now = ZoneInfo("Asia/Shanghai"), datetime(2026, 11, 20, 17, 0, tzinfo=UTC)  # 01:00 on the 21st

    assert time_span(CallFilter(period="today"), now, zone) == (
        datetime(2026, 11, 20, 16, 0, tzinfo=UTC),
        None,
    )
    dates = CallFilter(period="dates", start="2026-11-01", end="2026-11-02")
    assert time_span(dates, now, zone) == (
        datetime(2026, 10, 31, 16, 0, tzinfo=UTC),
        datetime(2026, 11, 2, 16, 0, tzinfo=UTC),
    )


@given(st.dictionaries(st.sampled_from([*CallFilter.__dataclass_fields__, "x"]), st.text(max_size=20)))
def test_any_query_string_gives_a_filter_that_survives_its_own_address(values):
    from urllib.parse import parse_qsl

    chosen = read_filter(values)

    assert read_filter(dict(parse_qsl(chosen.query()))) == chosen


def test_numbers_are_masked_unless_the_role_may_see_them(browser_of, installation, staff):
    call = add_scored_call(installation, staff).call_id
    for path in ("/calls", f"/calls/{call}"):
        for role in ("agent", "inspector", "qa_lead"):
            page = browser_of(role).get(path).text
            assert "138****8000" in page, (role, path)
            assert CALLER_NUMBER not in page, (role, path)
        assert CALLER_NUMBER in browser_of("supervisor").get(path).text


def test_a_hostile_caller_stays_text(browser_of, installation, staff):
    recording = add_scored_call(installation, staff, caller=HOSTILE)
    with installation.unit_of_work() as session:
        session.get_one(type(staff.agent_row), staff.agent_row.id).name = HOSTILE
    client = browser_of("supervisor")
    for path in ("/calls", f"/calls/{recording.call_id}", f"/recordings/{recording.id}"):
        page = client.get(path).text
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;alert" in page, path


@pytest.mark.parametrize("pages", [1, 40])
def test_the_number_of_queries_does_not_grow_with_the_list(
    browser_of, installation, staff, count_queries, pages
):
    add_scored_call(installation, staff)
    for _ in range(pages):
        add_call(installation, staff)
    client = browser_of("qa_lead")
    with count_queries() as queries:
        client.get("/calls")

    assert len(queries) == 7, "account, calls, recordings, scores, grades, queues, agents"


def test_the_export_is_the_filtered_list_safe_for_spreadsheets_and_audited(browser_of, installation, staff):
    add_call(installation, staff, outcome="abandoned")
    add_call(installation, staff)
    with installation.unit_of_work() as session:
        session.get_one(type(staff.agent_row), staff.agent_row.id).name = "=HYPERLINK(1)"
    answer = browser_of("qa_lead").get("/calls/export.csv?outcome=answered")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))

    assert len(rows) == 2
    assert rows[1][4] == "'=HYPERLINK(1)"
    assert rows[1][5] == "138****8000"
    with installation.unit_of_work(read_only=True) as session:
        entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "calls_exported"))
        assert entry.detail == {"filter": "outcome=answered"}


@given(st.text())
def test_no_cell_starts_a_formula(text):
    cell = safe_cell(text)

    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == text.removeprefix("'")


def test_numbers_stay_numbers_and_nothing_is_lost_between_batches():
    text = "".join(csv_chunks(["n"], ([n - 600] for n in range(1200))))

    assert text.splitlines()[1:] == [str(n - 600) for n in range(1200)]


def test_a_call_without_recording_has_a_page_that_says_so(browser_of, installation, staff):
    call = add_call(installation, staff, outcome="abandoned")
    page = browser_of("inspector").get(f"/calls/{call.id}").text

    assert "This call was not recorded" in page
    assert "hung up after waiting 14 s" in page
    with installation.unit_of_work(read_only=True) as session:
        assert session.get(Call, call.id) is not None


def test_a_score_asked_for_stays_asked_for_on_the_next_page_and_in_the_export():
    chosen = read_filter({"score_from": "60", "score_to": "100"})

    assert chosen.query() == "score_from=60&score_to=100"
    assert read_filter({"score_from": "60", "score_to": "100"}) == chosen


@pytest.mark.parametrize(
    "query",
    [
        "period=dates&start=0001-01-01",
        "period=dates&end=9999-12-31",
        "queue=99999999999999999999",
    ],
)
def test_a_day_or_number_beyond_all_calls_filters_nothing(browser_of, installation, staff, query):
    call = add_call(installation, staff)

    answer = browser_of("inspector").get(f"/calls?{query}")

    assert answer.status_code == 200
    assert shown(answer) == [call.id]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/calls?after=9999-12-31T23:59:59-12:00~1", 400),
        ("/calls?after=2026-01-01T00:00:00%2B00:00~99999999999999999999", 404),
        ("/calls/99999999999999999999", 404),
        ("/recordings/99999999999999999999/audio", 404),
    ],
)
def test_a_place_or_number_that_cannot_be_is_no_defect_of_ours(browser_of, address, status):
    assert browser_of("inspector").get(address).status_code == status
