"""The whole telephone system for tests: Asterisk, our FastAGI server as a process of its own, SIPp at both ends."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.accounts import User
from core.clock import SystemClock
from core.installation import Installation
from core.settings import Settings
from ivr.callbacks.models import Callback
from ivr.flow.check import shipped_document
from ivr.ledger.store import import_queue_log
from sansheng.demo.hotline import seed_people
from sansheng.migrations import upgrade_database
from tests.asterisk.engine import Asterisk, cache_folder
from tests.asterisk.ledger import newest_id
from tests.asterisk.rtp import Telephone
from tests.asterisk.scene import AGENT_HZ, CALLER_HZ, tone
from tests.asterisk.sipp import CARRIER, Stage, phone_address
from tests.waiting import wait_until
from web.app import create_app

SECRET_KEY = "a secret for tests only"
AGENTS = ("1001", "1002", "1003")
OPEN, CLOSED = '"00:00-24:00"', ""


def pytest_collection_modifyitems(config, items):
    """These tests dial real calls: only `-m asterisk` (make test-asterisk) runs them."""
    if "asterisk" in (config.getoption("markexpr") or ""):
        return
    skip = pytest.mark.skip(reason="real calls: make test-asterisk")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(skip)


def free_port(kind=socket.SOCK_STREAM):
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def always(document, opening):
    """The shipped flow, open or closed whatever the day, with a short survey: a test does not wait for Monday."""
    week = "\n".join(f"      {day}: [{opening}]" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    document = re.sub(r"    week:\n.*?(?=\n\nprompts:)", f"    week:\n{week}", document, flags=re.DOTALL)
    document = document.replace(
        "    attempts: 2\n    then: {score:", "    attempts: 1\n    timeout_s: 1\n    then: {score:"
    )
    return document.replace("    calendar: cn\n", '    workdays: ["2020-01-01"]\n', 1)


class Telephony:
    """An installation with its Asterisk and its FastAGI server."""

    def __init__(self, folder, tree):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.agi_port = free_port()
        self.sip_port = free_port(socket.SOCK_DGRAM)
        self.settings = Settings.model_validate(
            {
                "home": folder / "home",
                "secret_key": SECRET_KEY,
                "agi": {"port": self.agi_port, "flow": str(folder / "hotline.yaml")},
                "ami": {"port": free_port(), "secret": "for-tests-only"},
                "sip": {
                    "host": "127.0.0.1",
                    "port": self.sip_port,
                    "trunk": f"{CARRIER}:5060",
                    "rtp_start": 20000,
                    "rtp_end": 24999,
                },
            }
        )
        self.installation = Installation.open(self.settings)
        upgrade_database(self.installation.engine)
        with self.installation.unit_of_work() as session:
            seed_people(session, now=SystemClock().now())
        self.asterisk = Asterisk(tree, folder / "asterisk")
        self.ivr = None

    def environment(self):
        """The settings as a process of ours reads them."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("SANSHENG_")}
        s = self.settings
        return own | {
            "PYTHONFAULTHANDLER": "1",
            "SANSHENG_HOME": str(s.home),
            "SANSHENG_SECRET_KEY": SECRET_KEY,
            "SANSHENG_AGI_PORT": str(s.agi.port),
            "SANSHENG_AGI_FLOW": s.agi.flow,
            "SANSHENG_AMI_PORT": str(s.ami.port),
            "SANSHENG_AMI_SECRET": "for-tests-only",
            "SANSHENG_ASTERISK_QUEUE_LOG": str(self.asterisk.queue_log),
            "SANSHENG_SIP_HOST": s.sip.host,
            "SANSHENG_SIP_PORT": str(s.sip.port),
            "SANSHENG_SIP_TRUNK": s.sip.trunk,
            "SANSHENG_SIP_RTP_START": str(s.sip.rtp_start),
            "SANSHENG_SIP_RTP_END": str(s.sip.rtp_end),
        }

    def sansheng(self, *arguments, **variables):
        """Start a command of ours, with settings of its own."""
        return subprocess.Popen(
            [Path(sys.executable).with_name("sansheng"), *arguments],
            env=self.environment() | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "sansheng.log").open("ab"),
        )

    def write_configuration(self, phones=None):
        """Write it with the product's own command; `phones`: agent to the address of the telephone."""
        found = phones or {code: f"{phone_address(code)}:5070" for code in AGENTS}
        phones = [part for code, address in found.items() for part in ("--phone", f"{code}={address}")]
        written = self.folder / "written"
        assert self.sansheng("asterisk", "config", "--out", str(written), *phones).wait() == 0, self.log()
        self.asterisk.configure(written)

    def use_flow(self, document):
        Path(self.settings.agi.flow).write_text(document, encoding="utf-8")

    def start_ivr(self, **variables):
        self.ivr = self.sansheng("ivr", **variables)
        wait_until(self._listens, "the FastAGI server to listen")

    def stop_ivr(self):
        if self.ivr and self.ivr.poll() is None:
            self.ivr.terminate()
            try:
                self.ivr.wait(30)
            except subprocess.TimeoutExpired:
                self.ivr.send_signal(signal.SIGABRT)  # shows where every thread is
                self.ivr.wait()
                pytest.fail(self.log())

    def _listens(self):
        assert self.ivr.poll() is None, self.log()
        with contextlib.closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.agi_port)) == 0

    def log(self):
        return (self.folder / "sansheng.log").read_text()[-6000:]

    def forget_promises(self):
        """Let no callback of one test ring the agents of the next."""
        with self.installation.unit_of_work() as session:
            session.execute(update(Callback).values(done_at=self.installation.clock.now()))

    def read_queue_log(self):
        import_queue_log(self.installation, [self.asterisk.queue_log])


