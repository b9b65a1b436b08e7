"""Writing many rows at once, several times faster than one statement with named values for each row.

Rows are tuples; values become what the driver stores column by column, by the column types' own rules.
For SQLite the two costly types have a short cut that stores the very same text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final, cast

from sqlalchemy import Connection, Dialect, Table, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.types import JSON

from core.db.types import EncryptedText, UTCDateTime

_WORTH_COPYING: Final = 20
_Convert = Callable[[Any], Any]


def insert_rows(
    session: Session, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows whose values stand in the order of `columns`, in the caller's transaction.

    Encrypted columns take what is encrypted already.
    """
    insert_stored(session, table, columns, stored_rows(session_dialect(session), table, columns, rows))


def stored_rows(
    dialect: Dialect, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> list[tuple[Any, ...]]:
    """Return rows as the driver stores them: for `insert_stored`, perhaps in another process."""
    by_column = list(zip(*rows, strict=True))
    if not by_column:
        return []
    for place, name in enumerate(columns):
        convert = _converter(table.c[name].type, dialect)
        if convert is not None:
            by_column[place] = tuple(map(convert, by_column[place]))
    return list(zip(*by_column, strict=True))


def stored_value(dialect: Dialect, table: Table, column: str, value: Any) -> Any:
    """Return one value as the driver stores it."""
    ((stored,),) = stored_rows(dialect, table, [column], [(value,)])
    return stored


def insert_stored(
    session: Session, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert what `stored_rows` made, in the caller's transaction."""
    if not rows:
        return
    connection = session.connection()
    quote = connection.dialect.identifier_preparer
    target = f"{quote.format_table(table)} ({', '.join(quote.quote(name) for name in columns)})"
    if connection.dialect.name == "postgresql" and len(rows) >= _WORTH_COPYING:
        _copy(connection, f"COPY {target} FROM STDIN", rows)
        return
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * len(columns))
    connection.exec_driver_sql(f"INSERT INTO {target} VALUES ({marks})", list(rows))  # noqa: S608  (names only)


def _copy(connection: Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Send rows as PostgreSQL takes many of them fastest; what goes wrong is told as SQLAlchemy tells it."""
    dbapi = connection.dialect.loaded_dbapi
    driver = cast("Any", connection.connection)
    with driver.cursor() as cursor:
        try:
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
        except dbapi.Error as error:
            lost = connection.dialect.is_disconnect(error, driver.dbapi_connection, cursor)
            raise DBAPIError.instance(
                statement, None, error, dbapi.Error, dialect=connection.dialect, connection_invalidated=lost
            ) from error


def look_at_filled(session: Session, tables: Iterable[Table]) -> None:
    """Let PostgreSQL see what was just filled: until it looks by itself, it plans as if the tables were empty."""
    if session_dialect(session).name == "postgresql":
        quote = session_dialect(session).identifier_preparer
        for table in tables:
            session.execute(text(f"ANALYZE {quote.format_table(table)}"))


def session_dialect(session: Session) -> Dialect:
    """Return the dialect of the database a session works on."""
    return session.connection().dialect


def dialect_name(dialect: Dialect) -> str:
    """Return the name a dialect can be made by in another process."""
    return f"{dialect.name}+{dialect.driver}"


@cache
def dialect_named(name: str) -> Dialect:
    """Return the dialect of a name."""
    made: Dialect = make_url(f"{name}://").get_dialect()()
    return made


def reserve_ids(session: Session, table: Table, count: int) -> Sequence[int]:
    """Return ids for so many new rows of a table whose key is `id`; nobody else gets them.

    SQLite has one writer at a time, which is the caller; PostgreSQL takes them from the key's sequence.
    """
    if session.connection().dialect.name == "sqlite":
        last = session.scalar(select(func.max(table.c.id))) or 0
        return range(last + 1, last + 1 + count)
    taken = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    name = session.connection().dialect.identifier_preparer.format_table(table)
    return session.scalars(taken, {"name": name, "count": count}).all()


def _converter(kind: Any, dialect: Dialect) -> _Convert | None:
    if dialect.name == "sqlite":
        if isinstance(kind, UTCDateTime):
            return _sqlite_time
        if isinstance(kind, JSON):
            return _sqlite_json
    if isinstance(kind, EncryptedText):
        return None
    found: _Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found


@lru_cache(maxsize=65_536)
def _utc_text(value: datetime) -> str:
    """Return a time as SQLAlchemy stores it in SQLite; raises ValueError for a naive one, as our type does."""
    if value.tzinfo is None:
        message = f"naive datetime {value!r} reached the database"
        raise ValueError(message)
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _sqlite_time(value: datetime | None) -> str | None:
    return None if value is None else _utc_text(value)


def _sqlite_json(value: Any) -> str:
    """Return the JSON text; a tuple of plain words, as most events have, without the encoder."""
    if type(value) is tuple and value:
        try:
            words = '", "'.join(value)
        except TypeError:
            return json.dumps(value)
        plain = words.isascii() and words.isprintable() and "\\" not in words
        if plain and words.count('"') == 2 * (len(value) - 1):
            return f'["{words}"]'
    return json.dumps(value)
