"""Which file is this: a queue_log's identity, whatever it is called and wherever it lies.

A log is known by its beginning: every line up to and including the first one that belongs to a call. A
call's id is unique, so no two logs begin the same way, while renaming, rotating, compressing and copying
leave the beginning alone (an inode would not survive a copy or a restored backup). A log without a call
in it cannot be known yet; it is read when its first call is there.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.ledger.reading import RawLine, raw_lines, read_line

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class FileLog:
    """A log in a file, open for reading; `name` is its path."""

    file: BinaryIO
    name: str

    def origin(self, provider: str, *, latest: datetime) -> str | None:
        """Return the identity of the log, None while there is no call in it."""
        self.file.seek(0)
        beginning = hashlib.sha256()
        for raw in raw_lines(self.file):
            beginning.update(raw.content + b"\n")
            line, _bad = read_line(raw, latest=latest)
            if line is not None and line.call_id:
                return f"{provider}/{beginning.hexdigest()[:24]}"
        return None

    def lines(self, *, position: int, offset: int) -> Iterator[RawLine]:
        """Yield the complete lines from an offset on, which is where the line of that number begins."""
        self.file.seek(offset)
        return raw_lines(self.file, position=position, offset=offset)


@contextmanager
def open_log(path: Path) -> Iterator[FileLog]:
    """Open a log for reading, compressed by logrotate or not.

    Raises:
        BadInput: it is not there or may not be read.
    """
    with _open(path) as file:
        yield FileLog(file, str(path.absolute()))


def _open(path: Path) -> BinaryIO:
    try:
        file = path.open("rb")
        if file.peek(2)[:2] == _GZIP:
            return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    except OSError as error:
        raise BadInput(_("%(path)s cannot be read: %(reason)s", path=path, reason=error.strerror)) from None
    return file
