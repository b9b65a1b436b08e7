"""Engines and the unit of work.

SQLite runs in WAL mode with foreign keys on; every transaction that may write starts with
BEGIN IMMEDIATE, because a deferred transaction that upgrades to a write fails at once with
SQLITE_BUSY, whatever busy_timeout says. synchronous=NORMAL survives a killed process; a power cut
may cost the last commits, never the file. Who waits to write asks again every two milliseconds: SQLite's
own waiting grows to a tenth of a second, and whoever has just come overtakes who has waited longest.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import Session

from core.errors import BadInput, MissingPart, NotFound, RetryLater
from core.i18n import gettext as _

BUSY_TIMEOUT_MS = 15_000
_CACHE_KB = 32_000
"""SQLite's own cache is 2 MB: too small for the indexes a busy hotline's calls go into."""
_ASK_AGAIN_S: Final = 0.002

_READ_ONLY: Final[dict[str, dict[str, Any]]] = {
    "sqlite": {"sqlite_begin": "DEFERRED"},
    # One snapshot for the whole unit, as SQLite gives it anyway: a page's numbers agree with each other.
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
_SQLITE_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
    }
)
_SQLITE_DAMAGED: Final = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
_POSTGRESQL_PASSING: Final = ("08", "40", "53", "55P03", "57")
"""SQLSTATE: connection lost, roll-back (deadlock), resources used up (disk full), lock, operator."""


def create_database_engine(url: str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """Build the engine of a database URL, `sqlite:///...` or `postgresql://...`.

    Bound values never appear in error messages: they are what callers said and are called from.

    Raises:
        BadInput: the folder of the SQLite file cannot be made.
        MissingPart: the driver is not installed or the dialect is not supported.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed, busy_timeout_ms)
    if parsed.get_backend_name() == "postgresql":
        try:
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True
            )
        except ModuleNotFoundError:
            raise MissingPart(
                _(
                    "the database URL names PostgreSQL, but its driver is not installed; "
                    "in the folder of Sansheng's source run: .venv/bin/pip install -e '.[postgres]'"
                )
            ) from None
    raise MissingPart(
        _("database “%(name)s” is not supported; use sqlite or postgresql", name=parsed.get_backend_name())
    )


def _sqlite_engine(url: URL, busy_timeout_ms: int) -> Engine:
    if url.database and url.database != ":memory:":
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                _(
                    "the database's folder %(folder)s cannot be made: %(reason)s",
                    folder=folder,
                    reason=error.strerror,
                )
            ) from None
    engine = create_engine(url, connect_args={"timeout": busy_timeout_ms / 1000}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", partial(_begin, busy_timeout_ms=busy_timeout_ms))
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we issue BEGIN ourselves, see _begin
    _use_write_ahead_log(connection)
    for pragma in ("foreign_keys=ON", "synchronous=NORMAL", f"cache_size=-{_CACHE_KB}"):
        connection.execute(f"PRAGMA {pragma}")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch a new file over; SQLite does not wait by itself when another process switches it just now."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection, *, busy_timeout_ms: int) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if mode == 'DEFERRED' else 'OFF'}")
    if mode == "DEFERRED":
        connection.exec_driver_sql("BEGIN DEFERRED")
        return
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        _begin_writing(connection, time.monotonic() + busy_timeout_ms / 1000)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {busy_timeout_ms}")


def _begin_writing(connection: Connection, deadline: float) -> None:
    driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    while time.monotonic() < deadline:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                break
            time.sleep(_ASK_AGAIN_S)
        else:
            return
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # what it fails with now is told like any other failure


def database_is_busy(error: DBAPIError) -> bool:
    """Tell a passing condition (locked, full, connection lost or not to be had) from a defect."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", 0)
        return code & 0xFF in _SQLITE_PASSING  # the high bits only say where in SQLite it happened
    state = getattr(error.orig, "sqlstate", None)
    return isinstance(error, OperationalError) and (state is None or state.startswith(_POSTGRESQL_PASSING))


def _reason(error: DBAPIError) -> str:
    """Return what the driver says, which may be several lines, as part of a sentence."""
    return " ".join(str(error.orig).split())


@contextmanager
def unit_of_work(engine: Engine, *, read_only: bool = False) -> Iterator[Session]:
    """Give a session that commits at the end, or rolls back on any exception.

    A read-only unit sees one state of the database throughout, takes no lock, so that pages never
    wait for an import, and cannot write: the database refuses it.

    Raises what `database_errors` does.
    """
    target = engine.execution_options(**_READ_ONLY[engine.dialect.name]) if read_only else engine
    session = Session(target, expire_on_commit=False)
    try:
        with database_errors(), session.begin():
            yield session
    finally:
        session.close()


_POSTGRESQL_OUT_OF_RANGE = "22003"


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what the machine or a user did to the database into errors for people.

    Raises:
        RetryLater: the database is locked, full or gone for the moment.
        BadInput: the file is no SQLite database, or not any more.
        NotFound: a number was looked for that no row can have.
    """
    try:
        yield
    except DBAPIError as error:
        if database_is_busy(error):
            raise RetryLater(
                _(
                    "the database is busy, full or not to be reached (%(reason)s); nothing was changed, try again",
                    reason=_reason(error),
                )
            ) from error
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE_DAMAGED:
            raise BadInput(
                _(
                    "the database file cannot be read (%(reason)s); put it back from a backup",
                    reason=_reason(error),
                )
            ) from error
        if getattr(error.orig, "sqlstate", None) == _POSTGRESQL_OUT_OF_RANGE:
            raise NotFound(_("there is nothing with so large a number")) from error
        raise
    except PoolExhausted as error:
        raise RetryLater(_("every database connection of this process is in use; try again")) from error
    except OverflowError as error:
        if "SQLite" not in str(error):
            raise
        raise NotFound(_("there is nothing with so large a number")) from error
