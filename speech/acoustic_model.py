"""The acoustic model file Vosk reads (`am/final.mdl`): HMM topology, network and priors in Kaldi's binary form.

The network is a stack of affine layers with rectifiers over spliced frames; batch normalisation and feature
normalisation are folded into the weights before it gets here (`speech.export`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from speech.kaldi_io import Floats, KaldiReader, KaldiWriter
from speech.phones import PHONE_ID, POSITION_PHONES, TRIPLES, base_of, state_count

_STAY_PROBABILITY = 0.5
_HEADER = b"\0B"


@dataclass(frozen=True, slots=True)
class Layer:
    """One affine layer.

    Attributes:
        offsets: frames (10 ms) that are joined to make its input.
        weights: [outputs, inputs x offsets], one block of inputs per offset.
        bias: [outputs].
        rectified: followed by max(0, x).
    """

    offsets: tuple[int, ...]
    weights: Floats
    bias: Floats
    rectified: bool


@dataclass(frozen=True, slots=True)
class AcousticModel:
    """Network and output priors; priors are probabilities, Vosk takes the logarithm."""

    layers: tuple[Layer, ...]
    priors: Floats

    @property
    def input_width(self) -> int:
        """Features a frame."""
        return int(self.layers[0].weights.shape[1]) // len(self.layers[0].offsets)


def write_model(path: Path, model: AcousticModel, *, compress: bool) -> None:
    """Write a model; `compress` halves the file without measurable loss."""
    writer = KaldiWriter(compress=compress)
    writer.raw(_HEADER)
    _write_transitions(writer)
    _write_network(writer, model)
    path.write_bytes(writer.to_bytes())


def read_model(path: Path) -> AcousticModel:
    """Read a model that `write_model` wrote.

    Raises:
        ValueError: the file is not such a model.
    """
    content = path.read_bytes()
    if not content.startswith(_HEADER) or b"<Nnet3> \n" not in content:
        message = f"{path} is not a binary Kaldi nnet3 model"
        raise ValueError(message)
    reader = KaldiReader(content, content.index(b"<Nnet3> \n"))
    reader.expect("<Nnet3>")
    offsets = _splices(reader.text_until(b"\n\n"))
    layers = _read_layers(reader, offsets)
    reader.expect("</Nnet3>", "<LeftContext>")
    reader.integer()
    reader.expect("<RightContext>")
    reader.integer()
    reader.expect("<Priors>")
    return AcousticModel(layers, reader.vector())


def _write_transitions(writer: KaldiWriter) -> None:
    writer.token("<TransitionModel>", "<Topology>")
    writer.integers(list(PHONE_ID.values()))
    writer.integers([-1, *(state_count(base_of(phone)) - 1 for phone in POSITION_PHONES)])
    writer.integer(2)
    for states in (1, 2):
        writer.integer(states + 1)
        for state in range(states):
            writer.integer(state, 2, state)
            writer.number(_STAY_PROBABILITY)
            writer.integer(state + 1)
            writer.number(1 - _STAY_PROBABILITY)
        writer.integer(-1, 0)
    writer.token("</Topology>", "<Triples>")
    writer.integer(len(TRIPLES))
    for triple in TRIPLES:
        writer.integer(*triple)
    logs = np.zeros(2 * len(TRIPLES) + 1, np.float32)
    logs[1::2], logs[2::2] = np.log(_STAY_PROBABILITY), np.log(1 - _STAY_PROBABILITY)
    writer.token("</Triples>", "<LogProbs>")
    writer.vector(logs)
    writer.token("</LogProbs>", "</TransitionModel>")


def _write_network(writer: KaldiWriter, model: AcousticModel) -> None:
    writer.token("<Nnet3>")
    writer.raw(("\n" + "\n".join(_config(model)) + "\n\n").encode())
    writer.token("<NumComponents>")
    writer.integer(sum(1 + layer.rectified for layer in model.layers) + 1)
    for number, layer in enumerate(model.layers, start=1):
        writer.token("<ComponentName>", f"tdnn{number}.affine", "<FixedAffineComponent>", "<LinearParams>")
        writer.matrix(layer.weights)
        writer.token("<BiasParams>")
        writer.vector(layer.bias)
        writer.token("</FixedAffineComponent>")
        if layer.rectified:
            _write_nonlinearity(writer, f"tdnn{number}.relu", "RectifiedLinearComponent", len(layer.bias))
    _write_nonlinearity(writer, "output.log-softmax", "LogSoftmaxComponent", len(model.layers[-1].bias))
    writer.token("</Nnet3>", "<LeftContext>")
    writer.integer(-sum(min(layer.offsets) for layer in model.layers))
    writer.token("<RightContext>")
    writer.integer(sum(max(layer.offsets) for layer in model.layers))
    writer.token("<Priors>")
    writer.vector(model.priors)


def _write_nonlinearity(writer: KaldiWriter, name: str, kind: str, width: int) -> None:
    nothing = np.zeros(0, np.float32)
    writer.token("<ComponentName>", name, f"<{kind}>", "<Dim>")
    writer.integer(width)
    for statistic in ("<ValueAvg>", "<DerivAvg>"):
        writer.token(statistic)
        writer.vector(nothing)
    writer.token("<Count>")
    writer.number(0)
    writer.token("<OderivRms>")
    writer.vector(nothing)
    for statistic in ("<OderivCount>", "<NumDimsSelfRepaired>", "<NumDimsProcessed>"):
        writer.token(statistic)
        writer.number(0)
    writer.token(f"</{kind}>")


def _config(model: AcousticModel) -> list[str]:
    lines, before = [f"input-node name=input dim={model.input_width}"], "input"
    for number, layer in enumerate(model.layers, start=1):
        frames = [before if offset == 0 else f"Offset({before}, {offset})" for offset in layer.offsets]
        spliced = frames[0] if layer.offsets == (0,) else f"Append({', '.join(frames)})"
        before = f"tdnn{number}.affine"
        lines.append(f"component-node name={before} component={before} input={spliced}")
        if layer.rectified:
            name = f"tdnn{number}.relu"
            lines.append(f"component-node name={name} component={name} input={before}")
            before = name
    name = "output.log-softmax"
    lines.append(f"component-node name={name} component={name} input={before}")
    return [*lines, f"output-node name=output input={name} objective=linear"]


def _splices(config: str) -> list[tuple[int, ...]]:
    """Frame offsets of each affine layer, from the config lines."""
    sources = re.findall(r"component=tdnn\d+\.affine input=(?:Append\((.+)\)|(\S+))", config)
    frame = re.compile(r"Offset\([^,]+, (-?\d+)\)|[\w.]+")
    return [tuple(int(offset or 0) for offset in frame.findall(several or one)) for several, one in sources]


def _read_layers(reader: KaldiReader, offsets: Sequence[tuple[int, ...]]) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    reader.expect("<NumComponents>")
    for _ in range(reader.integer()):
        reader.expect("<ComponentName>")
        reader.token()
        kind = reader.token().strip("<>")
        if kind == "FixedAffineComponent":
            reader.expect("<LinearParams>")
            weights = reader.matrix()
            reader.expect("<BiasParams>")
            layers.append(Layer(offsets[len(layers)], weights, reader.vector(), rectified=False))
            reader.expect(f"</{kind}>")
        else:
            reader.skip_past(f"</{kind}> ".encode())
        if kind == "RectifiedLinearComponent":
            layers[-1] = replace(layers[-1], rectified=True)
    return tuple(layers)
