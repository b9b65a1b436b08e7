"""Fetches an official Vosk model into the data folder.

The download is streamed, the archive is judged before anything is unpacked, and the model appears
under its name only when it is whole.
"""

from __future__ import annotations

import re
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from core.errors import BadInput, MissingPart
from core.i18n import N_
from core.i18n import gettext as _
from core.settings import Settings
from recording.asr.model import InstalledModel, check_model_folder, models_folder

ADDRESS: Final = "https://alphacephei.com/vosk/models"
OFFICIAL_MODELS: Final = {
    "vosk-model-small-cn-0.22": N_("Mandarin, 42 MB: phones and small servers"),
    "vosk-model-cn-0.22": N_("Mandarin, 1.3 GB: servers, fewer errors"),
}
"""What `model list` offers; any other name on that page can be fetched as well."""
_NAME: Final = re.compile(r"vosk-model-[a-z0-9.-]+")
_TIMEOUT_S: Final = 30.0
_LARGEST_ARCHIVE: Final = 8 << 30
_LARGEST_MODEL: Final = 16 << 30
_CHUNK: Final = 1 << 20

Progress = Callable[[int, int | None], None]
"""Told how many bytes came, and of how many if the server says."""


def _no_progress(_done: int, _total: int | None) -> None:
    """Tell nobody."""


def fetch_model(
    settings: Settings, name: str, *, address: str = ADDRESS, progress: Progress = _no_progress
) -> InstalledModel:
    """Download and unpack a model; one that is already there is returned as it is.

    Raises:
        BadInput: not a model's name, or the archive is not one.
        MissingPart: the server cannot be reached or has no such model.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            _(
                "%(name)r is not the name of a Vosk model; try %(known)s",
                name=name,
                known=", ".join(OFFICIAL_MODELS),
            )
        )
    target = models_folder(settings) / name
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=target.parent) as folder:
            archive = Path(folder) / "model.zip"
            with archive.open("wb") as file:
                _download(f"{address}/{name}.zip", file, progress)
            unpack_model(archive, Path(folder) / "unpacked").rename(target)
    return InstalledModel(name, target, "fetched")


def unpack_model(archive: Path, into: Path) -> Path:
    """Unpack an archive and return the model folder in it; raises BadInput for one that cannot be trusted."""
    try:
        with zipfile.ZipFile(archive) as opened:
            _check_archive(opened)
            opened.extractall(into)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise BadInput(_("the model archive is damaged (%(reason)s); fetch it again", reason=error)) from None
    tops = [path for path in into.iterdir() if path.is_dir()]
    model = tops[0] if len(tops) == 1 else into
    check_model_folder(model)
    return model


def _check_archive(archive: zipfile.ZipFile) -> None:
    if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_MODEL:
        raise BadInput(
            _("the model archive would unpack to more than %(size)s GB; refused", size=_LARGEST_MODEL >> 30)
        )
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
            raise BadInput(
                _(
                    "the model archive holds a file outside its folder (%(name)r); refused",
                    name=entry.filename,
                )
            )


def _download(url: str, file: BinaryIO, progress: Progress) -> None:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310  https, or a test's own server
            length = answer.headers.get("Content-Length")
            total = int(length) if length else None
            done = 0
            while chunk := answer.read(_CHUNK):
                done += len(chunk)
                if done > _LARGEST_ARCHIVE:
                    raise BadInput(
                        _("%(url)s is larger than %(size)s GB; refused", url=url, size=_LARGEST_ARCHIVE >> 30)
                    )
                file.write(chunk)
                progress(done, total)
    except urllib.error.HTTPError as error:
        raise MissingPart(
            _("%(url)s: the server answered %(code)s; is the name right?", url=url, code=error.code)
        ) from None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise MissingPart(
            _(
                "%(url)s cannot be reached (%(reason)s). Without a network: download it on another machine, "
                "unpack it, and run `sansheng model use PATH`",
                url=url,
                reason=reason,
            )
        ) from None
    if total is not None and done != total:
        raise MissingPart(
            _("%(url)s: only %(done)s of %(total)s bytes came; try again", url=url, done=done, total=total)
        )
