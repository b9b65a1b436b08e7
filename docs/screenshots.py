"""Make the pictures of the documentation: `python -m docs.screenshots` (needs Chromium).

A demo is made in a temporary data folder, served on a free port of this machine, and photographed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import waitress
from playwright.sync_api import Browser, sync_playwright

from core.clock import FixedClock
from core.errors import MissingPart
from core.installation import Installation
from core.logging import configure_logging
from core.settings import Settings
from ivr.live import LiveAgent, LiveFloor, LiveQueue, LiveState, WaitingCaller, write_live
from sansheng.demo.hotline import PASSWORD
from sansheng.demo.pipeline import ZONE, demo_day, run_demo
from sansheng.migrations import upgrade_database
from web.app import create_app
from web.language import LOCALE_COOKIE

IMAGES: Final = Path(__file__).parent / "images"
CHROMIUM_OPTIONS: Final = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Picture(NamedTuple):
    """One picture: who looks at which page, on what."""

    name: str
    username: str
    path: str
    width: int = 1440
    height: int = 900
    dark: bool = False
    locale: str = "zh-CN"


PICTURES: Final = (
    Picture("call-page", "inspector", "/recordings/3"),
    Picture("call-page-dark", "inspector", "/recordings/3", dark=True),
    Picture("call-page-phone", "inspector", "/recordings/3", width=390, height=844),
    Picture("calls", "inspector", "/calls"),
    Picture("tasks", "inspector", "/"),
    Picture("wall", "supervisor", "/wall"),
    Picture("wall-dark-en", "supervisor", "/wall", dark=True, locale="en"),
    Picture("missed", "supervisor", "/missed"),
    Picture("missed-dark-en", "supervisor", "/missed", dark=True, locale="en"),
    Picture("shift", "agent1001", "/shift"),
)


def main() -> int:
    """Make every picture."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.stderr.write("pictures need Chromium: apt-get install chromium\n")
        return MissingPart.exit_code
    configure_logging("WARNING")
    IMAGES.mkdir(exist_ok=True)
    with _served_demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_OPTIONS))
        for picture in PICTURES:
            _photograph(browser, address, picture)
        browser.close()
    return 0


@contextmanager
def _served_demo() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as home:
        installation = Installation.open(Settings(home=Path(home)))
        upgrade_database(installation.engine)
        run_demo(installation, progress=lambda _stage, _done, _total: None)
        installation = _in_the_afternoon(installation)
        _show_a_floor(installation)
        server = waitress.create_server(create_app(installation), host="127.0.0.1", port=0)
        threading.Thread(target=server.run, daemon=True).start()
        yield f"http://127.0.0.1:{server.effective_port}"
        server.close()
        installation.close()


def _in_the_afternoon(installation: Installation) -> Installation:
    """Return the installation as it is on the afternoon of the demo's day, before its last callers come."""
    with installation.unit_of_work(read_only=True) as session:
        day = demo_day(session, installation.clock.now())
    installation.close()
    return Installation.open(
        installation.settings, clock=FixedClock(datetime.combine(day, time(16, 40), ZONE))
    )


def _show_a_floor(installation: Installation) -> None:
    """Let the wall have somebody on it: the demo has no telephony, whose watcher would tell every second."""
    now = installation.clock.now()
    waits = (("consulting", "138****8000", 41), ("consulting", "139****2211", 18), ("after_sales", "", 9))
    doing = (
        ("talking", 205),
        ("talking", 1130),
        ("ringing", 4),
        ("paused", 310),
        ("ready", 44),
        ("ready", 12),
    )
    floor = LiveFloor(
        calls=len(waits) + 3,
        queues=tuple(
            LiveQueue(
                name=name,
                waiting=tuple(
                    WaitingCaller(call=str(n), caller=caller, position=n, since=now - timedelta(seconds=s))
                    for n, (queue, caller, s) in enumerate(waits, start=1)
                    if queue == name
                ),
            )
            for name in dict.fromkeys(queue for queue, _caller, _s in waits)
        ),
        agents=tuple(
            LiveAgent(agent=f"PJSIP/{1001 + n}", state=state, since=now - timedelta(seconds=s))
            for n, (state, s) in enumerate(doing)
        ),
    )
    with installation.unit_of_work() as session:
        write_live(session, LiveState(floor=floor, heard_at=now))


def _photograph(browser: Browser, address: str, picture: Picture) -> None:
    page = browser.new_page(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.dark else "light",
        locale=picture.locale,
    )
    locale = picture.locale.replace("-", "_")
    page.context.add_cookies([{"name": LOCALE_COOKIE, "value": locale, "url": address}])
    page.goto(address)
    page.fill("input[name=username]", picture.username)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("networkidle")
    page.goto(address + picture.path)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{picture.name}.png")
    page.close()


if __name__ == "__main__":
    sys.exit(main())
