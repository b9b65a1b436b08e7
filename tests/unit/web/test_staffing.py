"""The staffing page: the published example, wrong values told, a forecast only where there is history."""

from datetime import timedelta

import pytest

from tests.factories import add_call

EXAMPLE = "/staffing?calls=100&minutes=30&aht=180&target=80&within=20"


def test_the_published_example_stands_on_the_page(browser_of):
    page = browser_of("supervisor").get(EXAMPLE).text

    assert "14 agents" in page
    assert "88.8%" in page
    assert "7.8 s" in page
    assert "Erlang C" in page
    assert "a forecast needs 3 weeks" in page


def test_patience_makes_it_erlang_a(browser_of):
    assert "· Erlang A" in browser_of("supervisor").get(EXAMPLE + "&patience=60").text


@pytest.mark.parametrize(
    "wrong", ["calls=many", "aht=0", "target=100", "within=-1", "calls=inf", "calls=1e9"]
)
def test_a_value_without_sense_is_told_and_the_page_stays(browser_of, wrong):
    answer = browser_of("supervisor").get(f"/staffing?{wrong}")

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_a_day_is_forecast_from_the_weeks_before(browser_of, installation, staff, clock):
    for day in range(1, 30):
        for hours in (0, 1):
            add_call(
                installation,
                staff,
                outcome="abandoned" if day % 3 == 0 and hours else "answered",
                started_at=clock.now() - timedelta(days=day, hours=hours),
            )
    page = browser_of("supervisor").get("/staffing").text

    assert "Error on the weeks held back" in page
    assert "17:00: " in page, "the chart says its numbers"
    assert "<td>17:00</td>" in page
    assert "4 weeks" in page or "5 weeks" in page
