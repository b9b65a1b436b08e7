"""The network: a time-delay stack of six layers over 33 frames, one output per HMM state every 30 ms."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn

from speech.features import COEFFICIENTS
from speech.phones import OUTPUT_COUNT


class Splice(NamedTuple):
    """Which frames (10 ms) a layer joins, and how many of its input steps it moves on."""

    offsets: tuple[int, ...]
    stride: int


SPLICES = (
    Splice((-2, -1, 0, 1, 2), 1),
    Splice((-1, 0, 1), 1),
    Splice((-1, 0, 1), 3),
    Splice((-3, 0, 3), 1),
    Splice((-3, 0, 3), 1),
    Splice((-6, 0, 6), 1),
)
CONTEXT = sum(splice.offsets[-1] for splice in SPLICES)
FRAMES_PER_OUTPUT = 3
WIDTH = 256

_DROPOUT_FROM = 2


def new_network(width: int = WIDTH) -> Any:
    """An untrained network: normalised features [batch, 40, frames] to outputs [batch, 98, steps]."""
    modules: list[Any] = []
    inputs, rate = COEFFICIENTS, 1
    for number, (offsets, stride) in enumerate(SPLICES):
        dilation = max(1, (offsets[1] - offsets[0]) // rate)
        modules += [
            nn.Conv1d(inputs, width, len(offsets), stride=stride, dilation=dilation, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout(0.1 if number >= _DROPOUT_FROM else 0.0),
        ]
        inputs, rate = width, rate * stride
    return nn.Sequential(*modules, nn.Conv1d(width, OUTPUT_COUNT, 1))


def frames_needed(steps: int) -> int:
    """Input frames for so many outputs."""
    return FRAMES_PER_OUTPUT * (steps - 1) + 1 + 2 * CONTEXT


def load_checkpoint(path: str) -> dict[str, Any]:
    """What `speech.train` saved: `network`, `mean`, `deviation`, `priors`, `width`."""
    checkpoint: dict[str, Any] = torch.load(path, weights_only=True)
    return checkpoint
