"""What the scenarios share: sounds, keys, an agent who answers, and rows of the ledger as they should be."""

import numpy as np

from tests.asterisk.sipp import Agent

CALLER_HZ, AGENT_HZ = 440, 880
FRONT = [
    "start:",
    "screen:normal",
    "language:zh",
    "consent:accepted",
    "holiday:workday",
    "hours:open",
]
TO_CONSULTING = [*FRONT, "main:1", "consulting:next"]
LANGUAGE, MENU = (0, "1"), (7, "1")
"""Keys with the seconds before them: Chinese at once, enquiries after the notice of the recording."""


def tone(seconds, hertz):
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(round(8000 * seconds)) / 8000)).astype(np.int16)


def answers(voice, *, rings_s=1.0, talks_s=4.0):
    return Agent().rings(rings_s).answers().plays(voice).waits(talks_s).hangs_up()


def visit(queue, outcome, agent=None, ended_by="", rings=()):
    return {"queue": queue, "outcome": outcome, "agent": agent, "ended_by": ended_by, "rings": list(rings)}
