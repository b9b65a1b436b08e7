"""The blob store: bytes kept under the SHA-256 of what they are.

The address is the content, so storing the same bytes twice is one blob, a repeated job changes
nothing, and a damaged file can be told from a good one. The default store is a folder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from core.errors import NotFound, RetryLater
from core.i18n import gettext as _

_KEY = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
_ABANDONED_S = 24 * 3600.0
"""Age at which a file somebody was writing belongs to a writer that is no more."""


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """What `put` made: the key (SHA-256, hex) and the size in bytes."""

    key: str
    size: int


class Blobs(Protocol):
    """Where recordings and peaks are kept."""

    def put(self, source: BinaryIO) -> StoredBlob:
        """Store all bytes of a stream; raises RetryLater when the store is full."""

    def path(self, key: str) -> Path:
        """Return a local, readable file of the blob; raises NotFound."""

    def delete(self, key: str) -> None:
        """Forget the blob; one that is already gone is no error."""

    def keys(self) -> Iterator[str]:
        """Yield every stored key."""


class FolderBlobs:
    """Blobs in a local folder: `ab/cd/<sha256>`, written beside and renamed.

    A crash, or a power cut, leaves no half blob under a key; what it does leave lies in `incoming`
    until `sweep`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"

    def put(self, source: BinaryIO) -> StoredBlob:
        """Store all bytes of a stream; raises RetryLater when the disk is full or not writable."""
        try:
            return self._put(source)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
                raise RetryLater(
                    _(
                        "cannot store a recording in %(folder)s: %(reason)s; free space or fix its permissions, "
                        "then run the job again (nothing was lost: the source file is untouched)",
                        folder=self._root,
                        reason=error.strerror,
                    )
                ) from error
            raise

    def _put(self, source: BinaryIO) -> StoredBlob:
        self._incoming.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        descriptor, name = tempfile.mkstemp(dir=self._incoming)
        try:
            with os.fdopen(descriptor, "wb") as file:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            target = self._place(digest.hexdigest())
            target.parent.mkdir(parents=True, exist_ok=True)
            Path(name).replace(target)
            _sync_folder(target.parent)
        finally:
            Path(name).unlink(missing_ok=True)
        return StoredBlob(digest.hexdigest(), size)

    def path(self, key: str) -> Path:
        """Return the blob's file; raises NotFound for an unknown or malformed key."""
        place = self._place(key) if _KEY.fullmatch(key) else None
        if place is None or not place.is_file():
            raise NotFound(_("blob %(key)s… is not in %(folder)s", key=key[:12], folder=self._root))
        return place

    def delete(self, key: str) -> None:
        """Forget the blob; one that is already gone, or a malformed key, is no error."""
        if _KEY.fullmatch(key):
            self._place(key).unlink(missing_ok=True)

    def keys(self) -> Iterator[str]:
        """Yield every stored key."""
        for path in self._root.glob("??/??/*"):
            if _KEY.fullmatch(path.name):
                yield path.name

    def sweep(self) -> None:
        """Remove what crashed writers left behind a day ago or earlier; running writers are not touched."""
        before = time.time() - _ABANDONED_S
        for path in self._incoming.glob("*"):
            with contextlib.suppress(FileNotFoundError):  # another process sweeps too
                if path.stat().st_mtime < before:
                    path.unlink()

    def _place(self, key: str) -> Path:
        return self._root / key[:2] / key[2:4] / key


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, as fsync made the content."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
