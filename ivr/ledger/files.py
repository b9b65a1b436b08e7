"""Which file is this: a queue_log's identity, whatever it is called and wherever it lies.

A log is known by its beginning: every line up to and including the first one that belongs to a call. A
call's id is unique, so no two logs begin the same way, while renaming, rotating, compressing and copying
leave the beginning alone (an inode would not survive a copy or a restored backup). A log without a call
in it cannot be known yet; it is read when its first call is there.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BufferedIOBase
from pathlib import Path

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.ledger.reading import RawLine, raw_lines, read_line

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileLog:
    """A log in a file, open for reading; `name` is its path."""

    file: BufferedIOBase
    name: str

    def origin(self, provider: str, *, latest: datetime) -> str | None:
        """Return the identity of the log, None while there is no call in it.

        Raises:
            BadInput: a damaged archive, nothing of which can be trusted.
        """
        self._check()
        beginning = hashlib.sha256()
        for raw in self.lines(position=1, offset=0):
            beginning.update(raw.content + b"\n")
            line, _bad = read_line(raw, latest=latest)
            if line is not None and line.call_id:
                return f"{provider}/{beginning.hexdigest()[:24]}"
        return None

    def _check(self) -> None:
        """Look at an archive's check sum: only that tells lines from what damage made of them."""
        if not isinstance(self.file, gzip.GzipFile):
            return
        try:
            while self.file.read1(_CHUNK):
                pass
        except EOFError:
            return  # cut off: what is there is right as far as anybody can tell
        except (OSError, zlib.error) as error:
            raise BadInput(
                _("%(path)s cannot be read: %(reason)s", path=self.name, reason=_reason(error))
            ) from None

    def lines(self, *, position: int, offset: int) -> Iterator[RawLine]:
        """Yield the complete lines from an offset on, which is where the line of that number begins.

        Raises:
            BadInput: from here on it is damaged, or cannot be read.
        """
        try:
            self.file.seek(offset)
            yield from raw_lines(self.file, position=position, offset=offset)
        except (OSError, EOFError, zlib.error) as error:
            raise BadInput(
                _("%(path)s cannot be read to its end: %(reason)s", path=self.name, reason=_reason(error))
            ) from None


@contextmanager
def open_log(path: Path) -> Iterator[FileLog]:
    """Open a log for reading, compressed by logrotate or not.

    Raises:
        BadInput: it is not there or may not be read.
    """
    with _open(path) as file:
        yield FileLog(file, str(path.absolute()))


def _open(path: Path) -> BufferedIOBase:
    try:
        file = path.open("rb")
        if file.peek(2)[:2] == _GZIP:
            return gzip.GzipFile(fileobj=file)
    except OSError as error:
        raise BadInput(_("%(path)s cannot be read: %(reason)s", path=path, reason=error.strerror)) from None
    return file


def _reason(error: Exception) -> str:
    if isinstance(error, EOFError):
        return _("the archive is cut off")
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _("the archive is damaged")
