"""Train the network on labelled frames.

    python -m speech.train --out CHECKPOINT FEATURES.npz...

Frame cross-entropy on exact labels with label smoothing, AdamW, cosine schedule, bfloat16 on the CPU.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from speech.network import CONTEXT, FRAMES_PER_OUTPUT, WIDTH, frames_needed, load_checkpoint, new_network
from speech.phones import OUTPUT_COUNT

_BATCH, _STEPS_PER_CHUNK = 64, 50
_WARM_UP = 200
_LEAST_COUNT = 50  # added to every output's count, so that no prior is zero


def load_material(paths: Sequence[Path]) -> tuple[Any, Any]:
    """Features [frames, 40] and outputs [frames] of all files, one after the other."""
    files = [np.load(path) for path in paths]
    features = torch.from_numpy(np.concatenate([file["features"] for file in files]))
    outputs = torch.from_numpy(np.concatenate([file["outputs"] for file in files]).astype(np.int64))
    return features, outputs


def random_chunks(features: Any, outputs: Any, generator: Any) -> tuple[Any, Any]:
    """A batch of chunks from random places: inputs [batch, 40, frames], targets [batch, steps]."""
    frames = frames_needed(_STEPS_PER_CHUNK)
    starts = torch.randint(0, len(features) - frames, (_BATCH,), generator=generator)[:, None]
    steps = CONTEXT + FRAMES_PER_OUTPUT * torch.arange(_STEPS_PER_CHUNK)
    return features[starts + torch.arange(frames)].transpose(1, 2), outputs[starts + steps]


def train(network: Any, features: Any, outputs: Any, *, steps: int, rate: float, seed: int) -> None:
    """Run the optimiser; progress goes to stderr."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    generator = torch.Generator().manual_seed(seed)
    network.train()
    smoothed = math.nan
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * _schedule(step, steps)
        inputs, targets = random_chunks(features, outputs, generator)
        with torch.autocast("cpu", torch.bfloat16):
            scores = network(inputs)
        loss = functional.cross_entropy(scores.float(), targets, label_smoothing=0.02)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        smoothed = loss.item() if math.isnan(smoothed) else 0.98 * smoothed + 0.02 * loss.item()
        if step % 200 == 0:
            print(f"step {step} of {steps}, loss {smoothed:.3f}", file=sys.stderr)


def frame_accuracy(network: Any, features: Any, outputs: Any, *, batches: int = 40) -> float:
    """Share of frames whose best output is the right one."""
    generator = torch.Generator().manual_seed(3)
    network.eval()
    right = 0.0
    with torch.no_grad():
        for _ in range(batches):
            inputs, targets = random_chunks(features, outputs, generator)
            right += float((network(inputs).argmax(1) == targets).float().mean())
    return right / batches


def _schedule(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / _WARM_UP) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def _priors(outputs: Any) -> Any:
    counts = torch.bincount(outputs[::FRAMES_PER_OUTPUT], minlength=OUTPUT_COUNT).float() + _LEAST_COUNT
    return counts / counts.sum()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m speech.train", description="Train the network.")
    parser.add_argument("material", type=Path, nargs="+", help="files of speech.features")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("--start-from", type=Path, help="checkpoint to continue from")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--rate", type=float, default=0.002)
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    features, outputs = load_material(options.material)
    torch.manual_seed(options.seed)
    network = new_network(options.width)
    mean, deviation = features[::50].mean(0), features[::50].std(0)
    if options.start_from:
        before = load_checkpoint(str(options.start_from))
        network.load_state_dict(before["network"])
        mean, deviation = before["mean"], before["deviation"]
    features = (features - mean) / deviation
    train(network, features, outputs, steps=options.steps, rate=options.rate, seed=options.seed)
    checkpoint = {"mean": mean, "deviation": deviation, "priors": _priors(outputs), "width": options.width}
    torch.save({**checkpoint, "network": network.state_dict()}, options.out)
    print(f"{options.out}: frame accuracy on the material {frame_accuracy(network, features, outputs):.3f}")


if __name__ == "__main__":
    main()
