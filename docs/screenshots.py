"""Make the pictures of the documentation: `python -m docs.screenshots` (needs Chromium).

A demo is made in a temporary data folder, with weeks before its day for the forecast to learn from, served on a free
port of this machine at one hour of its afternoon, and photographed: each page in both languages, light and dark.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import waitress
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import delete, select

from core.clock import FixedClock
from core.errors import MissingPart
from core.events import OutboxEvent
from core.installation import Installation
from core.logging import configure_logging
from core.settings import Settings
from ivr.flow.check import shipped_flow
from ivr.ledger.store import import_queue_log
from ivr.live import LiveAgent, LiveFloor, LiveQueue, LiveState, WaitingCaller, write_live
from ivr.missed.accounting import PERIOD
from ivr.models import Call
from ivr.simulator.day import simulate_day
from ivr.simulator.importing import PROVIDER, working_agents
from ivr.simulator.plan import DayPlan
from qa.models import Sample
from recording.models import Recording
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


_WORKING_DAYS: Final = 5
_CALLS: Final = 300


class Picture(NamedTuple):
    """One picture: who looks at which page, on what."""

    name: str
    username: str
    path: str
    width: int = 1440
    height: int = 900
    dark: bool = False
    locale: str = "zh-CN"


_PAGES: Final = (
    ("call-page", "inspector", "/recordings/3"),
    ("wall", "supervisor", "/wall"),
    ("reports", "supervisor", "/reports"),
    ("missed", "supervisor", "/missed"),
    ("staffing", "supervisor", "/staffing"),
)
_ON_A_PHONE: Final = ("call-page", "wall", "missed")
PICTURES: Final = (
    *(
        Picture(
            f"{name}{'-dark' if dark else ''}{'-en' if locale == 'en' else ''}",
            username,
            path,
            dark=dark,
            locale=locale,
        )
        for name, username, path in _PAGES
        for locale in ("zh-CN", "en")
        for dark in (False, True)
    ),
    *(
        Picture(f"{name}-phone", username, path, width=390, height=844)
        for name, username, path in _PAGES
        if name in _ON_A_PHONE
    ),
    Picture("calls", "inspector", "/calls"),
    Picture("tasks", "inspector", "/"),
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
        for username, pictures in groupby(sorted(PICTURES, key=_who), key=_who):
            _photograph(browser, address, username, list(pictures))
        browser.close()
    return 0


@contextmanager
def _served_demo() -> Iterator[str]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:  # the server may still write
        installation = Installation.open(Settings(home=Path(home)))
        upgrade_database(installation.engine)
        run_demo(installation, progress=lambda _stage, _done, _total: None)
        installation = _in_the_afternoon(installation)
        _forget_the_evening(installation)
        _remember_weeks(installation)
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


def _forget_the_evening(installation: Installation) -> None:
    """Take out what the demo's day holds after the hour of the pictures."""
    with installation.unit_of_work() as session:
        later = select(Call.id).where(Call.started_at > installation.clock.now())
        recordings = select(Recording.id).where(Recording.call_id.in_(later))
        session.execute(delete(Sample).where(Sample.recording_id.in_(recordings)))
        session.execute(delete(Recording).where(Recording.call_id.in_(later)))
        session.execute(delete(Call).where(Call.started_at > installation.clock.now()))


def _remember_weeks(installation: Installation) -> None:
    """Let the hotline have had four weeks before: only their queues, and older than what is still a task."""
    until = installation.clock.now() - PERIOD
    today = installation.clock.now().astimezone(ZONE).date()
    with installation.unit_of_work(read_only=True) as session:
        agents = working_agents(session)
    folder = installation.settings.home / "weeks"
    folder.mkdir()
    logs = []
    for days in range(35, 6, -1):
        day = today - timedelta(days=days)
        if day.weekday() < _WORKING_DAYS:
            plan = DayPlan(day=day, agents=agents, calls=_CALLS + 6 * (35 - days))
            log = folder / f"queue_log-{day}"
            lines = simulate_day(shipped_flow(), plan, day.toordinal()).queue_log_lines()
            old = [f"{line}\n" for line in lines if float(line.partition("|")[0]) < until.timestamp()]
            log.write_text("".join(old), encoding="utf-8")
            logs.append(log)
    import_queue_log(installation, logs, provider=PROVIDER)
    with installation.unit_of_work() as session:
        session.execute(
            delete(OutboxEvent)
        )  # nobody is told of calls of which nothing is to be made any more


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


def _who(picture: Picture) -> str:
    return picture.username


def _photograph(browser: Browser, address: str, username: str, pictures: Sequence[Picture]) -> None:
    """Log in once and take all of one account's pictures."""
    page = browser.new_page()
    page.goto(address)
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("load")
    for picture in pictures:
        locale = picture.locale.replace("-", "_")
        page.context.add_cookies([{"name": LOCALE_COOKIE, "value": locale, "url": address}])
        page.set_viewport_size({"width": picture.width, "height": picture.height})
        page.emulate_media(color_scheme="dark" if picture.dark else "light")
        page.goto(address + picture.path)
        page.wait_for_selector("main h1")
        page.wait_for_function("document.fonts.ready.then(() => !document.querySelector('[aria-busy=true]'))")
        page.screenshot(path=IMAGES / f"{picture.name}.png")
    page.close()


if __name__ == "__main__":
    sys.exit(main())
