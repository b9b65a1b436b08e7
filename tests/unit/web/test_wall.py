"""The wall: a board at once, news when something changes, polling where a stream cannot be had."""

import re
from datetime import timedelta
from html import unescape

import web.wall.feed as feed_module
from ivr.live import LiveState, write_live
from tests.factories import add_call
from web.wall.feed import AGAIN_MS, STREAM_S, TELL_EVERY_S, WallFeed, events


class Time:
    """A clock that moves when somebody pauses."""

    def __init__(self):
        self.now = 0.0

    def clock(self):
        return self.now

    def pause(self, seconds):
        self.now += seconds


def told(boards):
    time, boards = Time(), iter(boards)
    last = [""]

    def draw():
        last[0] = next(boards, last[0])
        return last[0]

    return list(events(draw, pause=time.pause, clock=time.clock)), time


def test_the_stream_tells_changes_and_signs_of_life_and_ends():
    found, time = told(["<p>one\ntwo</p>", "<p>one\ntwo</p>", "<p>three</p>"])

    assert found.pop(0) == f"retry: {AGAIN_MS}\n\n"
    assert found[0] == "event: board\ndata: <p>one\ndata: two</p>\n\n"
    assert found[1] == "event: board\ndata: <p>three</p>\n\n"
    assert set(found[2:]) == {"event: alive\ndata:\n\n"}
    assert time.now == STREAM_S
    assert len(found[2:]) >= STREAM_S / TELL_EVERY_S - 2


def test_the_board_says_who_waits_and_how_today_went(browser_of, installation, staff, clock):
    add_call(installation, staff, started_at=clock.now() - timedelta(hours=1))
    page = browser_of("supervisor").get("/wall").text

    assert "Waiting now" in page
    assert "100.0%" in page
    assert "standard@2" in page
    assert "data-facts-at=" in page


def test_a_stream_begins_with_the_board(browser_of):
    answer = browser_of("supervisor").get("/wall/stream")

    assert answer.mimetype == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    told = answer.iter_encoded()
    assert next(told).startswith(b"retry: ")
    assert next(told).startswith(b"event: board\ndata: ")
    answer.close()


def test_too_many_streams_are_sent_to_polling_and_a_closed_one_makes_room(browser_of, app, staff):
    client = browser_of("supervisor")
    open_ones = []
    while (answer := client.get("/wall/stream")).status_code == 200:
        open_ones.append(answer)

    assert answer.status_code == 503
    assert len(open_ones) == max(1, app.installation.settings.web.threads // 2)
    assert client.get("/wall/board").status_code == 200
    open_ones[0].close()
    assert client.get("/wall/stream").status_code == 200


def test_without_news_however_many_walls_share_one_look(installation, staff, monkeypatch):
    monkeypatch.setattr(feed_module, "AT_LEAST_S", 3600.0)
    monkeypatch.setattr(feed_module, "EVERY_S", 0.0)
    feed = WallFeed(installation, streams=1)
    first = feed.look()
    assert all(feed.look() is first for _ in range(5))

    with installation.unit_of_work() as session:
        write_live(session, LiveState(heard_at=installation.clock.now()))
    assert feed.look() is not first


def test_every_number_of_today_opens_exactly_the_calls_it_counts(browser_of, installation, staff, clock):
    for minutes, outcome in enumerate(["answered"] * 4 + ["abandoned"] * 2 + ["hung_up"] * 3, start=5):
        add_call(installation, staff, outcome=outcome, started_at=clock.now() - timedelta(minutes=minutes))
    client = browser_of("supervisor")
    page = client.get("/wall").text
    found = re.findall(r'<a class="count" id="behind-([a-z]+)[-0-9]*" href="([^"]+)">(\d+)</a>', page)

    assert {name: int(number) for name, _href, number in found} == {
        "offered": 9,
        "answered": 4,
        "abandoned": 2,
    }
    assert len(found) == 5  # of the hotline, and of its queue
    for name, href, number in found:
        behind = client.get(unescape(href)).text
        assert f'<span class="muted figures">{number}</span>' in behind, name
        assert behind.count('class="nowrap lead"') == int(number), name
