"""A transcript as HTML: every word a link to its moment, marked where it is unsure or is evidence.

Built here and not in the template, because an hour of talk is ten thousand words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from core.i18n import gettext as _
from qa.heard import BRIDGE_MARGIN_S
from recording.models import Role, Transcript, Utterance
from recording.transcript import UNKNOWN_WORD

LOW_CONFIDENCE: Final = 0.6
"""Below this a word is shown as unsure: the default demand of scorecards on a stretch of speech."""

PROMPT: Final = "prompt"
"""Who speaks on the agent's track before the agent is there."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of one party's speech that an answer of the machine rests on."""

    start_s: float
    end_s: float
    role: str
    verdict: str
    title: str
    criterion: str
    quoted: bool = False
    """Words were heard there; otherwise it is the stretch that was searched."""


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance as it is shown; its role may be `prompt` too."""

    role: str
    channel: int
    start_s: float
    words: Markup


@dataclass(frozen=True, slots=True)
class TranscriptText:
    """A transcript as it is shown."""

    model_name: str
    confidence: float | None
    language: str
    utterances: list[Line]


def transcript_text(
    transcript: Transcript, marks: Sequence[Mark], language: str, bridged_at_s: float = 0.0
) -> TranscriptText:
    """Return the transcript with its words as links; `marks` underline the evidence.

    What the agent's track holds before the bridge are prompts and music, as scoring has it (`qa.heard`).
    """
    lines = [
        Line(_speaker(u, bridged_at_s), u.channel, u.start_s, _line_html(u, marks))
        for u in transcript.utterances
        if u.words
    ]
    return TranscriptText(transcript.model_name, transcript.confidence, language, lines)


def _speaker(utterance: Utterance, bridged_at_s: float) -> str:
    early = utterance.start_s < bridged_at_s - BRIDGE_MARGIN_S
    return PROMPT if early and utterance.role == Role.AGENT else utterance.role


def _marks_of(utterance: Utterance, marks: Sequence[Mark]) -> list[Mark]:
    return [
        mark
        for mark in marks
        if mark.start_s < utterance.end_s
        and mark.end_s > utterance.start_s
        and mark.role in {"", utterance.role}
    ]


def _line_html(utterance: Utterance, marks: Sequence[Mark]) -> Markup:
    return Markup("".join(_words(utterance, _marks_of(utterance, marks))))  # noqa: S704  (_link escapes)


def _words(utterance: Utterance, marks: Sequence[Mark]) -> Iterator[str]:
    last = ""
    for text, start, end, confidence in utterance.words:
        word, start_s, end_s = str(text), float(start), float(end)
        if _is_latin(last[-1:]) and _is_latin(word[:1]):
            yield " "
        yield _link(word, start_s, float(confidence), _mark_at(marks, start_s, end_s))
        last = word


def _link(word: str, start_s: float, confidence: float, mark: Mark | None) -> str:
    """Return one word's HTML. Plain strings, as Markup would escape and copy each part ten thousand times."""
    classes, shown, more = "w", escape(word), ""
    if word == UNKNOWN_WORD:
        classes, shown = "w gap", Markup("")
        more = f' aria-label="{escape(_("not understood"))}"'
    elif confidence < LOW_CONFIDENCE:
        classes = "w low"
    if mark is not None:
        classes += f" ev ev-{mark.verdict}"
        more += f' title="{escape(mark.title)}"'
    return f'<a class="{classes}" href="#t={start_s:.2f}" tabindex="-1"{more}>{shown}</a>'


def _mark_at(marks: Sequence[Mark], start_s: float, end_s: float) -> Mark | None:
    middle = (start_s + end_s) / 2
    return next((mark for mark in marks if mark.start_s <= middle <= mark.end_s), None)


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
