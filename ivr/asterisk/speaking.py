"""Saying and asking on a channel: prompts and digits out, keys in."""

from __future__ import annotations

from core.logging import get_logger
from ivr.asterisk.agi import ANY_KEY, Channel, NotDone
from ivr.flow.instructions import Ask, Prompt, Speech, Spelled

_log = get_logger(__name__)

SOUNDS = "sansheng"
"""Folder of our prompts inside each language's folder of sounds: `sounds/zh/sansheng/welcome.wav`."""


class Speaker:
    """Speaks on one channel; Asterisk looks a prompt up in the channel's language."""

    def __init__(self, channel: Channel, language: str = "") -> None:
        self._channel = channel
        self._language = language

    def use(self, language: str) -> None:
        """Let the channel speak a language from here on, Asterisk's own announcements too."""
        if language != self._language:
            self._channel.set_variable("CHANNEL(language)", language)
            self._language = language

    def say(self, speech: Speech, keys: str = "") -> str:
        """Speak; return the key that stopped it, or nothing.

        A prompt that Asterisk does not have is left out and logged: a caller who hears one sentence less
        is better served than one who is thrown out.
        """
        for part in speech:
            self.use(part.language)
            try:
                pressed = self._part(part, keys)
            except NotDone:
                name = part.id if isinstance(part, Prompt) else "digits"
                _log.error("prompt_missing", prompt=name, language=part.language)
                continue
            if pressed:
                return pressed
        return ""

    def ask(self, question: Ask) -> str:
        """Speak and collect keys; nothing when the caller pressed none."""
        first = self.say(question.speech, ANY_KEY if question.barge_in else "")
        keys, wait_s = "", question.timeout_s
        while True:
            pressed, first = first or self._channel.key(wait_s), ""
            if not pressed or pressed == question.finish_key:
                return keys
            keys += pressed
            if len(keys) >= question.max_digits:
                return keys
            wait_s = question.interdigit_s

    def _part(self, part: Prompt | Spelled, keys: str) -> str:
        if isinstance(part, Spelled):
            return self._channel.spell(part.digits, keys)
        return self._channel.play(f"{SOUNDS}/{part.id}", keys)
