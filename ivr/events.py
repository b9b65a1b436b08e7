"""What this room tells the others."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True)
class CallEnded(Event):
    """A call is over and its facts are in the call log."""

    call_id: int


@dataclass(frozen=True, slots=True)
class CallRecorded(Event):
    """A provider's recording has arrived in the spool and is to be taken in.

    Attributes:
        provider: `twilio`.
        recording: the provider's own name for it.
    """

    provider: str
    recording: str
