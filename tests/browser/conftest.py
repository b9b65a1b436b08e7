"""A real Chromium in front of the real server, both on this machine only."""

import threading
from pathlib import Path

import pytest
import waitress
from playwright.sync_api import sync_playwright

import web.wall.feed
from tests.factories import PASSWORD, POOR_CALL, add_call, add_draw, add_scored_call, add_staff
from tests.waiting import wait_until
from web.app import create_app
from web.assets import MANIFEST

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path("node_modules/axe-core/axe.min.js")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="session")
def chromium():
    """Return the browser; its absence (or that of the front-end files) skips the test with the reason."""
    for needed, remedy in ((CHROMIUM, "apt-get install chromium"), (MANIFEST, "python -m web.vendor")):
        if not needed.exists():
            pytest.skip(f"{needed} is missing: {remedy}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def staff(installation):
    return add_staff(installation)


@pytest.fixture
def hotline(installation, staff):
    """Two sampled calls and a lost one; returns their recordings."""
    good = add_scored_call(installation, staff)
    poor = add_scored_call(installation, staff, lines=POOR_CALL, agent=staff.other_agent)
    add_call(installation, staff, outcome="abandoned")
    add_draw(installation, staff)
    return good, poor


@pytest.fixture
def server(installation, hotline, monkeypatch):
    """Serve the installation; return the address.

    A waitress that is closed while a request runs writes to a file number that is another file's by then,
    a database of the next test at worst: so the wall's streams are told soon that nobody listens, and the
    server is closed by its own thread when none is left.
    """
    monkeypatch.setattr(web.wall.feed, "TELL_EVERY_S", 0.2)
    made = waitress.create_server(create_app(installation), host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.effective_port}"
    wait_until(lambda: not made.task_dispatcher.active_count, "the last request's end")
    made.trigger.pull_trigger(made.close)
    made.task_dispatcher.shutdown()
    thread.join()


@pytest.fixture
def page_of(chromium, server):
    """Return a function that opens a browser window logged in as a role; script errors fail the test."""
    contexts, problems = [], []

    def open_page(role, *, locale="zh_CN", scheme="light", width=1440, bypass_csp=False):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            base_url=server,
            bypass_csp=bypass_csp,
        )
        contexts.append(context)
        context.add_cookies([{"name": "sansheng_locale", "value": locale, "url": server}])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda message: problems.append(message.text) if "Content Security" in message.text else None,
        )
        if role:
            page.goto("/login")
            page.fill("#username", role)
            page.fill("#password", PASSWORD)
            page.press("#password", "Enter")
            page.wait_for_url("**/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []
