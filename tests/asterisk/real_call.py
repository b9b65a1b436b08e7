"""`python -m tests.asterisk.real_call [--home DIR] [--picture FILE]`: one real call through the whole product.

Starts an Asterisk, `sansheng ivr` and `sansheng worker` on loopback, and SIPp as the caller and as the agent: the
caller chooses a language, hears that the call is recorded, presses through the menu, waits, talks and rates; both
speak, with synthetic voices. Afterwards the data folder holds the call with both tracks, transcript and score.
"""

import argparse
import threading
from pathlib import Path
from tempfile import mkdtemp

import click
import waitress
from playwright.sync_api import sync_playwright
from sqlalchemy import select

from docs.screenshots import CHROMIUM_OPTIONS
from ivr.flow.check import shipped_document
from ivr.models import Call
from qa.models import AutoScore
from recording.models import Recording
from sansheng.demo.audio import CHANNELS, render
from sansheng.demo.calls import Role as Side
from sansheng.demo.calls import scripted_calls
from sansheng.demo.hotline import PASSWORD
from tests.asterisk.conftest import OPEN, SECRET_KEY, Telephony, always
from tests.asterisk.engine import cache_folder
from tests.asterisk.ledger import newest_id, settled_call
from tests.asterisk.rtp import Telephone
from tests.asterisk.sipp import Agent, Caller, Stage
from tests.waiting import wait_until
from web.app import create_app

QUEUE_AT_S, RINGS_S = 13.0, 2.0
"""Seconds from the caller's first packet to the queue, with keys pressed as below, and of ringing."""


def place_call(telephony, stage, folder):
    """Let a scripted conversation be held by telephone; return the call's row once it is settled."""
    before = newest_id(telephony)
    script = next(call for call in scripted_calls() if call.key == "consulting-01")
    spoken = render(script)
    sides = {side: spoken.samples[:, CHANNELS.index(side)] for side in (Side.CALLER, Side.AGENT)}
    caller = Telephone().silence(0.5).press("1").silence(7).press("1")
    caller.silence(QUEUE_AT_S + RINGS_S - caller.at).say(sides[Side.CALLER]).silence(4).press("1").silence(30)
    telephony.asterisk.log_in("consulting", "1001")
    voice = Telephone().say(sides[Side.AGENT]).save(folder / "agent.pcap")
    answering = Agent().rings(RINGS_S).answers().plays(voice).waits(spoken.duration_s).hangs_up()
    agent = stage.agent("1001", answering)
    dialling = stage.call(Caller().answered().plays(caller.save(folder / "caller.pcap")).is_hung_up_on())
    agent.ends()
    dialling.ends()
    return settled_call(telephony, after=before)


def judged(telephony, call_id):
    """Return what became of a call's recording, once it is transcribed and scored."""
    wait_until(lambda: _judged(telephony, call_id), "the transcript and the score", limit_s=180)
    return _judged(telephony, call_id)


def _judged(telephony, call_id):
    with telephony.installation.unit_of_work(read_only=True) as session:
        call = session.scalars(select(Call).where(Call.provider_call_id == call_id)).one()
        score = session.scalar(
            select(AutoScore)
            .join(Recording, Recording.id == AutoScore.recording_id)
            .where(Recording.call_id == call.id)
        )
        if score is None:
            return None
        utterances = score.transcript.utterances
        return {
            "call_id": call.id,
            "recording_id": score.recording_id,
            "roles": [track.role for track in score.recording.tracks],
            "said": {
                role: "".join(u.text for u in utterances if u.role == role) for role in ("agent", "caller")
            },
            "points": score.points,
        }


def main():
    """Place the call, and say what to open."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--home", type=Path, help="folder for everything (default: a new temporary one)")
    options.add_argument("--picture", type=Path, help="photograph the call's page into this file")
    given = options.parse_args()
    folder = (given.home or Path(mkdtemp(prefix="sansheng-call-"))).absolute()
    telephony = Telephony(folder, cache_folder() / "tree")
    telephony.use_flow(always(shipped_document(), OPEN))
    telephony.write_configuration()
    stage = Stage(folder, telephony.sip_port)
    worker = None
    try:
        telephony.asterisk.start()
        telephony.start_ivr()
        worker = telephony.sansheng("worker")
        click.echo("calling; it takes two minutes")
        call = judged(telephony, place_call(telephony, stage, folder)["id"])
    finally:
        stage.stop()
        if worker:
            worker.terminate()
            worker.wait()
        telephony.stop_ivr()
        telephony.asterisk.stop()
    if given.picture:
        _photograph(telephony, f"/recordings/{call['recording_id']}", given.picture)
    telephony.installation.close()
    home = telephony.settings.home
    click.echo(f"call {call['call_id']}: {call['points']:g} points. Look at it:")
    click.echo(f"  SANSHENG_HOME={home} SANSHENG_SECRET_KEY='{SECRET_KEY}' sansheng web")
    click.echo(f"  http://127.0.0.1:8000/calls/{call['call_id']}  (log in as lead, password {PASSWORD})")


def _photograph(telephony, path, picture):
    server = waitress.create_server(create_app(telephony.installation), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    address = f"http://127.0.0.1:{server.effective_port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM_OPTIONS))
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        page.goto(address)
        page.fill("input[name=username]", "lead")
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url("**/")
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=picture)
        browser.close()
    server.close()


if __name__ == "__main__":
    main()
