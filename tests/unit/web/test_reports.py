"""Report pages: numbers lead to their calls, files carry their definition, nothing is asked that cannot be."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest

from tests.factories import add_call


@pytest.fixture
def _day(installation, staff, clock):
    for n, outcome in enumerate(("answered", "answered", "abandoned", "voicemail")):
        add_call(installation, staff, outcome=outcome, started_at=clock.now() - timedelta(hours=1 + n))


def links(page):
    """(number shown, address) of every count."""
    found = re.findall(r'<a class="count" href="(/reports/calls[^"]+)">([\d.]+)</a>', page)
    return [(text, unescape(href)) for href, text in found]


@pytest.mark.usefixtures("_day")
@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_every_count_of_the_page_leads_to_as_many_calls(browser_of, period):
    client = browser_of("supervisor")
    page = client.get(f"/reports?period={period}").text
    counts = [(int(text), href) for text, href in links(page) if "." not in text]

    assert len(counts) >= 10
    for number, href in counts:
        behind = client.get(href).text
        assert f'<span class="muted figures">{number}</span>' in behind, href
        assert behind.count('class="nowrap lead"') == number, href


@pytest.mark.usefixtures("_day")
def test_cells_of_the_heat_map_lead_to_their_calls(browser_of):
    client = browser_of("supervisor")
    cells = re.findall(
        r'<td class="heat-\d"><a href="([^"]+)">(\d+)</a>', client.get("/reports?period=week").text
    )

    assert sum(int(number) for _href, number in cells) == 4
    for href, number in cells:
        assert f'<span class="muted figures">{number}</span>' in client.get(unescape(href)).text


@pytest.mark.usefixtures("_day")
def test_files_carry_formula_and_version(browser_of):
    client = browser_of("supervisor")
    document = json.loads(client.get("/reports/report.json?interval=1h").text)
    rows = client.get("/reports/intervals.csv?interval=1h").text.splitlines()

    assert document["definition"]["name"] == "standard"
    assert document["queues"][0]["offered"] == sum(row["offered"] for row in document["intervals"]) == 4
    assert rows[0].endswith("definition")
    assert {row.rsplit(",", 1)[1] for row in rows[1:]} == {"standard@2"}


@pytest.mark.usefixtures("_day")
def test_the_page_prints_the_definition_it_was_asked_for(browser_of):
    page = browser_of("supervisor").get("/reports?definition=gov-hotline").text

    assert "gov-hotline@1" in page
    assert "answered within 15 s ÷ offered" in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/reports?day=yesterday&interval=1y&queue=x", 200),
        ("/reports?definition=nobody", 404),
        ("/reports/calls", 400),
        ("/reports/calls?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", 400),
        ("/reports/calls?since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z&name=joy", 404),
    ],
)
def test_an_address_that_asks_for_nothing_is_told_so(browser_of, path, status):
    assert browser_of("supervisor").get(path).status_code == status
