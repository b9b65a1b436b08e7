"""What this room wants of a speech recogniser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from recording.audio.pcm import Samples
from recording.transcript import Word


@dataclass(frozen=True, slots=True)
class Piece:
    """A bit of speech: mono int16 at the engine's rate, and where in the recording it starts.

    A piece that starts where the one before it ended continues the same stretch of speech; so long
    stretches come in bounded pieces.
    """

    start_s: float
    samples: Samples
    continues: bool = False


class Engine(Protocol):
    """A loaded model. Safe to use from several threads at once."""

    @property
    def model_name(self) -> str:
        """Name for people."""

    @property
    def model_hash(self) -> str:
        """SHA-256, hex: two engines with the same hash hear the same."""

    @property
    def sample_rate(self) -> int:
        """Rate that pieces must have, in Hz."""

    def recognise(self, pieces: Iterable[Piece]) -> Iterator[Word]:
        """Decode one track's pieces, in order; the words' times are times of the recording."""
