"""Vosk behind the port. The only module that imports vosk.

One model for a process, shared by all threads (Vosk leaves the GIL while it decodes), and one
recogniser for a track. Every stretch of speech is closed with FinalResult, or its last words would
be lost; after it Vosk starts its frame count anew at the sample it has reached, so word times map back exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

import vosk

from core.errors import MissingPart
from core.i18n import gettext as _
from recording.asr.model import InstalledModel, check_model_folder, model_hash, sample_rate
from recording.asr.port import Piece
from recording.transcript import Word

_CHUNK_S: Final = 0.5
"""Fed at once. Longer chunks make Vosk look for the end of a sentence too seldom, and cost accuracy."""


class VoskEngine:
    """A Vosk model that this process has loaded."""

    def __init__(self, path: Path, name: str) -> None:
        check_model_folder(path)
        vosk.SetLogLevel(-1)
        try:
            self._model = vosk.Model(str(path))
        except Exception as error:  # noqa: BLE001  vosk raises nothing more precise
            raise MissingPart(
                _(
                    "the speech model in %(path)s cannot be loaded (%(reason)s); "
                    "fetch it again with `sansheng model fetch`",
                    path=path,
                    reason=error,
                )
            ) from None
        self._name, self._hash, self._rate = name, model_hash(path), sample_rate(path)

    @property
    def model_name(self) -> str:
        """Name for people."""
        return self._name

    @property
    def model_hash(self) -> str:
        """SHA-256 over the model's files."""
        return self._hash

    @property
    def sample_rate(self) -> int:
        """Rate the model was trained at."""
        return self._rate

    def recognise(self, pieces: Iterable[Piece]) -> Iterator[Word]:
        """Decode one track's speech."""
        recogniser = vosk.KaldiRecognizer(self._model, self._rate)
        recogniser.SetWords(True)
        fed, shift_s, open_stretch = 0, 0.0, False
        for piece in pieces:
            if open_stretch and not piece.continues:
                yield from _words(recogniser.FinalResult(), shift_s)
            if not piece.continues:
                shift_s = piece.start_s - fed / self._rate
            for result in self._feed(recogniser, piece):
                yield from _words(result, shift_s)
            fed += len(piece.samples)
            open_stretch = True
        if open_stretch:
            yield from _words(recogniser.FinalResult(), shift_s)

    def _feed(self, recogniser: vosk.KaldiRecognizer, piece: Piece) -> Iterator[str]:
        step = round(_CHUNK_S * self._rate)
        for start in range(0, len(piece.samples), step):
            if recogniser.AcceptWaveform(piece.samples[start : start + step].tobytes()):
                yield recogniser.Result()


def _words(result: str, shift_s: float) -> Iterator[Word]:
    entries: list[dict[str, Any]] = json.loads(result).get("result", [])
    for entry in entries:
        yield Word(
            entry["word"],
            round(entry["start"] + shift_s, 3),
            round(entry["end"] + shift_s, 3),
            round(entry["conf"], 3),
        )


_loading = Lock()


@cache
def _load(path: Path, name: str) -> VoskEngine:
    return VoskEngine(path, name)


def load_engine(model: InstalledModel) -> VoskEngine:
    """Return the engine of a model, loaded once in a process; raises MissingPart."""
    with _loading:
        return _load(model.path.resolve(), model.name)
