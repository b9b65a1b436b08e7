"""The synthetic voice: every sentence that callers need is spoken."""

import pytest

from ivr.asterisk.config.sounds import sounds_of
from ivr.flow.check import shipped_flow
from sansheng.prompt_voice import speak_prompt

SOUNDS = list(sounds_of(shipped_flow()))
QUIET = [sound for sound in SOUNDS if not sound.text]
"""What covers a sound of Asterisk's own with silence."""


@pytest.mark.parametrize(
    "sound", [s for s in SOUNDS if s.text], ids=lambda sound: f"{sound.language}/{sound.name}"
)
def test_every_sound_of_the_shipped_flow_can_be_heard(sound):
    samples = speak_prompt(sound.text, sound.language)
    assert len(samples) > 8000 * 0.05 * len(sound.text) * (1.0 if sound.language == "zh" else 0.3)
    assert abs(samples).max() > 5000


@pytest.mark.parametrize("sound", QUIET, ids=lambda sound: f"{sound.language}/{sound.name}")
def test_a_sound_that_covers_another_is_silent(sound):
    assert not speak_prompt(sound.text, sound.language).any()


def test_another_language_is_left_to_people():
    assert speak_prompt("Bonjour", "fr") is None
