"""callback_offer: promise to call back, on the caller's own number or another one that is keyed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from core.documents.section import Section
from core.phone import normalise_number
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Digits, Event, NoInput
from ivr.flow.instructions import BookCallback
from ivr.flow.nodes.base import Node, Turn, leave, note_same_keys, read_exits, read_speech
from ivr.flow.nodes.question import Question, read_question
from ivr.flow.state import FlowState
from ivr.flow.validators import is_phone

NUMBER = "callback_number"
_LONGEST_NUMBER = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOffer(Node):
    """Offer a callback.

    Three questions: the offer (this number, another one, no); the other number, ended with #; and whether it
    was understood right. A withheld or foreign number cannot be called back: such a caller is asked for one.
    Whoever does not answer has declined.
    """

    kind: ClassVar[str] = "callback_offer"
    silent: ClassVar[frozenset[str]] = frozenset({"declined"})

    queue: str
    offer: Question
    number: Question
    readback: Question
    this_key: str
    other_key: str
    decline_key: str

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:
        """Read `say` (the offer), `ask_number`, `readback` (spells {callback_number}), keys and `queue`."""
        section.reading.refer("set", NUMBER, section.line)
        offer = read_question(section, settings)
        number = replace(
            offer,
            say=read_speech(section, "ask_number"),
            again=(),
            max_digits=_LONGEST_NUMBER,
            finish_key="#",
        )
        keys = [
            section.key_press("this_key", "1"),
            section.key_press("other_key", "2"),
            section.key_press("decline_key", "3"),
        ]
        note_same_keys(section, keys)
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("accepted", "declined")),
            queue=section.name("queue"),
            offer=offer,
            number=number,
            readback=replace(offer, say=read_speech(section, "readback"), again=()),
            this_key=keys[0],
            other_key=keys[1],
            decline_key=keys[2],
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Offer."""
        return self.offer.ask(flow, state)

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:
        """Take the answer to the question that was asked last."""
        if not isinstance(event, Digits | NoInput):
            return None
        digits = event.digits if isinstance(event, Digits) else ""
        if state.phase == "number":
            turn = self._after_number(flow, state, digits)
        elif state.phase == "readback":
            turn = self._after_readback(flow, state, digits)
        else:
            turn = self._after_offer(flow, state, digits)
        return turn or self._question(state).ask_again(flow, state, event, "declined")

    def _question(self, state: FlowState) -> Question:
        return {"number": self.number, "readback": self.readback}.get(state.phase, self.offer)

    def _after_offer(self, flow: Flow, state: FlowState, digits: str) -> Turn | None:
        own = normalise_number(state.caller)
        if digits == self.this_key and is_phone(own):
            return self._book(state, own)
        if digits in {self.this_key, self.other_key} - {""}:
            return self._next(flow, state, "number")
        return leave(state, "declined") if digits and digits == self.decline_key else None

    def _after_number(self, flow: Flow, state: FlowState, digits: str) -> Turn | None:
        if not is_phone(digits):
            return None
        return self._next(flow, state.with_values({NUMBER: digits}), "readback")

    def _after_readback(self, flow: Flow, state: FlowState, digits: str) -> Turn | None:
        if digits == "1":
            return self._book(state, state.value(NUMBER))
        return self._next(flow, state, "number") if digits == "2" else None

    def _next(self, flow: Flow, state: FlowState, phase: str) -> Turn:
        state = replace(state, phase=phase, no_inputs=0, no_matches=0)
        return self._question(state).ask(flow, state)

    def _book(self, state: FlowState, number: str) -> Turn:
        booking = BookCallback(number=number, queue=self.queue, language=state.language)
        return leave(state.with_values({NUMBER: number}), "accepted", booking)
