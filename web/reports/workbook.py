"""A report as an XLSX workbook: a sheet for each table. Text stays text: no cell can run as a formula."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from xlsxwriter import Workbook

from web.reports.tables import Column, Table

_FORMATS: Final = {"share": "0.0%", "seconds": "0.0", "number": "0.00", "count": "0"}
_NOT_IN_NAMES: Final = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_LONGEST_NAME: Final = 31
_WIDEST: Final = 60
_FIRST_ROW: Final = 3


def workbook(title: str, subtitle: str, tables: Sequence[Table]) -> bytes:
    """Return the file's bytes.

    Args:
        title: stands above each table.
        subtitle: the period and the definition.
        tables: in the order of the sheets.
    """
    content = BytesIO()
    safe = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(content, safe) as book:
        book.set_properties({"title": title, "subject": subtitle})
        bold = book.add_format({"bold": True, "font_size": 14})
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"})
        units = {unit: book.add_format({"num_format": pattern}) for unit, pattern in _FORMATS.items()}
        for table in tables:
            sheet = book.add_worksheet(table.title.translate(_NOT_IN_NAMES)[:_LONGEST_NAME])
            sheet.write_string(0, 0, f"{title} · {table.title}", bold)
            sheet.write_string(1, 0, f"{subtitle} {table.note}".strip())
            _fill(sheet, table, head, units)
    return content.getvalue()


def _fill(sheet: Any, table: Table, head: Any, units: dict[str, Any]) -> None:
    for place, column in enumerate(table.columns):
        sheet.write_string(_FIRST_ROW, place, column.title, head)
        sheet.set_column(place, place, _width(column, [row[place] for row in table.rows]))
        for offset, row in enumerate(table.rows, start=_FIRST_ROW + 1):
            value = row[place]
            if isinstance(value, str):
                sheet.write_string(offset, place, value)
            elif value is not None:
                sheet.write_number(offset, place, value, units.get(column.unit))
    sheet.freeze_panes(_FIRST_ROW + 1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_FIRST_ROW)


def _width(column: Column, cells: Sequence[object]) -> int:
    """Return a width in characters; a Chinese character takes two."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    longest = max((sum(1 + (ord(c) > 0x2E80) for c in text) for text in texts), default=0)
    return min(_WIDEST, max(longest, 2 * len(column.title) if column.unit == "text" else 9) + 2)
