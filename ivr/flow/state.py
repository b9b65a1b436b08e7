"""Where one call stands in its flow: a frozen value that a driver keeps between events.

The state carries everything the interpreter needs, so any process can go on with the call from the JSON.
Numbers and collected digits stay out of `repr`: a logged state gives nothing away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Self

from core.errors import BadInput
from core.i18n import gettext as _


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowState:
    """One call's place in its flow.

    Attributes:
        flow, version: the document the call began in; it ends in the same one.
        node: node that waits for the next event; the last one after the end.
        phase: where inside the node, for nodes that ask more than one question.
        no_inputs, no_matches: failed attempts at the present question, counted apart.
        answered: something was said, so the call can no longer be rejected.
        bridged: an agent has talked with the caller.
        failed: the error route was taken; a second fault ends the call.
        consented: recording is allowed.
        steps: nodes entered and events taken, the guard against a call without end.
        outcome: how the call ended; empty while it lasts.
    """

    flow: str
    version: int
    caller: str = field(repr=False)
    called: str
    started_at: datetime
    at: datetime
    language: str
    node: str = ""
    phase: str = ""
    vip: bool = False
    blocked: bool = False
    override: str = ""
    no_inputs: int = 0
    no_matches: int = 0
    answered: bool = False
    bridged: bool = False
    failed: bool = False
    consented: bool = False
    priority: int = 0
    steps: int = 0
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    outcome: str = ""

    @property
    def ended(self) -> bool:
        """Return whether the call is over."""
        return bool(self.outcome)

    def value(self, name: str) -> str:
        """Return a variable, or a fact of the call under its own name; empty when there is none."""
        if name in BUILT_IN:
            fact = getattr(self, name)
            return ("true" if fact else "false") if isinstance(fact, bool) else str(fact)
        return self.variables.get(name, "")

    def with_values(self, values: Mapping[str, str]) -> Self:
        """Return the state with these variables set."""
        return replace(self, variables={**self.variables, **values})

    def to_json(self) -> str:
        """Return the state as one JSON object."""
        document = {**asdict(self), "at": self.at.isoformat(), "started_at": self.started_at.isoformat()}
        return json.dumps(document, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the state that `to_json` wrote; `BadInput` when it is anything else."""
        try:
            document = json.loads(text)
            times = {name: datetime.fromisoformat(document[name]) for name in ("at", "started_at")}
            return cls(**{**document, **times})
        except (ValueError, TypeError, KeyError) as error:
            raise BadInput(_("this is not a stored call state: %(reason)s", reason=error)) from error


BUILT_IN = frozenset({"language", "caller", "called", "vip", "blocked", "bridged", "consented", "priority"})
