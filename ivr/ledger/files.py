"""Which file is this: a queue_log's identity, whatever it is called and wherever it lies.

A log is known by its beginning: every line up to and including the first one that belongs to a call. A
call's id is unique, so no two logs begin the same way, while renaming, rotating, compressing and copying
leave the beginning alone (an inode would not survive a copy or a restored backup). A log without a call
in it cannot be known yet; it is read when its first call is there.
"""

from __future__ import annotations

import gzip
import hashlib
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.ledger.reading import raw_lines, read_line

_GZIP = b"\x1f\x8b"


def open_log(path: Path) -> BinaryIO:
    """Open a log for reading, compressed by logrotate or not.

    Raises:
        BadInput: it is not there or may not be read.
    """
    try:
        file = path.open("rb")
        if file.peek(2)[:2] == _GZIP:
            return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    except OSError as error:
        raise BadInput(_("%(path)s cannot be read: %(reason)s", path=path, reason=error.strerror)) from None
    return file


def origin_of(file: BinaryIO, provider: str, *, latest: datetime) -> str | None:
    """Return the identity of a log, None while there is no call in it."""
    file.seek(0)
    beginning = hashlib.sha256()
    for raw in raw_lines(file):
        beginning.update(raw.content + b"\n")
        line, _bad = read_line(raw, latest=latest)
        if line is not None and line.call_id:
            return f"{provider}/{beginning.hexdigest()[:24]}"
    return None
