"""What this room tells the others."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True)
class CallEnded(Event):
    """A call is over and its facts are in the call log."""

    call_id: int
