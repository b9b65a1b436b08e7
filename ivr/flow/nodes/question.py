"""Asking the caller for keys: the retries, with their own counters and growing help, that all questions share.

No input and no match are counted apart, because the help differs: somebody who pressed nothing is told to
press, somebody who pressed a wrong key is told which exist. Together they exhaust the attempts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.documents.section import Section
from core.i18n import gettext as _
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Digits, NoInput
from ivr.flow.instructions import Ask, Speech
from ivr.flow.nodes.base import Turn, leave, read_speech
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and what happens while no valid answer comes.

    Attributes:
        say: said first.
        again: said when asked again, after the help; `say` when empty.
        noinput, nomatch: help by number of failures, the last one stays.
        attempts: answers waited for in all.
        every_language: said in all languages of the flow, one after another.
    """

    say: tuple[str, ...]
    again: tuple[str, ...]
    noinput: tuple[str, ...]
    nomatch: tuple[str, ...]
    attempts: int
    timeout_s: float
    interdigit_s: float
    barge_in: bool
    every_language: bool = False
    min_digits: int = 1
    max_digits: int = 1
    finish_key: str = ""

    def ask(self, flow: Flow, state: FlowState) -> Turn:
        """Ask for the first time."""
        return Turn(state, (self._instruction(self._speech(flow, state, self.say)),))

    def ask_again(self, flow: Flow, state: FlowState, event: Digits | NoInput, given_up: str) -> Turn:
        """Ask again after a failed attempt, or leave by `given_up` when attempts are exhausted."""
        silent = isinstance(event, NoInput) or not event.digits
        if silent:
            state = replace(state, no_inputs=state.no_inputs + 1)
            help_prompt = _nth(self.noinput, state.no_inputs)
        else:
            state = replace(state, no_matches=state.no_matches + 1)
            help_prompt = _nth(self.nomatch, state.no_matches)
        if state.no_inputs + state.no_matches >= self.attempts:
            return leave(state, given_up)
        speech = self._speech(flow, state, (*help_prompt, *(self.again or self.say)))
        return Turn(state, (self._instruction(speech),))

    def _speech(self, flow: Flow, state: FlowState, parts: Sequence[str]) -> Speech:
        if not self.every_language:
            return flow.speech(parts, state)
        spoken = (flow.speech(parts, state, language) for language in flow.settings.languages)
        return tuple(part for speech in spoken for part in speech)

    def _instruction(self, speech: Speech) -> Ask:
        return Ask(
            speech=speech,
            min_digits=self.min_digits,
            max_digits=self.max_digits,
            finish_key=self.finish_key,
            timeout_s=self.timeout_s,
            interdigit_s=self.interdigit_s,
            barge_in=self.barge_in,
        )


def _nth(prompts: tuple[str, ...], count: int) -> tuple[str, ...]:
    return prompts[min(count, len(prompts)) - 1 :][:1]


def read_question(section: Section, settings: Settings, say: str = "say") -> Question:
    """Return the question a node's section describes; settings give what it leaves out."""
    return Question(
        say=read_speech(section, say),
        again=read_speech(section, "again", required=False),
        noinput=_help(section, "noinput", settings.noinput),
        nomatch=_help(section, "nomatch", settings.nomatch),
        attempts=section.whole("attempts", 1, 10, settings.attempts),
        timeout_s=section.number("timeout_s", 1, 60, settings.timeout_s),
        interdigit_s=section.number("interdigit_s", 1, 60, settings.interdigit_s),
        barge_in=section.flag("barge_in", default=True),
    )


def _help(section: Section, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    prompts = read_speech(section, key, required=False) or default
    if not prompts:
        section.note(_("a question needs %(key)s prompts, here or in settings", key=key))
    return prompts
