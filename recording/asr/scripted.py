"""A recogniser that says what it was told: the twin of the Vosk engine for tests of everything after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from recording.asr.port import Piece
from recording.transcript import Word


@dataclass(frozen=True, slots=True)
class ScriptedEngine:
    """Hears of its script whatever begins inside the speech it is given."""

    script: Sequence[Word]
    model_name: str = "scripted"
    model_hash: str = "0" * 64
    sample_rate: int = 8000

    def recognise(self, pieces: Iterable[Piece]) -> Iterator[Word]:
        """Yield the script's words that begin within a piece."""
        for piece in pieces:
            end_s = piece.start_s + len(piece.samples) / self.sample_rate
            yield from (word for word in self.script if piece.start_s <= word.start_s < end_s)
