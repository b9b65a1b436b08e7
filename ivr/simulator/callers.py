"""How a caller behaves: what they want, what they press, how long they wait.

A caller knows nothing of the flow but what a person finds out by listening; here that is the shortest way
through the menus to the queue they want. Some press a wrong key, some nothing, some hang up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from ivr.flow.document import Flow
from ivr.flow.instructions import Ask, Speech, Spelled
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.callback_offer import CallbackOffer
from ivr.flow.nodes.confirm import Confirm
from ivr.flow.nodes.consent import Consent
from ivr.flow.nodes.language import Language
from ivr.flow.nodes.menu import Menu
from ivr.flow.nodes.queue import Queue
from ivr.flow.nodes.survey import Survey
from ivr.flow.state import FlowState

HANG_UP: Final = "hang up"
_CHARACTERS_A_SECOND: Final = {"zh": 5.2}
_OTHERWISE_A_SECOND: Final = 15.0
_DIGIT_S: Final = 0.55
_NOT_A_CHOICE: Final = frozenset({"exhausted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One person with one wish.

    Attributes:
        wants: the queue they should end in.
        patience_s: they hang up after waiting so long.
        talk_s: how long their matter takes.
        hung_up_by: who ends the conversation.
        gives_up: they hang up in the menus.
        careless: chance that a key is wrong, or is not pressed.
        score: what they answer to a survey, None for nothing.
        callback: they would rather be called back than go on waiting.
        message_s: length of a message they leave; 0 when they leave none.
    """

    number: str
    wants: str
    language: str = "zh"
    patience_s: float = 3600.0
    talk_s: float = 120.0
    hung_up_by: Literal["agent", "caller"] = "caller"
    gives_up: bool = False
    careless: float = 0.0
    score: int | None = None
    callback: bool = False
    message_s: float = 0.0
    vip: bool = False
    blocked: bool = False


def random_caller(random: Random, wanted: Mapping[str, float], number: str) -> Caller:
    """Draw a caller."""
    queue = random.choices(list(wanted), list(wanted.values()))[0]
    length = 1.35 if queue == "complaints" else 1.0
    return Caller(
        number=number,
        wants=queue,
        language="en" if random.random() < 0.04 else "zh",
        patience_s=15 + random.expovariate(1 / 150),
        talk_s=min(900.0, max(15.0, length * random.lognormvariate(5.28, 0.6))),
        hung_up_by="agent" if random.random() < 0.35 else "caller",
        gives_up=random.random() < 0.05,
        careless=0.06,
        score=random.choices((None, 5, 4, 3, 2, 1), (50, 28, 12, 5, 3, 2))[0],
        callback=random.random() < 0.5,
        message_s=random.uniform(8, 45) if random.random() < 0.7 else 0.0,
        vip=random.random() < 0.03,
        blocked=random.random() < 0.006,
    )


def speech_s(speech: Speech) -> float:
    """Return how long something takes to say."""
    return sum(
        len(part.digits) * _DIGIT_S
        if isinstance(part, Spelled)
        else len(part.text) / _CHARACTERS_A_SECOND.get(part.language, _OTHERWISE_A_SECOND)
        for part in speech
    )


def reply(
    caller: Caller, flow: Flow, state: FlowState, ask: Ask, ways: Mapping[str, int], random: Random
) -> tuple[str, float]:
    """Return the keys a caller presses (`HANG_UP` for none ever), and after how many seconds.

    Args:
        caller: who is asked.
        flow: the flow that asks, at the node of `state`.
        state: where the call is.
        ask: what is asked.
        ways: `ways_to(flow, caller.wants)`.
        random: this caller's chances.
    """
    said_s = speech_s(ask.speech)
    if caller.gives_up and isinstance(flow.nodes[state.node], Menu):
        return HANG_UP, said_s * random.uniform(0.3, 1.0)
    if random.random() < caller.careless:
        return ("", said_s + ask.timeout_s) if random.random() < 0.5 else ("8", said_s + 1.5)
    keys = _keys(caller, flow.nodes[state.node], state, ask, ways)
    if not keys:
        return "", said_s + ask.timeout_s
    heard = random.uniform(0.55, 1.0) if ask.barge_in and caller.careless else 1.0
    return keys, said_s * heard + 1.2 + 0.6 * (len(keys) - 1)


def ways_to(flow: Flow, queue: str) -> dict[str, int]:
    """Return for each node how many steps it is from a queue; nodes with no way there are missing."""
    entrances: dict[str, list[str]] = {}
    for node in flow.nodes.values():
        for target in node.exits.values():
            entrances.setdefault(target, []).append(node.id)
    goals = [node.id for node in flow.nodes.values() if isinstance(node, Queue) and node.queue == queue]
    ways = dict.fromkeys(goals, 0)
    ahead = deque(goals)
    while ahead:
        node_id = ahead.popleft()
        for before in entrances.get(node_id, ()):
            if before not in ways:
                ways[before] = ways[node_id] + 1
                ahead.append(before)
    return ways


def _keys(caller: Caller, node: Node, state: FlowState, ask: Ask, ways: Mapping[str, int]) -> str:
    match node:
        case Menu():
            keys = _choice(node, ways)
        case Language():
            keys = next((k for k, language in node.choices.items() if language == caller.language), "")
        case Consent():
            keys = node.accept_key
        case Confirm():
            keys = node.correct_key
        case CallbackOffer():
            keys = _answer_offer(caller, node, state)
        case Survey():
            keys = _score(caller, node)
        case _:
            keys = "1" * ask.max_digits
    return keys


def _choice(node: Menu, ways: Mapping[str, int]) -> str:
    far = len(ways) + 1
    choices = {key: target for key, target in node.exits.items() if key not in _NOT_A_CHOICE}
    return min(choices, key=lambda key: ways.get(choices[key], far))


def _answer_offer(caller: Caller, node: CallbackOffer, state: FlowState) -> str:
    if state.phase == "number":
        return caller.number
    if state.phase == "readback":
        return "1"
    return node.this_key if caller.callback else node.decline_key


def _score(caller: Caller, node: Survey) -> str:
    if caller.score is None:
        return ""
    score = min(caller.score, node.best)
    return str(node.best + 1 - score if node.first_is_best else score)
