"""Mandarin speech from espeak-ng, with the exact time of every phone and word.

Binds the library carried by PyPI's `espeakng-loader` through ctypes. Input is pinyin, because espeak-ng reads
few Hanzi. The demo model understands this voice only (see `recording/asr/demo_model/README.md`).
"""

from __future__ import annotations

import ctypes
import importlib
import itertools
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from core.errors import BadInput, MissingPart
from core.i18n import gettext as _
from sansheng.demo import lexicon
from sansheng.demo.line import SAMPLE_RATE

PEAK = 20_000
_PINYIN = "cmn-latn-pinyin"

# Enumerations of speak_lib.h.
_SYNCHRONOUS, _PHONEME_EVENTS = 2, 1
_EVENT_END, _EVENT_MESSAGE_END, _EVENT_PHONEME = 0, 6, 7
_RATE, _PITCH, _RANGE = 1, 3, 4
_UTF8, _BY_CHARACTER = 1, 1

_CLOSURE_S = 0.05  # a shorter gap between two phones is the closure of the second one


class SpokenPhone(NamedTuple):
    """One phone and when it sounds, in seconds from the start of the line."""

    phone: str
    start_s: float
    end_s: float


class SpokenWord(NamedTuple):
    """One word and when it sounds, in seconds from the start of the line."""

    word: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Voice:
    """How somebody speaks: an espeak-ng variant and its settings.

    Attributes:
        variant: name in espeak-ng's `voices/!v`, or empty for the plain voice.
        rate: words a minute as espeak-ng counts them; 140 to 290 is understood by the demo model.
        pitch: 0 to 100, 50 is the variant's own.
        pitch_range: liveliness, 0 to 100.
        speed_up: factor on time and pitch together (1.05 = a shorter, higher voice).
    """

    variant: str = ""
    rate: int = 190
    pitch: int = 50
    pitch_range: int = 50
    speed_up: float = 1.0


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """Speech at 8 kHz with its truth: mono int16 samples, peak `PEAK`."""

    samples: NDArray[np.int16]
    words: tuple[SpokenWord, ...]
    phones: tuple[SpokenPhone, ...]


def speak(words: Sequence[str], voice: Voice, *, pauses: Collection[int] = ()) -> SpokenLine:
    """Speak a line of Chinese words.

    Args:
        words: Hanzi words, each with one known reading (`sansheng.demo.lexicon`).
        voice: who speaks.
        pauses: indexes of the words that are followed by a short pause.

    Raises:
        MissingPart: `espeakng-loader` is not installed.
        BadInput: the voice does not exist, or a word cannot be spoken.
    """
    readings = [lexicon.syllables(word) for word in words]
    ends = list(itertools.accumulate(len(reading) for reading in readings))
    samples, spoken = speak_syllables(
        [syllable for reading in readings for syllable in reading],
        voice,
        pauses={ends[i] - 1 for i in pauses},
    )
    return SpokenLine(samples, word_times(words, spoken), spoken)


def speak_syllables(
    syllables: Sequence[str], voice: Voice, *, pauses: Collection[int] = ()
) -> tuple[NDArray[np.int16], tuple[SpokenPhone, ...]]:
    """Speak pinyin syllables with tone digits; see `speak`. Gives 8 kHz samples and the time of every phone."""
    text, places = "", {}
    for index, syllable in enumerate(syllables):
        places[len(text) + 1] = index
        text += f"{syllable} , " if index in pauses else f"{syllable} "
    wave, rate, phonemes = _engine().synthesise(text, voice)
    spans = _spans_by_syllable(phonemes, places, len(wave))
    if len(spans) != len(syllables):
        raise BadInput(
            _("espeak-ng did not speak every syllable of “%(text)s”; check the pinyin.", text=text)
        )
    scale = 1 / (rate * voice.speed_up)
    spoken = [phone for i, syllable in enumerate(syllables) for phone in _phones(syllable, spans[i], scale)]
    return _telephone_rate(wave, rate * voice.speed_up), _close_gaps(spoken)


def read_aloud(text: str, voice: Voice, *, language: str = _PINYIN) -> NDArray[np.int16]:
    """Speak a text as espeak-ng reads it, without times; see `speak`. Gives 8 kHz samples.

    Args:
        text: pinyin with tone digits, or plain ASCII text of the other languages.
        voice: who speaks.
        language: espeak-ng's name of it.
    """
    wave, rate, _phonemes = _engine().synthesise(text, voice, language)
    return _telephone_rate(wave, rate * voice.speed_up)


def word_times(words: Sequence[str], spoken: Sequence[SpokenPhone]) -> tuple[SpokenWord, ...]:
    """When each word sounds, from the times of its phones."""
    phones = iter(spoken)
    found = []
    for word in words:
        mine = list(itertools.islice(phones, len(lexicon.phones(word))))
        found.append(SpokenWord(word, mine[0].start_s, mine[-1].end_s))
    return tuple(found)


