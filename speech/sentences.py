"""Sentences of a hotline from weighted templates: training text and the language model's text.

The templates are in `sentences.yaml`. A vocabulary of your own needs no templates, only a file with one sentence a
line (`speech.graph --sentences`).
"""

from __future__ import annotations

import random
import re
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

_SLOT = re.compile(r"\{(\w+)\}")


def sentence(rng: random.Random) -> list[str]:
    """One random turn as a list of words."""
    weights, turns = _turns()
    text = rng.choices(turns, weights)[0]
    while slot := _SLOT.search(text):
        phrase = rng.choice(_templates()["slots"][slot[1]])
        text = text[: slot.start()] + phrase + text[slot.end() :]
    return text.split()


@cache
def vocabulary() -> tuple[str, ...]:
    """Every word the templates can give, sorted."""
    phrases = [*_turns()[1], *(phrase for slot in _templates()["slots"].values() for phrase in slot)]
    return tuple(sorted({word for phrase in phrases for word in _SLOT.sub(" ", phrase).split()}))


@cache
def _templates() -> Any:
    path = resources.files("speech") / "sentences.yaml"
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


@cache
def _turns() -> tuple[list[int], list[str]]:
    turns = _templates()["turns"]
    return [weight for weight, _ in turns], [text for _, text in turns]
