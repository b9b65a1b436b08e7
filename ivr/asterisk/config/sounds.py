"""Prompts as sound files, in the folders where Asterisk looks for them: `<language>/sansheng/<prompt>.wav`.

A prompt is taken from the folder of one's own recordings if it is there, else it is spoken by a voice that the
caller of this module brings (`Speak`), else it is reported as missing: the call goes on without it.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.asterisk.announcing import announced_queues
from ivr.asterisk.speaking import SOUNDS
from ivr.asterisk.wait_language import SOUND, WaitLanguage
from ivr.flow.document import Flow
from ivr.waiting.predictor import WaitRange
from ivr.waiting.wording import said_ranges, wait_prompt

RATE: Final = 8000
Samples = NDArray[np.int16]
Speak = Callable[[str, str], "Samples | None"]
"""Text and language to 8 kHz samples; None when it does not speak the language."""

_DIGITS: Final = {
    "zh": ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九"),
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}
_QUEUE_WORDS: Final = {
    # the names app_queue plays its announcement of the place by
    "zh": {
        "queue-youarenext": "您是下一位。",
        "queue-thereare": "您现在排在第",
        "queue-callswaiting": "位。",
    }
}
Origin = Literal["recorded", "spoken", "missing"]


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound file to be.

    Attributes:
        language: what is spoken.
        name: of the file below the folder of sounds, without its ending.
        text: what is said; empty: a moment of silence.
        recorded: name of one's own recording of it.
    """

    language: str
    name: str
    text: str
    recorded: str


@dataclass(frozen=True, slots=True)
class WrittenSounds:
    """Names (`zh/sansheng/welcome`) by where their sound came from."""

    names: dict[Origin, list[str]] = field(
        default_factory=lambda: {"recorded": [], "spoken": [], "missing": []}
    )


def sounds_of(flow: Flow) -> Iterator[Sound]:
    """Return every sound that calls in a flow need."""
    for prompt, texts in flow.prompts.items():
        for language, text in texts.items():
            yield Sound(language, f"{language}/{SOUNDS}/{prompt}", text, prompt)
    for language in flow.settings.languages:
        for digit, text in enumerate(_DIGITS.get(language, ())):
            yield Sound(language, f"{language}/digits/{digit}", text, f"digits/{digit}")
        for name, text in _QUEUE_WORDS.get(language, {}).items():
            yield Sound(language, f"{language}/{name}", text, name)
        yield from _waits(language, said_ranges() if announced_queues(flow) else ())


def _waits(language: str, ranges: Iterable[WaitRange]) -> Iterator[Sound]:
    """Return the sounds after a caller's place: one for each range, each in its variant of the language."""
    patience = wait_prompt(None, language)
    yield Sound(language, f"{language}/{SOUNDS}/{patience.id}", patience.text, patience.id)
    quiet = WaitLanguage(language, quiet=True)
    for name in ("queue-youarenext", f"{SOUNDS}/{SOUND}"):
        yield Sound(language, f"{quiet}/{name}", "", "")
    for said in ranges:
        prompt = wait_prompt(said, language)
        yield Sound(language, f"{WaitLanguage(language, said)}/{SOUNDS}/{SOUND}", prompt.text, prompt.id)


def write_sounds(flow: Flow, folder: Path, own: Path, speak: Speak) -> WrittenSounds:
    """Write the sounds below a folder; see the module.

    Args:
        flow: whose prompts.
        folder: becomes Asterisk's folder of sounds.
        own: folder of one's own recordings, `<language>/<prompt>.wav`; it need not exist.
        speak: voice for what has not been recorded.

    Raises:
        BadInput: one's own recording cannot be used.
    """
    written = WrittenSounds()
    for sound in sounds_of(flow):
        samples, origin = _samples(sound, own, speak)
        if samples is not None:
            write_wave(folder / f"{sound.name}.wav", samples)
        written.names[origin].append(sound.name)
    return written


def _samples(sound: Sound, own: Path, speak: Speak) -> tuple[Samples | None, Origin]:
    recorded = own / sound.language / f"{sound.recorded}.wav"
    if sound.recorded and recorded.is_file():
        return read_wave(recorded), "recorded"
    if not sound.text:
        return np.zeros(RATE // 50, np.int16), "spoken"
    spoken = speak(sound.text, sound.language)
    return spoken, "missing" if spoken is None else "spoken"


def read_wave(path: Path) -> Samples:
    """Return a 16-bit PCM WAV as one channel at 8 kHz, which is what a telephone carries.

    Raises:
        BadInput: it is something else.
    """
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                raise BadInput(_("%(file)s: not 16 bits a sample; save it as 16-bit PCM WAV", file=path))
            frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
            rate = file.getframerate()
    except (wave.Error, EOFError, ValueError) as error:
        raise BadInput(_("%(file)s: not a WAV file: %(reason)s", file=path, reason=error)) from error
    mono = frames.mean(axis=1, dtype=np.float32)
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE)
    samples: Samples = np.clip(mono, -32768, 32767).astype(np.int16)
    return samples


def write_wave(path: Path, samples: Samples) -> None:
    """Write 8 kHz mono samples, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    part.replace(path)


def chime() -> Samples:
    """Return ten seconds for callers who wait: four soft notes, then quiet."""
    seconds = np.arange(10 * RATE) / RATE
    music = np.zeros_like(seconds)
    for start, pitch in ((0.0, 523.25), (0.6, 659.26), (1.2, 783.99), (1.8, 659.26)):
        since = seconds - start
        music += np.where(since >= 0, np.exp(-1.8 * since) * np.sin(2 * np.pi * pitch * since), 0.0)
    samples: Samples = (music / np.abs(music).max() * 5000).astype(np.int16)
    return samples
