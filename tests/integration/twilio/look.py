"""Look at calls on Twilio: `python -m tests.integration.twilio.look FOLDER` places some and photographs the pages.

Needs Chromium. A caller is still waiting while the wall is photographed.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import waitress
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import select

from core.clock import FixedClock
from core.installation import Installation
from core.logging import configure_logging
from core.settings import Settings
from docs.screenshots import CHROMIUM_OPTIONS
from ivr.models import Call
from ivr.twilio.models import TwilioAgent
from recording.models import Recording
from sansheng.demo.hotline import PASSWORD
from sansheng.migrations import upgrade_database
from tests.integration.twilio.conftest import MONDAY, Hotline
from tests.integration.twilio.spoken_call import place_spoken_call, staff_the_line
from tests.integration.twilio.virtual_legs import BASE, Knobs, QueuePlan, ScriptedCaller
from tests.integration.twilio.virtual_twilio import ACCOUNT, NUMBER, TOKEN
from web.app import create_app

CALLS = ("consulting-01", "after-sales-01", "consulting-02")


def main(folder: Path) -> None:
    """Place the calls and photograph what is to be seen of them."""
    configure_logging("WARNING")
    twilio = {"account_sid": ACCOUNT, "auth_token": TOKEN, "number": NUMBER}
    wanted = {"home": folder / "home", "public": {"base_url": BASE}, "twilio": twilio}
    installation = Installation.open(Settings.model_validate(wanted), clock=FixedClock(MONDAY))
    upgrade_database(installation.engine)
    staff_the_line(installation)
    for key in CALLS:
        place_spoken_call(installation, key)
    _leave_somebody_waiting(installation)
    with installation.unit_of_work(read_only=True) as session:
        recording = session.scalars(select(Recording).order_by(Recording.id)).first()
        call = session.scalars(select(Call).order_by(Call.id)).first()
        assert recording is not None
        assert call is not None
        pages = {
            "recording": ("inspector", f"/recordings/{recording.id}"),
            "call": ("inspector", f"/calls/{call.id}"),
            "calls": ("supervisor", "/calls"),
            "wall": ("supervisor", "/wall"),
        }
    server = waitress.create_server(create_app(installation), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM_OPTIONS))
        for name, (who, path) in pages.items():
            _photograph(
                browser, f"http://127.0.0.1:{server.effective_port}", who, path, folder / f"{name}.png"
            )
        browser.close()
    server.close()


def _leave_somebody_waiting(installation: Installation) -> None:
    with installation.unit_of_work() as session:
        for agent in session.scalars(select(TwilioAgent)):
            agent.state = "ready" if agent.agent.code in {"1003", "1004"} else "paused"
    line = Hotline(installation, Knobs(), seed=9)
    line.twilio.call(ScriptedCaller(keys=["1", "3"], queues=[QueuePlan("abandoned", after_s=300.0)]))
    line.twilio.agents_answer = lambda: (99.0, "")
    line.twilio.run(until=25.0)


def _photograph(browser: Browser, address: str, who: str, path: str, picture: Path) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    page.goto(address)
    page.fill("input[name=username]", who)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("load")
    page.goto(address + path)
    page.wait_for_timeout(1500)
    page.screenshot(path=picture, full_page=True)
    page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
