"""Engines and the unit of work.

SQLite runs in WAL mode with foreign keys on; every transaction that may write starts with
BEGIN IMMEDIATE, because a deferred transaction that upgrades to a write fails at once with
SQLITE_BUSY, whatever busy_timeout says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from core.errors import MissingPart, RetryLater

BUSY_TIMEOUT_MS = 15_000


def create_database_engine(url: str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """Build the engine of a database URL, `sqlite:///...` or `postgresql+psycopg://...`.

    Raises:
        MissingPart: the driver is not installed or the dialect is not supported.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": busy_timeout_ms / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    if parsed.get_backend_name() == "postgresql":
        try:
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        except ModuleNotFoundError:
            raise MissingPart(
                "the database URL names PostgreSQL, but its driver is not installed: pip install 'sansheng[postgres]'"
            ) from None
    raise MissingPart(f"database {parsed.get_backend_name()!r} is not supported; use sqlite or postgresql")


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we issue BEGIN ourselves, see _begin_immediate
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")


def database_is_busy(error: DBAPIError) -> bool:
    """Tell a passing condition (locked, full, connection lost) from a defect."""
    text = str(error.orig).lower()
    return error.connection_invalidated or any(
        sign in text
        for sign in ("database is locked", "database or disk is full", "deadlock", "could not serialize")
    )


@contextmanager
def unit_of_work(engine: Engine, *, read_only: bool = False) -> Iterator[Session]:
    """Give a session that commits at the end, or rolls back on any exception.

    A read-only unit does not take SQLite's write lock, so pages never wait for an import.

    Raises:
        RetryLater: the database is locked, full or gone for the moment.
    """
    target = engine.execution_options(sqlite_begin="DEFERRED") if read_only else engine
    session = Session(target, expire_on_commit=False)
    try:
        with session.begin():
            yield session
    except OperationalError as error:
        if database_is_busy(error):
            raise RetryLater(
                f"the database is busy or full ({error.orig}); nothing was changed, try again"
            ) from error
        raise
    finally:
        session.close()
