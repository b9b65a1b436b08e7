"""A call with voices on the virtual Twilio, from the first ring to the score."""

from __future__ import annotations

import zlib

import numpy as np
from sqlalchemy import select

from core.installation import Installation
from ivr.models import Agent
from ivr.twilio.models import TwilioAgent
from qa.publishing import current_version
from sansheng import wiring
from sansheng.demo.audio import CHANNELS, render
from sansheng.demo.calls import Role, ScriptedCall, scripted_calls
from sansheng.demo.hotline import seed_people
from tests.integration.twilio.conftest import Hotline
from tests.integration.twilio.virtual_legs import Knobs, QueuePlan, ScriptedCaller

KEYS = {"consulting": "1", "after_sales": "2", "complaints": "3"}


def staff_the_line(installation: Installation) -> None:
    """Make the demo's queues, agents and accounts, with telephones on Twilio; nobody is ready yet."""
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        seed_people(session, now=now)
        current_version(session, at=now)
        for number, agent in enumerate(session.scalars(select(Agent).order_by(Agent.code)).all()):
            address = f"+86139000010{number:02}"
            session.add(TwilioAgent(agent_id=agent.id, address=address, state="away", idle_since=now))


def place_spoken_call(installation: Installation, key: str, *, agent_first: bool = True) -> Hotline:
    """Place a call of the demo's scripts and let the workers finish it, down to the score.

    Args:
        installation: a hotline that `staff_the_line` has staffed.
        key: the script's.
        agent_first: whether Twilio does as it documents, and the agent is the first channel.
    """
    script = next(script for script in scripted_calls() if script.key == key)
    audio = render(script)
    order = (Role.AGENT, Role.CALLER) if agent_first else (Role.CALLER, Role.AGENT)
    sound = np.ascontiguousarray(audio.samples[:, [CHANNELS.index(role) for role in order]], "<i2").tobytes()
    talk = QueuePlan("bridged", talk_s=audio.duration_s, ended_by=script.hung_up_by.value, sound=sound)
    line = Hotline(installation, Knobs(), seed=zlib.crc32(key.encode()), jobs=tuple(wiring.JOBS))
    _only_ready(installation, script)
    line.twilio.call(ScriptedCaller(keys=["1", KEYS[script.queue], "1"], queues=[talk]))
    line.settle()
    return line


def _only_ready(installation: Installation, script: ScriptedCall) -> None:
    assert script.agent is not None
    with installation.unit_of_work() as session:
        for agent in session.scalars(select(TwilioAgent)):
            agent.state = "ready" if agent.agent.code == script.agent.code else "away"
