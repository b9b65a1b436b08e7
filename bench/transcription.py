"""Throughput and errors of transcription against vosk-transcriber, on the same model and the same calls.

    python -m bench.transcription [--calls 12] [--width 1536] [--rounds 3] [--json]

Material: the demo's scripted calls, spoken on two channels with known words, cross-talk, noise and
hold music. Ours gets the recordings as they are (`sansheng transcribe`, database included);
vosk-transcriber, which knows no channels, gets each leg as a file of its own. Both start a process,
load the model and use all cores; rounds alternate, and the median counts. `--width 0` measures with the
demo model itself, any other width with one made as heavy as a real model (`bench.heavy_model`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from bench.heavy_model import DEFAULT_WIDTH, make_heavy
from recording.asr.model import demo_model
from recording.audio import AudioFile, open_audio
from recording.speech import find_speech, widen
from recording.transcription import PADDING_S
from sansheng.demo.audio import CHANNELS, render, write_wav
from sansheng.demo.calls import scripted_calls

_UNKNOWN = "[unk]"
Texts = Mapping[str, str]
"""Leg (`<call>-<role>`) → what was said on it, without spaces."""


@dataclass(frozen=True, slots=True)
class Material:
    """Calls on disk: `stereo` for us, `legs` for vosk-transcriber, and the truth."""

    stereo: Path
    legs: Path
    truth: Texts
    audio_s: float
    speech_share: float
    """Share of all channels' time that is speech with its padding: what a VAD leaves to decode."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured command."""

    wall_s: float
    cpu_s: float
    rss_mb: float
    texts: Texts


def make_material(folder: Path, count: int) -> Material:
    """Speak the first `count` scripted calls; all of them, and again with other pauses, if there are more."""
    stereo, legs = folder / "stereo", folder / "legs"
    stereo.mkdir(parents=True)
    legs.mkdir()
    truth: dict[str, str] = {}
    audio_s = decoded_s = 0.0
    scripts = scripted_calls()
    for number in range(count):
        call, seed = scripts[number % len(scripts)], number // len(scripts)
        spoken, name = render(call, seed), f"{call.key}-{seed}"
        write_wav(stereo / f"{name}.wav", spoken.samples)
        for channel, role in enumerate(CHANNELS):
            write_wav(legs / f"{name}-{role}.wav", spoken.samples[:, channel])
            truth[f"{name}-{role}"] = spoken.text(role).replace(" ", "")
        audio_s += spoken.duration_s
        decoded_s += _decoded_s(stereo / f"{name}.wav")
    return Material(stereo, legs, truth, audio_s, decoded_s / (2 * audio_s))


def _decoded_s(path: Path) -> float:
    with open_audio([AudioFile(path, path.name)]) as source:
        tracks = find_speech(source)
        spans = [span for track in tracks for span in widen(track.spans, PADDING_S, source.duration_s)]
    return sum(span.end_s - span.start_s for span in spans)


def run_theirs(material: Material, model: Path, out: Path) -> Run:
    """Run vosk-transcriber over the legs."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    program = shutil.which("vosk-transcriber", path=str(Path(sys.executable).parent)) or "vosk-transcriber"
    command = [program, "-m", str(model), "-i", str(material.legs), "-o", str(out), "--log-level", "ERROR"]
    wall_s, cpu_s, rss_mb, _ = _measure([command], {"VOSK_LOG_LEVEL": "-1"})
    return Run(
        wall_s, cpu_s, rss_mb, {path.stem: _plain(path.read_text("utf-8")) for path in out.glob("*.txt")}
    )


def run_ours(material: Material, model: Path, home: Path, *, processes: int = 1, threads: int = 0) -> Run:
    """Run `sansheng transcribe` over recordings taken in before, in one process or several."""
    environment = {"SANSHENG_ASR_MODEL": str(model), "SANSHENG_ASR_THREADS": str(threads)}
    names = _take_in(material, home)
    order = sorted(names)
    shares = [[str(one) for one in order[first::processes]] for first in range(processes)]
    environment["SANSHENG_HOME"] = str(home)
    commands = [[sys.executable, "-m", "sansheng", "transcribe", "--json", *share] for share in shares]
    wall_s, cpu_s, rss_mb, outputs = _measure(commands, environment)
    texts = dict.fromkeys(material.truth, "")
    for document in map(json.loads, outputs):
        for heard in document["recordings"]:
            for one in heard["utterances"]:
                texts[f"{names[heard['recording_id']]}-{CHANNELS[one['channel']]}"] += one["text"]
    return Run(wall_s, cpu_s, rss_mb, {leg: _plain(text) for leg, text in texts.items()})


def _take_in(material: Material, home: Path) -> dict[int, str]:
    """Take the calls into a new installation; return recording → call."""
    shutil.rmtree(home, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "sansheng",
        "--home",
        str(home),
        "recording",
        "import",
        str(material.stereo),
    ]
    done = subprocess.run(
        [*command, "--agent-channel", "1", "--json"], check=True, capture_output=True, text=True
    )
    return {item["recording_id"]: Path(item["files"][0]).stem for item in json.loads(done.stdout)["items"]}


def _measure(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str]
) -> tuple[float, float, float, list[str]]:
    """Run commands side by side; return wall and CPU seconds, the largest RSS in MB, and their outputs."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        files = [(Path(folder) / str(number)).open("w+", encoding="utf-8") for number in range(len(commands))]
        children = [
            subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL, env=os.environ | environment)
            for command, file in zip(commands, files, strict=True)
        ]
        usages = []
        for child, command in zip(children, commands, strict=True):
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                message = f"{command[:4]} ended with {child.returncode}"
                raise RuntimeError(message)
            usages.append(usage)
        wall_s = time.perf_counter() - started
        outputs = []
        for file in files:
            file.seek(0)
            outputs.append(file.read())
            file.close()
    cpu_s = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return wall_s, cpu_s, max(usage.ru_maxrss for usage in usages) / 1024, outputs


