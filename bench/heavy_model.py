"""The demo model made slow: the same words at the cost of a full-size model.

The demo model is about ten times cheaper than an official Vosk model, so a benchmark on it would measure
everything but recognition. Padding its hidden layers with zero weights changes no output and costs as much as
real weights. Real-time factors on one core of the machine this was written on: width 256 (as shipped) 0.005,
512 0.011, 1024 0.043, 1536 0.10; the last is near the official small Chinese model and the default. The file is
138 MB at that width and is not committed.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from speech.acoustic_model import AcousticModel, Layer, read_model, write_model

DEFAULT_WIDTH = 1536


def make_heavy(model_dir: Path, out_dir: Path, width: int = DEFAULT_WIDTH) -> None:
    """Copy a model directory with hidden layers of `width`; recognised words stay the same.

    Raises:
        ValueError: a layer is wider than `width` already, or the model is not one of ours.
    """
    heavy = widen(read_model(model_dir / "am" / "final.mdl"), width)
    shutil.copytree(model_dir, out_dir, dirs_exist_ok=True)
    write_model(out_dir / "am" / "final.mdl", heavy, compress=False)


def widen(model: AcousticModel, width: int) -> AcousticModel:
    """The same function with wider hidden layers."""
    widest = max(len(layer.bias) for layer in model.layers[:-1])
    if width < widest:
        message = f"the model's layers are {widest} wide already; choose a width from {widest} up"
        raise ValueError(message)
    first, *hidden, last = model.layers
    layers = (
        _pad_outputs(first, width),
        *(_pad_outputs(_pad_inputs(layer, width), width) for layer in hidden),
        _pad_inputs(last, width),
    )
    return replace(model, layers=layers)


def _pad_outputs(layer: Layer, width: int) -> Layer:
    missing = width - len(layer.bias)
    return replace(
        layer,
        weights=np.pad(layer.weights, ((0, missing), (0, 0))),
        bias=np.pad(layer.bias, (0, missing)),
    )


def _pad_inputs(layer: Layer, width: int) -> Layer:
    outputs, frames = len(layer.bias), len(layer.offsets)
    blocks = layer.weights.reshape(outputs, frames, -1)
    padded = np.pad(blocks, ((0, 0), (0, 0), (0, width - blocks.shape[2])))
    return replace(layer, weights=padded.reshape(outputs, frames * width))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", type=Path, help="directory of the demo model")
    parser.add_argument("out", type=Path, help="directory to write")
    parser.add_argument("--width", type=int, default=DEFAULT_WIDTH)
    options = parser.parse_args()
    make_heavy(options.model, options.out, options.width)


if __name__ == "__main__":
    main()
