"""A row for every table, made from the schema itself, so that a new table or column is never forgotten."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.types import TypeEngine

_VALUES: list[tuple[type[TypeEngine], object]] = [
    (Boolean, True),
    (DateTime, datetime(2026, 11, 20, 9, 0, 0, 123456, tzinfo=UTC)),
    (JSON, {"语": ["three", 3, None]}),
    (LargeBinary, b"\x00\xff"),
    (Integer, 1),
    (Float, 1.5),
    (String, "声"),
]


def value_for(column_type: TypeEngine) -> object:
    """Return a value that a column of this type must give back unchanged."""
    return next(value for kind, value in _VALUES if isinstance(column_type, kind))


def load_rows(connection: Connection, tables: MetaData) -> None:
    """Put one row into every table; every reference is to the row with the key 1."""
    for table in tables.sorted_tables:
        if table.name != "alembic_version":
            connection.execute(table.insert().values(**_row(table)))


def read_rows(connection: Connection, tables: MetaData) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of every table, by its name."""
    return {
        table.name: sorted(tuple(row) for row in connection.execute(table.select()))
        for table in tables.sorted_tables
    }


def _row(table: Table) -> dict[str, object]:
    return {column.name: value_for(column.type) for column in table.columns}