@pytest.fixture(scope="session")
def asterisk_tree():
    tree = cache_folder() / "tree"
    if not (tree / "usr/sbin/asterisk").exists() or not shutil.which("sipp"):
        pytest.fail("no Asterisk: run tests/asterisk/install.sh (make test-asterisk does)")
    return tree


@pytest.fixture(scope="session")
def running(asterisk_tree, tmp_path_factory):
    telephony = Telephony(tmp_path_factory.mktemp("telephony"), asterisk_tree)
    telephony.use_flow(always(shipped_document(), OPEN))
    telephony.write_configuration()
    telephony.asterisk.start()
    yield telephony
    telephony.asterisk.stop()
    telephony.installation.close()


@pytest.fixture
def telephony(running):
    """The telephone system with nobody on the line, nobody logged in, and the flow always open."""
    running.use_flow(always(shipped_document(), OPEN))
    running.start_ivr()
    yield running
    running.forget_promises()
    running.asterisk.clear()
    running.stop_ivr()


def browser_of(telephony, username):
    """A browser in which somebody of the seeded people is logged in."""
    client = create_app(telephony.installation).test_client()
    with telephony.installation.unit_of_work(read_only=True) as session:
        user = session.scalars(select(User).where(User.username == username)).one()
    with client.session_transaction() as cookie:
        cookie["user_id"], cookie["epoch"] = user.id, user.session_epoch
    client.set_cookie("sansheng_locale", "en")
    return client


@pytest.fixture
def lead(telephony):
    """A browser of the QA lead."""
    return browser_of(telephony, "lead")


@pytest.fixture
def supervisor(telephony):
    return browser_of(telephony, "supervisor")


@pytest.fixture
def stage(telephony, tmp_path):
    parties = Stage(tmp_path, telephony.sip_port)
    yield parties
    parties.stop()


@pytest.fixture
def caller_sends(tmp_path):
    """A caller's stream: keys with the seconds before each, then a voice that does not stop."""

    def stream(*presses, voice_s=10.0):
        phone = Telephone().silence(0.5)
        for wait_s, keys in presses:
            phone.silence(wait_s).press(keys)
        return phone.silence(0.2).say(tone(voice_s, CALLER_HZ)).save(tmp_path / "caller.pcap")

    return stream


@pytest.fixture
def agent_voice(tmp_path):
    return Telephone().say(tone(8, AGENT_HZ)).save(tmp_path / "agent.pcap")


@pytest.fixture
def before(telephony):
    """The newest call before the scenario."""
    return newest_id(telephony)
