"""The flow part of the state machine: a call's way through its flow, as far as the call log needs it.

A step is a node that was left, with its outcome; `start` and `end` stand around them. Steps carry no
digits and no numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ivr.ledger.facts import CallOutcome, LedgerEvent

START: Final = "start"
END: Final = "end"
CALLBACK: Final = "callback"
"""Kind of the steps of a call by which we call somebody back; see `ivr.callbacks.keeping`."""

CALLBACK_OF: Final = "callback_of"
RECORDED: Final = "recorded"
"""Fields of such a call's start: the call it was promised on, and whether it may be recorded."""

_BY_STEP: Final[Mapping[tuple[str, str], CallOutcome]] = {
    # a step of the flow that decides how the call is filed
    ("queue", "bridged"): "answered",
    ("transfer", "answered"): "answered",
    ("voicemail", "done"): "voicemail",
    ("callback_offer", "accepted"): "callback",
    (CALLBACK, "answered"): "answered",
    ("screen", "blocked"): "blocked",
    ("hours", "closed"): "closed",
    ("holiday", "holiday"): "closed",
}
_BY_END: Final[Mapping[str, CallOutcome]] = {
    "abandoned": "abandoned",
    "failed": "failed",
    "too_long": "failed",
}


@dataclass(slots=True)
class FlowPath:
    """What a call's steps say.

    Attributes:
        queued: times the flow put the caller into a queue that took them.
        refused: queue and time for each time a queue was full or empty.
        outcomes: how the steps would have the call filed.
        callback: it is we who call.
    """

    flow: str = ""
    flow_version: str = ""
    language: str = ""
    recording_allowed: bool = True
    started_at: datetime | None = None
    ended_at: datetime | None = None
    queued: int = 0
    refused: list[tuple[str, datetime]] = field(default_factory=list)
    survey_score: int | None = None
    callback: bool = False
    outcomes: set[CallOutcome] = field(default_factory=set)


def flow_path(events: Sequence[LedgerEvent]) -> FlowPath:
    """Read a call's flow steps, given in any order."""
    path = FlowPath()
    for event in sorted(events, key=lambda event: event.position):
        if isinstance(event.fields, Mapping):
            _take(path, event, event.fields)
    return path


def _take(path: FlowPath, event: LedgerEvent, fields: Mapping[str, Any]) -> None:
    outcome = fields.get("outcome", "")
    if event.kind == START:
        path.started_at = event.at
        path.flow, path.flow_version = fields.get("flow", ""), str(fields.get("version", ""))
        path.language = fields.get("language", "")
        path.callback = CALLBACK_OF in fields
        path.recording_allowed = fields.get(RECORDED, True)
    elif event.kind == END:
        path.ended_at = event.at
        path.outcomes |= {_BY_END[outcome]} if outcome in _BY_END else set()
    else:
        _take_step(path, event, outcome, fields)


def _take_step(path: FlowPath, event: LedgerEvent, outcome: str, fields: Mapping[str, Any]) -> None:
    if decided := _BY_STEP.get((event.kind, outcome)):
        path.outcomes.add(decided)
    if event.kind == "queue" and outcome == "full":
        path.refused.append((event.queue, event.at))
    elif event.kind == "queue" and outcome != "error":
        path.queued += 1
    elif event.kind == "language":
        path.language = fields.get("language", path.language)
    elif event.kind == "consent" and outcome == "declined":
        path.recording_allowed = False
    elif event.kind == "survey" and "score" in fields:
        path.survey_score = int(fields["score"])
