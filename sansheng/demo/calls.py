"""The scripted calls of the demo and the verdicts a careful person gives them.

The scripts are YAML files in `sansheng/demo/scripts`; `cast.yaml` says who speaks with which voice. A script is
the truth: what was said, by whom, and how the standard's greeting, banned-word and closing criteria are met.

How the truth is judged: `greeting_order` and `closing_order` look at the parts that are present and are N/A when
fewer than two are; a missing part is counted once, under its own criterion. Closing criteria are N/A when the
caller hung up in mid-call, every criterion is N/A when no agent spoke.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from ruamel.yaml import YAML

from sansheng.demo.voice import Voice


class Role(StrEnum):
    """The two people on a call."""

    AGENT = "agent"
    CALLER = "caller"


class Verdict(StrEnum):
    """A person's answer to one criterion."""

    PASS = "pass"  # noqa: S105  (a verdict, not a password)
    FAIL = "fail"
    NA = "na"


CRITERIA = (
    "greeting_first",  # 您好 is the first word, neither 喂 nor 哎 before it
    "greeting_company",
    "greeting_department",
    "greeting_name",  # the agent's own name or number
    "greeting_order",  # 您好, company, department, own name
    "banned_refusal",  # 不行, 不知道, 没办法 ...
    "banned_vague",  # 差不多, 不清楚, 大概 ...
    "banned_rude",  # crude, abusive, 你听不懂吗, 闭嘴 ...
    "closing_else",  # asks whether anything else is needed
    "closing_thanks",  # thanks for the call
    "closing_farewell",
    "closing_order",  # question, thanks, farewell
)
_ROLES = {"A": Role.AGENT, "C": Role.CALLER}


@dataclass(frozen=True, slots=True)
class ScriptedAgent:
    """An agent of the demo hotline."""

    code: str
    name: str
    voice: Voice


@dataclass(frozen=True, slots=True)
class ScriptedLine:
    """One turn of a call.

    Attributes:
        role: who speaks.
        words: Hanzi words of the demo vocabulary.
        pause_s: silence before the line; None lets the renderer choose a natural one.
        overlap_s: the line starts this long before the one before it ends (an interruption).
        hold_s: the caller is put on hold (music) for so long after the line.
    """

    role: Role
    words: tuple[str, ...]
    pause_s: float | None = None
    overlap_s: float = 0.0
    hold_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """A call to be placed, with its truth.

    Attributes:
        key: stable id, `consulting-01`.
        about: what the call shows, one line of English.
        queue: `consulting`, `after_sales` or `complaints`.
        agent: who answers, None for a voicemail.
        caller_voice: how the caller speaks.
        ring_s: how long the agent's telephone rang.
        wait_s: how long the caller was in the menu and the queue before that.
        hung_up_by: which side ended the call.
        lines: what is said, in order.
        expected: a verdict for each of `CRITERIA`.
    """

    key: str
    about: str
    queue: str
    agent: ScriptedAgent | None
    caller_voice: Voice
    ring_s: float
    wait_s: float
    hung_up_by: Role
    lines: tuple[ScriptedLine, ...]
    expected: Mapping[str, Verdict]

    @property
    def is_voicemail(self) -> bool:
        """Nobody answered; the caller left a message."""
        return self.agent is None

    def voice(self, role: Role) -> Voice:
        """The voice of one side; the caller's when there is no agent."""
        return self.agent.voice if self.agent and role is Role.AGENT else self.caller_voice


@cache
def agents() -> tuple[ScriptedAgent, ...]:
    """The agents of the demo hotline, in order of their codes."""
    return tuple(
        ScriptedAgent(row["code"], row["name"], Voice(**row["voice"]))
        for row in _script("cast.yaml")["agents"]
    )


@cache
def scripted_calls() -> tuple[ScriptedCall, ...]:
    """All calls of the demo, queue by queue."""
    return tuple(
        _call(row, path.name.removesuffix(".yaml"))
        for path in sorted(_folder().iterdir(), key=lambda path: path.name)
        if path.name.endswith(".yaml") and path.name != "cast.yaml"
        for row in _script(path.name)
    )


def vocabulary() -> frozenset[str]:
    """Every word somebody says in the demo."""
    return frozenset(word for call in scripted_calls() for line in call.lines for word in line.words)


@cache
def _caller_voices() -> dict[str, Voice]:
    return {name: Voice(**voice) for name, voice in _script("cast.yaml")["callers"].items()}


def _folder() -> Traversable:
    return resources.files("sansheng.demo") / "scripts"


def _script(name: str) -> Any:
    return YAML(typ="safe").load((_folder() / name).read_text(encoding="utf-8"))


def _call(row: Mapping[str, Any], queue: str) -> ScriptedCall:
    by_code = {agent.code: agent for agent in agents()}
    voicemail = row.get("kind") == "voicemail"
    return ScriptedCall(
        key=row["id"],
        about=row["about"],
        queue=queue,
        agent=None if voicemail else by_code[row["agent"]],
        caller_voice=_caller_voices()[row["caller"]],
        ring_s=float(row["ring_s"]),
        wait_s=float(row["wait_s"]),
        hung_up_by=Role(row["hangs_up"]),
        lines=tuple(_lines(row["lines"])),
        expected=_expected(row.get("expected", {}), Verdict.NA if voicemail else Verdict.PASS),
    )


def _lines(rows: list[dict[str, Any]]) -> Iterator[ScriptedLine]:
    for row in rows:
        timing = dict(row)
        letter = next(letter for letter in _ROLES if letter in timing)
        words = tuple(timing.pop(letter).split())
        yield ScriptedLine(_ROLES[letter], words, **timing)


def _expected(deviations: Mapping[str, str], otherwise: Verdict) -> dict[str, Verdict]:
    if unknown := set(deviations) - set(CRITERIA):
        message = f"a demo script expects verdicts on unknown criteria: {sorted(unknown)}"
        raise ValueError(message)
    return {key: Verdict(deviations.get(key, otherwise)) for key in CRITERIA}
