"""Phrases as a scorecard writes them, with slots filled from the call's queue and agent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

SLOTS: Final = ("company", "department", "name", "code")
"""What a phrase may contain in braces: the queue's company and departments, the agent's name and number."""
_SLOT: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Phrase:
    """One wording, and the wordings that contain it and mean something else.

    `unless` holds contexts: a hit that lies inside one of them does not count (差不多 in 差不多少).
    """

    say: str
    unless: tuple[str, ...] = ()

    @property
    def slots(self) -> tuple[str, ...]:
        """Return the names of the slots in it."""
        return tuple(_SLOT.findall(self.say))

    def filled(self, values: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Return every wording with its slots filled; none when a slot has no value for this call."""
        pieces = _SLOT.split(self.say)  # text, slot, text, slot, ..., text
        choices = [values.get(piece, ()) if n % 2 else (piece,) for n, piece in enumerate(pieces)]
        return tuple("".join(choice) for choice in product(*choices))
