"""The wall keeps itself up to date in a real browser: by its stream, after the stream ended, and without one."""

from datetime import timedelta

import pytest

import web.wall.feed

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def wall(page_of):
    """Return a browser window on no page yet, and the addresses below /wall that it asked for."""
    page, asked = page_of("supervisor"), []
    page.on("request", lambda request: asked.append(request.url.partition("/wall")[2]))
    return page, asked


def shows_what_is_now(page, clock):
    """Let time go on, and wait until the board says so."""
    clock.at += timedelta(seconds=3)
    expected = clock.at.isoformat()
    page.wait_for_function("at => document.querySelector('.board').dataset.at === at", arg=expected)


def test_the_stream_brings_what_is_new(wall, clock):
    page, asked = wall
    page.goto("/wall")
    shows_what_is_now(page, clock)
    shows_what_is_now(page, clock)

    assert asked.count("/stream") == 1
    assert "/board" not in asked


def test_a_stream_that_ended_is_taken_up_again(wall, clock, monkeypatch):
    monkeypatch.setattr(web.wall.feed, "STREAM_S", 0.1)
    page, asked = wall
    page.goto("/wall")
    for _ in range(3):
        shows_what_is_now(page, clock)

    assert asked.count("/stream") >= 3
    assert "/board" not in asked


def test_where_no_stream_is_to_be_had_the_wall_asks(wall, clock):
    page, asked = wall
    page.route("**/wall/stream", lambda route: route.fulfill(status=503, body="full"))
    page.goto("/wall")
    shows_what_is_now(page, clock)
    shows_what_is_now(page, clock)

    assert "/board" in asked


def test_a_server_that_was_gone_is_found_again(wall, clock, monkeypatch):
    monkeypatch.setattr(web.wall.feed, "STREAM_S", 0.1)
    page, asked = wall
    page.goto("/wall")
    shows_what_is_now(page, clock)
    page.route("**/wall/*", lambda route: route.abort("connectionrefused"))
    for _ in range(3):
        with page.expect_event("requestfailed"):
            pass
    page.unroute("**/wall/*")

    shows_what_is_now(page, clock)
    assert asked.count("/stream") >= 4
