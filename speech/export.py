"""Turn a checkpoint into a Vosk model directory (without its graph, see `speech.graph`).

python -m speech.export --checkpoint CHECKPOINT --model DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from speech.acoustic_model import AcousticModel, Layer, write_model
from speech.features import COEFFICIENTS, HIGH_HZ, LOW_HZ
from speech.kaldi_io import Floats
from speech.network import FRAMES_PER_OUTPUT, SPLICES, load_checkpoint

# Tuned on synthetic test sets a and b (README): likelihoods are the scores divided by floored, flattened priors.
ACOUSTIC_SCALE = 0.5
PRIOR_POWER, PRIOR_FLOOR = 0.3, 0.002

_MODULES_PER_LAYER = 4
_BATCH_NORM_EPSILON = 1e-5

MFCC_CONF = f"""--use-energy=false
--sample-frequency=8000
--num-mel-bins={COEFFICIENTS}
--num-ceps={COEFFICIENTS}
--low-freq={LOW_HZ}
--high-freq={HIGH_HZ}
--dither=0.0
"""
MODEL_CONF = f"""--min-active=200
--max-active=3000
--beam=12.0
--lattice-beam=5.0
--acoustic-scale={ACOUSTIC_SCALE}
--frame-subsampling-factor={FRAMES_PER_OUTPUT}
--endpoint.silence-phones=1
--endpoint.rule2.min-trailing-silence=0.5
--endpoint.rule3.min-trailing-silence=0.8
--endpoint.rule4.min-trailing-silence=1.2
"""


def fold(checkpoint: dict[str, Any]) -> AcousticModel:
    """Affine layers with batch normalisation and feature normalisation folded in, and the priors."""
    weights = {name: tensor.double().numpy() for name, tensor in checkpoint["network"].items()}
    layers = []
    for number, splice in enumerate(SPLICES):
        conv, norm = number * _MODULES_PER_LAYER, number * _MODULES_PER_LAYER + 1
        gain = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + _BATCH_NORM_EPSILON)
        kernel = weights[f"{conv}.weight"] * gain[:, None, None]
        bias = weights[f"{norm}.bias"] - gain * weights[f"{norm}.running_mean"]
        if number == 0:
            mean, deviation = (checkpoint[name].double().numpy() for name in ("mean", "deviation"))
            bias = bias - (kernel * (mean / deviation)[None, :, None]).sum((1, 2))
            kernel = kernel / deviation[None, :, None]
        by_frame = kernel.transpose(0, 2, 1).reshape(len(kernel), -1)
        layers.append(_layer(splice.offsets, by_frame, bias, rectified=True))
    last = len(SPLICES) * _MODULES_PER_LAYER
    layers.append(_layer((0,), weights[f"{last}.weight"][:, :, 0], weights[f"{last}.bias"], rectified=False))
    return AcousticModel(tuple(layers), _flattened(checkpoint["priors"].numpy()))


def _layer(offsets: tuple[int, ...], weights: Any, bias: Any, *, rectified: bool) -> Layer:
    return Layer(offsets, weights.astype(np.float32), bias.astype(np.float32), rectified=rectified)


def _flattened(priors: Floats) -> Floats:
    """A state with hardly any training data must not win every silence through its tiny prior."""
    flat = np.maximum(priors, PRIOR_FLOOR) ** PRIOR_POWER
    flattened: Floats = flat / flat.sum()
    return flattened


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m speech.export", description="Write a Vosk model directory."
    )
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="directory to write")
    options = parser.parse_args()
    for name in ("am", "conf"):
        (options.model / name).mkdir(parents=True, exist_ok=True)
    write_model(
        options.model / "am" / "final.mdl", fold(load_checkpoint(str(options.checkpoint))), compress=True
    )
    (options.model / "conf" / "mfcc.conf").write_text(MFCC_CONF, encoding="utf-8")
    (options.model / "conf" / "model.conf").write_text(MODEL_CONF, encoding="utf-8")
    print(f"{options.model}: acoustic model written; now python -m speech.graph --model {options.model}")


if __name__ == "__main__":
    main()