def _plain(text: str) -> str:
    return "".join(text.replace(_UNKNOWN, "").split())


def error_rate(truth: Texts, heard: Texts) -> float:
    """Character error rate over all legs."""
    errors = sum(Levenshtein.distance(text, heard.get(leg, "")) for leg, text in truth.items())
    return errors / sum(map(len, truth.values()))


def prepare(folder: Path, count: int, width: int) -> tuple[Material, Path]:
    """Make model and calls."""
    model = demo_model().path
    if width:
        make_heavy(model, folder / "model", width)
        model = folder / "model"
    return make_material(folder / "calls", count), model


def measure(count: int, width: int, rounds: int) -> dict[str, Any]:
    """Measure everything on one model.

    The material is made in a process of its own: the peak memory Linux tells of a child is at least
    what its parent had when it was started.
    """
    with tempfile.TemporaryDirectory(prefix="bench-transcription-") as name:
        folder = Path(name)
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            material, model = apart.submit(prepare, folder, count, width).result()
        runs: dict[str, list[Run]] = {"theirs": [], "ours": [], "one worker": [], "two workers": []}
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            runs["theirs"].append(run_theirs(material, model, folder / "out"))
            runs["ours"].append(run_ours(material, model, folder / "home"))
            runs["one worker"].append(run_ours(material, model, folder / "home", threads=1))
            runs["two workers"].append(run_ours(material, model, folder / "home", processes=2, threads=1))
    return _figures(material, runs, width)


def _figures(material: Material, runs: Mapping[str, Sequence[Run]], width: int) -> dict[str, Any]:
    wall_s = {name: statistics.median(run.wall_s for run in some) for name, some in runs.items()}
    cpu_s = {name: statistics.median(run.cpu_s for run in some) for name, some in runs.items()}
    speedups = [
        theirs.wall_s / ours.wall_s for theirs, ours in zip(runs["theirs"], runs["ours"], strict=True)
    ]
    return {
        "model": f"demo, width {width}" if width else "demo",
        "calls": len(material.truth) // 2,
        "audio_s": round(material.audio_s, 1),
        "decoded_share": round(material.speech_share, 3),
        "seconds": {name: round(seconds, 2) for name, seconds in wall_s.items()},
        "cpu_seconds": {name: round(seconds, 2) for name, seconds in cpu_s.items()},
        "times_real_time": {name: round(material.audio_s / seconds, 1) for name, seconds in wall_s.items()},
        "speedup": round(statistics.median(speedups), 2),
        "speedup_by_round": [round(one, 2) for one in speedups],
        "speedup_in_cpu_time": round(cpu_s["theirs"] / cpu_s["ours"], 2),
        "speedup_limit_by_speech_share": round(1 / material.speech_share, 2),
        "two_workers_against_one": round(wall_s["one worker"] / wall_s["two workers"], 2),
        "character_error_rate": {
            name: round(error_rate(material.truth, some[0].texts), 4) for name, some in runs.items()
        },
        "peak_rss_mb": {name: round(max(run.rss_mb for run in some)) for name, some in runs.items()},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=12, help="calls to transcribe")
    parser.add_argument(
        "--width", type=int, default=DEFAULT_WIDTH, help="hidden layers of the model; 0: the demo model"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    arguments = parser.parse_args()
    figures = measure(arguments.calls, arguments.width, arguments.rounds)
    if arguments.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for name, value in figures.items():
        print(f"{name:32} {value}")


if __name__ == "__main__":
    main()
