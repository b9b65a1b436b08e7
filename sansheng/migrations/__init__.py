"""The schema's history (Alembic). It lives here because it spans all rooms' tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect, text

from core.db import database_errors
from core.errors import MissingPart
from core.i18n import gettext as _

_POSTGRESQL_LOCK = 0x53434845  # any constant: two processes that start together migrate one after the other


def alembic_config(connection: Connection) -> Config:
    """Configure Alembic in code: the wheel carries no alembic.ini."""
    config = Config()
    location = str(files("sansheng") / "migrations")
    config.set_main_option("script_location", location.replace("%", "%%"))  # read by configparser
    config.attributes["connection"] = connection
    return config


def upgrade_database(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to a revision (the newest by default); does nothing when it is there already.

    Raises:
        MissingPart: the database was written by a newer version of this program.
    """
    with _schema_change(engine) as connection:
        command.upgrade(alembic_config(connection), revision)


def downgrade_database(engine: Engine, revision: str) -> None:
    """Take the schema back to a revision (`base` for none)."""
    with _schema_change(engine) as connection:
        command.downgrade(alembic_config(connection), revision)


@database_errors()
def pending_revisions(engine: Engine) -> list[str]:
    """List the revisions this database has not had yet, oldest first; raises as `upgrade_database`."""
    with engine.connect().execution_options(sqlite_begin="DEFERRED") as connection, _known_revisions():
        current = MigrationContext.configure(connection).get_current_heads()
        script = ScriptDirectory.from_config(alembic_config(connection))
        return [r.revision for r in script.iterate_revisions("head", current or "base")][::-1]


@database_errors()
def is_empty(engine: Engine) -> bool:
    """Whether the database has no tables at all; waits for nobody who writes."""
    with engine.connect().execution_options(sqlite_begin="DEFERRED") as connection:
        return not inspect(connection).get_table_names()


@contextmanager
def _schema_change(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a transaction that is the only one to change the schema.

    SQLite changes a table by copying it and dropping the old one. With foreign keys on, that drop
    deletes the rows that refer to the table; they can be switched off only outside a transaction.
    """
    with database_errors(), engine.connect() as connection, _known_revisions():
        sqlite = engine.dialect.name == "sqlite"
        raw = connection.connection.cursor()
        if sqlite:
            raw.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                if not sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})
                yield connection
                if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
                    raise RuntimeError(f"the migration would leave rows that refer to nothing: {broken}")
        finally:
            if sqlite:
                raw.execute("PRAGMA foreign_keys = ON")


@contextmanager
def _known_revisions() -> Iterator[None]:
    try:
        yield
    except (CommandError, RevisionError) as error:
        raise MissingPart(
            _(
                "the database's schema is not known to this version (%(reason)s); install the version that wrote it",
                reason=error,
            )
        ) from error
