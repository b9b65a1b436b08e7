"""CSV that is safe to open in a spreadsheet.

A cell that starts with = + - @ (or a control character) would run as a formula; it gets an
apostrophe in front (OWASP, CSV injection). A byte-order mark makes spreadsheets read UTF-8.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n")
_BATCH = 500


def safe_cell(value: object) -> str:
    """Return a cell's text so that no spreadsheet takes it for a formula; numbers stay numbers."""
    text = "" if value is None else str(value)
    if isinstance(value, int | float) or not text.startswith(_FORMULA_START):
        return text
    return "'" + text


def csv_chunks(header: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield the file piece by piece."""
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer)
    writer.writerow([safe_cell(cell) for cell in header])
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe_cell(cell) for cell in row])
        if number % _BATCH == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
