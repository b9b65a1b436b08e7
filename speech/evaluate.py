"""How well a model hears fresh synthetic speech, through the real Vosk.

    python -m speech.evaluate --model DIR [--voices held-out|training] [--degraded] [--sentences FILE]

Prints character error rate (`[unk]` removed), exact sentences, errors of word times and the real-time factor.
It says nothing about people: see the README. Never import kaldifst in the same process.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import vosk
from rapidfuzz.distance import Levenshtein

from sansheng.demo.line import SAMPLE_RATE, Signal, a_law
from sansheng.demo.voice import SpokenWord, Voice, speak, word_times
from speech.degrade import degrade
from speech.utterances import HELD_OUT_VARIANTS, TRAINING_VARIANTS, Mixture, utterances

_PEAK = 8000 / 20_000
_BEFORE, _AFTER = 2400, 4000
_CHUNK_BYTES = 8000


@dataclass(slots=True)
class Tally:
    """Counts over a test set."""

    characters: int = 0
    errors: int = 0
    sentences: int = 0
    exact: int = 0
    audio_s: float = 0.0
    decoding_s: float = 0.0
    time_errors_s: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        median, high = np.percentile(self.time_errors_s or [np.nan], [50, 95]) * 1000
        return (
            f"{self.sentences} sentences: CER {100 * self.errors / self.characters:.1f} %, exact {self.exact}, "
            f"word times median {median:.0f} ms, 95 % within {high:.0f} ms, "
            f"real-time factor {self.decoding_s / self.audio_s:.3f}"
        )


def recognise(model: Any, track: Signal) -> list[dict[str, Any]]:
    """Vosk's words (`word`, `start`, `end`, `conf`) for int16-scaled samples, without `[unk]`."""
    recogniser = vosk.KaldiRecognizer(model, SAMPLE_RATE)
    recogniser.SetWords(True)
    content, words = np.clip(np.round(track), -32768, 32767).astype("<i2").tobytes(), []
    for start in range(0, len(content), _CHUNK_BYTES):
        if recogniser.AcceptWaveform(content[start : start + _CHUNK_BYTES]):
            words += json.loads(recogniser.Result()).get("result", [])
    words += json.loads(recogniser.FinalResult()).get("result", [])
    return [word for word in words if word["word"] != "[unk]"]


def evaluate(model: Any, spoken: Sequence[tuple[Signal, Sequence[SpokenWord]]]) -> Tally:
    """Recognise tracks and compare with their truth."""
    tally = Tally()
    for track, truth in spoken:
        start = time.perf_counter()
        heard = recognise(model, track)
        tally.decoding_s += time.perf_counter() - start
        tally.audio_s += len(track) / SAMPLE_RATE
        said = "".join(word.word for word in truth)
        errors = Levenshtein.distance(said, "".join(word["word"] for word in heard))
        tally.characters += len(said)
        tally.errors += errors
        tally.sentences += 1
        tally.exact += errors == 0
        if [word["word"] for word in heard] == [word.word for word in truth]:
            for found, right in zip(heard, truth, strict=True):
                tally.time_errors_s += [abs(found["start"] - right.start_s), abs(found["end"] - right.end_s)]
    return tally


def _template_set(options: argparse.Namespace) -> Iterator[tuple[Signal, Sequence[SpokenWord]]]:
    variants = HELD_OUT_VARIANTS if options.voices == "held-out" else TRAINING_VARIANTS
    fresh = (u for u in utterances(options.seed, variants, Mixture(1, 0, 0)) if len(u.words) >= 2)
    chosen = list(itertools.islice(fresh, options.count))
    rng = np.random.default_rng(options.seed)
    pool = [utterance.samples for utterance in chosen]
    for utterance in chosen:
        track = _padded(utterance.samples)
        yield (
            degrade(track, rng, pool) if options.degraded else a_law(track),
            _shifted(word_times(utterance.words, utterance.phones)),
        )


def _sentence_set(path: Path) -> Iterator[tuple[Signal, Sequence[SpokenWord]]]:
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    for words, variant in itertools.product(lines, HELD_OUT_VARIANTS):
        spoken = speak(words, Voice(variant))
        yield a_law(_padded(spoken.samples)), _shifted(spoken.words)


def _padded(samples: Any) -> Signal:
    return np.pad(samples.astype(np.float64) * _PEAK, (_BEFORE, _AFTER))


def _shifted(words: Sequence[SpokenWord]) -> list[SpokenWord]:
    shift_s = _BEFORE / SAMPLE_RATE
    return [SpokenWord(word, start_s + shift_s, end_s + shift_s) for word, start_s, end_s in words]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m speech.evaluate", description="Measure a model.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument(
        "--sentences", type=Path, help="test these sentences instead, in every held-out voice"
    )
    parser.add_argument("--voices", choices=("held-out", "training"), default="held-out")
    parser.add_argument(
        "--degraded", action="store_true", help="noise, rooms and bad lines instead of plain A-law"
    )
    parser.add_argument("--count", type=int, default=150, help="sentences to test")
    parser.add_argument("--seed", type=int, default=1901)
    options = parser.parse_args()
    vosk.SetLogLevel(-1)
    model = vosk.Model(str(options.model))
    tracks = _sentence_set(options.sentences) if options.sentences else _template_set(options)
    print(evaluate(model, list(tracks)))


if __name__ == "__main__":
    main()
