"""The schema's history (Alembic). It lives here because it spans all rooms' tables."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect


def alembic_config(connection: Connection) -> Config:
    """Configure Alembic in code: the wheel carries no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(files("sansheng") / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade_database(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to a revision (the newest by default); does nothing when it is there already."""
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), revision)


def downgrade_database(engine: Engine, revision: str) -> None:
    """Take the schema back to a revision (`base` for none)."""
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), revision)


def pending_revisions(engine: Engine) -> list[str]:
    """List the revisions this database has not had yet, oldest first."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
        script = ScriptDirectory.from_config(alembic_config(connection))
        return [r.revision for r in script.iterate_revisions("head", current or "base")][::-1]


def is_empty(engine: Engine) -> bool:
    """Whether the database has no tables at all."""
    return not inspect(engine).get_table_names()
