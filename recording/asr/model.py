"""Which speech model is used, whether its folder is whole, and what identifies it.

The strongest wins: setting `asr.model`, the choice made by `sansheng model use` or `fetch`
(`model.txt` in the data folder), the demo model that comes with the program.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from core.errors import MissingPart
from core.i18n import gettext as _
from core.settings import Settings

DEMO_MODEL: Final = "demo"
_ALWAYS: Final = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/phones/word_boundary.int")
_STATIC_GRAPH: Final = ("graph/HCLG.fst", "graph/words.txt")
_DYNAMIC_GRAPH: Final = ("graph/HCLr.fst", "graph/Gr.fst", "graph/disambig_tid.int")
_RATE: Final = re.compile(r"^\s*--sample-frequency=(\d+)", re.MULTILINE)
_DEFAULT_RATE: Final = 16000
"""Kaldi's own."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model folder and why it is the one: `setting`, `chosen`, `bundled` or `fetched`."""

    name: str
    path: Path
    origin: str


def models_folder(settings: Settings) -> Path:
    """Return where fetched models are kept."""
    return settings.home / "models"


def current_model(settings: Settings) -> InstalledModel:
    """Return the model in use; its folder is not checked here."""
    if settings.asr.model:
        path = Path(settings.asr.model).expanduser()
        return InstalledModel(path.name, path, "setting")
    choice = _choice_file(settings)
    if choice.is_file():
        path = Path(choice.read_text(encoding="utf-8").strip())
        return InstalledModel(path.name, path, "chosen")
    return demo_model()


def demo_model() -> InstalledModel:
    """Return the bundled model, which knows synthetic speech only."""
    return InstalledModel(DEMO_MODEL, Path(str(files("recording.asr") / "demo_model")), "bundled")


def installed_models(settings: Settings) -> list[InstalledModel]:
    """List the bundled and the fetched models, and the one in use if it is elsewhere."""
    fetched = sorted(p for p in models_folder(settings).glob("*") if (p / "am").is_dir())
    found = [demo_model(), *(InstalledModel(path.name, path, "fetched") for path in fetched)]
    current = current_model(settings)
    return found if current.path in [m.path for m in found] else [*found, current]


def use_model(settings: Settings, path: Path) -> InstalledModel:
    """Remember a model folder as this installation's choice; raises MissingPart when it is not whole."""
    path = demo_model().path if str(path) == DEMO_MODEL else path.expanduser().resolve()
    check_model_folder(path)
    choice = _choice_file(settings)
    if path == demo_model().path:
        choice.unlink(missing_ok=True)
        return demo_model()
    choice.parent.mkdir(parents=True, exist_ok=True)
    beside = choice.with_suffix(".new")
    beside.write_text(f"{path}\n", encoding="utf-8")
    beside.replace(choice)
    return InstalledModel(path.name, path, "chosen")


def check_model_folder(path: Path) -> None:
    """Check that a folder holds a whole Vosk model; raises MissingPart naming the file that is missing."""
    if not path.is_dir():
        raise MissingPart(
            _(
                "there is no speech model in %(path)s; fetch one with `sansheng model fetch`, "
                "or name a folder with `sansheng model use PATH`",
                path=path,
            )
        )
    dynamic = any((path / name).is_file() for name in _DYNAMIC_GRAPH)
    graph = _DYNAMIC_GRAPH if dynamic and not (path / _STATIC_GRAPH[0]).is_file() else _STATIC_GRAPH
    missing = [name for name in (*_ALWAYS, *graph) if not (path / name).is_file()]
    if missing:
        raise MissingPart(
            _(
                "the speech model in %(path)s is not whole: %(files)s missing; unpack it again, "
                "or fetch another with `sansheng model fetch`",
                path=path,
                files=", ".join(missing),
            )
        )


def sample_rate(path: Path) -> int:
    """Return the rate the model was trained at, from conf/mfcc.conf."""
    found = _RATE.search((path / "conf" / "mfcc.conf").read_text(encoding="utf-8"))
    return int(found.group(1)) if found else _DEFAULT_RATE


def model_hash(path: Path) -> str:
    """Return a SHA-256 over names and contents of the files that decide what is heard."""
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file() and not p.name.upper().startswith("README")):
        with file.open("rb") as opened:
            content = hashlib.file_digest(opened, "sha256").hexdigest()
        total.update(f"{file.relative_to(path).as_posix()} {content}\n".encode())
    return total.hexdigest()


def _choice_file(settings: Settings) -> Path:
    return settings.home / "model.txt"
