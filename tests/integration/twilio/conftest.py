"""A hotline on a virtual Twilio: the application with its webhooks, agents on telephones, and the jobs."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from core.clock import FixedClock
from core.events import dispatch
from core.jobs import Job
from core.settings import Settings
from ivr.models import Agent, Queue, QueueMember
from ivr.twilio.callbacks import KEEP_JOB
from ivr.twilio.ending import SETTLE_JOB
from ivr.twilio.models import TwilioAgent
from sansheng import wiring
from tests.integration.twilio.virtual_legs import BASE
from tests.integration.twilio.virtual_twilio import ACCOUNT, NUMBER, TOKEN, VirtualTwilio
from web.app import create_app

OF_TWILIO = {name for name in wiring.JOBS if "twilio" in name}
OURS = ("take_in_call_recording", *OF_TWILIO)
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai


@pytest.fixture
def settings(tmp_path, database_url):
    return Settings.model_validate(
        {
            "home": tmp_path / "home",
            "secret_key": "a secret for tests only",
            "database": {"url": database_url},
            "public": {"base_url": BASE},
            "twilio": {"account_sid": ACCOUNT, "auth_token": TOKEN, "number": NUMBER},
        }
    )


@pytest.fixture
def clock():
    return FixedClock(MONDAY)


@pytest.fixture
def staffed(installation):
    """Two agents in every queue of the shipped flow, on telephones, both ready."""
    with installation.unit_of_work() as session:
        agents = [
            Agent(code=code, name=code, interface=f"TWILIO/{code}", active=True) for code in ("2001", "2002")
        ]
        session.add_all(agents)
        for name in ("consulting", "after_sales", "complaints"):
            queue = Queue(name=name, title_zh=name, title_en=name)
            queue.members = [
                QueueMember(agent=agent, penalty=penalty) for penalty, agent in enumerate(agents)
            ]
            session.add(queue)
        session.flush()
        for number, agent in enumerate(agents):
            session.add(
                TwilioAgent(
                    agent_id=agent.id,
                    address=f"+86139000000{number:02}",
                    state="ready",
                    idle_since=installation.clock.now(),
                )
            )
    return installation


class Hotline:
    """A virtual Twilio and what the workers of this installation do meanwhile."""

    def __init__(self, installation, knobs, seed, jobs=OURS):
        self.installation, self.jobs = installation, jobs
        self.app = create_app(installation)
        self.twilio = VirtualTwilio(
            self.app.test_client(), installation.clock, knobs, seed, after_each=self.work
        )

    def work(self):
        """Do the jobs that are due, as the workers would."""
        while due := self._due():
            for name, arguments in due:
                self._do(name, arguments)

    def settle(self):
        """Let everything happen, and what is only known after a while."""
        self.twilio.run()
        for seconds in (20, 80, 120):
            self.twilio.pass_time(seconds)

    def _due(self):
        now = self.installation.clock.now()
        with self.installation.unit_of_work() as session:
            dispatch(session, wiring.SUBSCRIPTIONS, at=now)
            ready = select(Job).where(Job.name.in_(self.jobs), Job.state == "queued", Job.available_at <= now)
            jobs = session.scalars(ready.order_by(Job.id)).all()
            for job in jobs:
                job.state = "done"
            return [(job.name, job.arguments) for job in jobs]

    def _do(self, name, arguments):
        job = wiring.JOBS[name]
        if name in OF_TWILIO - {SETTLE_JOB, KEEP_JOB}:
            job(self.installation, **arguments, api=self.twilio)
        else:
            job(self.installation, **arguments)


@pytest.fixture
def hotline(staffed):
    """Return a function that makes a hotline with a virtual Twilio of some knobs."""

    def make(knobs, seed=1):
        return Hotline(staffed, knobs, seed)

    return make