def _telephone_rate(wave: NDArray[np.int16], rate: float) -> NDArray[np.int16]:
    resampled: NDArray[np.float32] = soxr.resample(wave.astype(np.float32), rate, SAMPLE_RATE)
    return (resampled * (PEAK / max(1.0, float(np.abs(resampled).max(initial=0.0))))).astype(np.int16)


class _Phoneme(NamedTuple):
    sample: int
    character: int  # 1-based place of its syllable in the text
    name: str


def _spans_by_syllable(
    phonemes: Sequence[_Phoneme], places: dict[int, int], end: int
) -> dict[int, list[tuple[int, int]]]:
    """Sample spans of each syllable's phonemes; pauses and stray marks are left out."""
    spans: dict[int, list[tuple[int, int]]] = {}
    until = [*(phoneme.sample for phoneme in phonemes[1:]), end]
    for phoneme, stop in zip(phonemes, until, strict=True):
        index = places.get(phoneme.character)
        if index is not None and phoneme.name and not phoneme.name.startswith("_"):
            spans.setdefault(index, []).append((phoneme.sample, stop))
    return spans


def _phones(syllable: str, spans: Sequence[tuple[int, int]], scale: float) -> list[SpokenPhone]:
    """The first phoneme of a syllable is its initial, the rest its final."""
    initial, final = lexicon.split(syllable)
    if initial and len(spans) < 2:
        raise BadInput(_("espeak-ng spoke “%(text)s” without its initial; check the pinyin.", text=syllable))
    parts = [(initial, spans[:1]), (final, spans[1:])] if initial else [(final, spans)]
    return [SpokenPhone(name, part[0][0] * scale, part[-1][1] * scale) for name, part in parts]


def _close_gaps(spoken: Sequence[SpokenPhone]) -> tuple[SpokenPhone, ...]:
    closed = list(spoken[:1])
    for phone in spoken[1:]:
        start = closed[-1].end_s
        closed.append(phone._replace(start_s=start) if 0 < phone.start_s - start < _CLOSURE_S else phone)
    return tuple(closed)


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Engine:
    """The C library. Its state is global to the process, hence one instance and one lock."""

    def __init__(self, library: Path, voices: Path) -> None:
        self._lock = threading.Lock()
        self._library = ctypes.CDLL(str(library))
        self._voices = voices
        self._wave: list[NDArray[np.int16]] = []
        self._phonemes: list[_Phoneme] = []
        self.rate: int = self._library.espeak_Initialize(
            _SYNCHRONOUS, 0, str(voices).encode(), _PHONEME_EVENTS
        )
        if self.rate <= 0:
            raise MissingPart(_("espeak-ng cannot start with the voices in %(path)s.", path=voices))
        self._callback: Callable[..., int] = _Callback(self._receive)  # C keeps a pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    def synthesise(
        self, text: str, voice: Voice, language: str = _PINYIN
    ) -> tuple[NDArray[np.int16], int, list[_Phoneme]]:
        """Samples, their rate in Hz, and the phonemes in order."""
        if voice.variant and not (self._voices / "voices" / "!v" / voice.variant).is_file():
            raise BadInput(_("espeak-ng has no voice variant “%(name)s”.", name=voice.variant))
        name = f"{language}+{voice.variant}" if voice.variant else language
        line = text.encode("ascii") + b"\0"
        with self._lock:
            if self._library.espeak_SetVoiceByName(name.encode()) != 0:
                raise MissingPart(_("This espeak-ng has no voice “%(name)s”.", name=name))
            for parameter, value in ((_RATE, voice.rate), (_PITCH, voice.pitch), (_RANGE, voice.pitch_range)):
                self._library.espeak_SetParameter(parameter, value, 0)
            self._wave, self._phonemes = [], []
            self._library.espeak_Synth(line, len(line), 0, _BY_CHARACTER, 0, _UTF8, None, None)
            self._library.espeak_Synchronize()
            return np.concatenate([np.zeros(0, np.int16), *self._wave]), self.rate, self._phonemes

    def _receive(self, wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            self._wave.append(np.ctypeslib.as_array(wave, (count,)).copy())
        for event in itertools.takewhile(
            lambda e: e.type not in (_EVENT_END, _EVENT_MESSAGE_END), _each(events)
        ):
            if event.type == _EVENT_PHONEME:
                name = event.id.string.decode("utf-8", "replace")
                self._phonemes.append(_Phoneme(event.sample, event.text_position, name))
        return 0


def _each(events: Any) -> Any:
    return (events[i] for i in itertools.count())


@cache
def _engine() -> _Engine:
    try:
        loader = importlib.import_module("espeakng_loader")
    except ModuleNotFoundError as missing:
        raise MissingPart(
            _("Synthetic speech needs espeak-ng: run “pip install espeakng-loader”.")
        ) from missing
    return _Engine(Path(loader.get_library_path()), Path(loader.get_data_path()))
