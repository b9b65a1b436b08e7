"""Reading Asterisk's queue_log where it is a table (realtime): rows as the lines a file would have had.

Asterisk writes a row for each event, `id, time, callid, queuename, agent, event, data1..data5` (older ones have one
column `data`). A row's id says how far was read. Rows that are cleared away are no matter; when the table was emptied
and its ids begin anew, it is read from its beginning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from sqlalchemy import Connection, Select, column, func, inspect, select, table
from sqlalchemy.engine import Row, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from core.db import create_database_engine
from core.errors import BadInput
from core.i18n import gettext as _
from ivr.ledger.reading import RawLine

_FIXED: Final = ("id", "time", "callid", "queuename", "agent", "event")
_DATA: Final = ("data1", "data2", "data3", "data4", "data5")
_AT_ONCE: Final = 5000
_NO_BAR: Final = str.maketrans({"|": "/", "\n": " ", "\r": " "})
"""Between fields stands a bar; one inside a name would move all that follow."""


@dataclass(frozen=True, slots=True)
class TableLog:
    """A queue_log in a table, open for reading.

    Attributes:
        name: what people know it by; no password in it.
        zone: of the times in it that have none: Asterisk's own, or UTC with `queue_log_realtime_use_gmt`.
    """

    connection: Connection
    name: str
    columns: tuple[str, ...]
    source: Any
    zone: tzinfo

    def origin(self, provider: str, *, latest: datetime) -> str | None:  # noqa: ARG002 - a protocol
        """Return the table's identity: where it is."""
        return f"{provider}/{hashlib.sha256(self.name.encode()).hexdigest()[:24]}"

    def lines(self, *, position: int, offset: int) -> Iterator[RawLine]:
        """Yield the rows behind an id, as lines from a number on."""
        last = self.connection.scalar(select(func.max(self.source.c.id)))
        after = offset if last is None or last >= offset else 0
        rows = self.connection.execution_options(yield_per=_AT_ONCE).execute(self._behind(after))
        for number, row in enumerate(rows, start=position):
            yield RawLine(self._line(row), number, row.id)

    def _behind(self, row_id: int) -> Select[Any]:
        source = self.source
        return (
            select(*(source.c[name] for name in self.columns))
            .where(source.c.id > row_id)
            .order_by(source.c.id)
        )

    def _line(self, row: Row[Any]) -> bytes:
        fields = [_text(row._mapping[name]) for name in self.columns[2:]]  # noqa: SLF001 - SQLAlchemy's own way in
        one_field = self.columns[-1] == "data"
        kept = fields if not one_field else fields[:-1]
        parts = [_seconds(row.time, self.zone), *(text.translate(_NO_BAR) for text in kept)]
        if one_field:
            parts.append(fields[-1].translate({10: " ", 13: " "}))
        return "|".join(parts).rstrip("|").encode("utf-8", "replace")


@contextmanager
def open_table(url: str, name: str, *, zone: tzinfo) -> Iterator[TableLog]:
    """Open a table.

    Args:
        url: of its database.
        name: of the table, with its schema and a point before it where it has one.
        zone: see `TableLog`.

    Raises:
        BadInput: it cannot be reached, is not there, or is no queue_log.
        MissingPart: the database is of a kind we have no driver for.
    """
    try:
        shown = make_url(url).render_as_string(hide_password=True)
        engine = create_database_engine(url)
    except ArgumentError:
        raise BadInput(_("“%(url)s” is no address of a database", url=url.partition("@")[0][:40])) from None
    try:
        with engine.connect() as connection:
            columns = _columns(connection, name, shown)
            schema, _point, bare = name.rpartition(".")
            source = table(bare, *(column(each) for each in columns), schema=schema or None)
            yield TableLog(connection, f"{shown}#{name}", columns, source, zone)
    except SQLAlchemyError as error:
        raise BadInput(
            _("%(path)s cannot be read: %(reason)s", path=f"{shown}#{name}", reason=type(error).__name__)
        ) from None
    finally:
        engine.dispose()


def _columns(connection: Connection, name: str, shown: str) -> tuple[str, ...]:
    schema, _point, bare = name.rpartition(".")
    looking = inspect(connection)
    if not looking.has_table(bare, schema=schema or None):
        raise BadInput(_("%(url)s has no table %(name)s", url=shown, name=name))
    found = {each["name"] for each in looking.get_columns(bare, schema=schema or None)}
    data = _DATA if found.issuperset(_DATA) else ("data",)
    if missing := [each for each in (*_FIXED, *data) if each not in found]:
        raise BadInput(
            _(
                "the table %(name)s is no queue_log: it has no column %(columns)s",
                name=name,
                columns=", ".join(missing),
            )
        )
    return (*_FIXED, *data)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _seconds(value: object, zone: tzinfo) -> str:
    """Return a time as seconds since 1970; what is none stays as it is, for the report of bad lines."""
    if isinstance(value, datetime):
        at = value
    else:
        text = _text(value).strip()
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
    return f"{(at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC).timestamp():.6f}"
