"""The schema's history and what the rooms declare are the same thing, on either database."""

import multiprocessing

import pytest
from alembic import command
from sqlalchemy import MetaData, inspect, text

from core.db import create_database_engine
from core.errors import MissingPart
from sansheng.migrations import (
    alembic_config,
    downgrade_database,
    pending_revisions,
    upgrade_database,
)
from tests.migrations.rows import load_rows, read_rows


def test_the_rooms_declare_what_the_history_makes(empty_engine):
    upgrade_database(empty_engine)
    with empty_engine.begin() as connection:
        command.check(alembic_config(connection))


def test_a_database_knows_what_it_has_not_had_yet(empty_engine):
    assert pending_revisions(empty_engine)[0] == "0001"
    upgrade_database(empty_engine)
    assert pending_revisions(empty_engine) == []
    upgrade_database(empty_engine)  # again: nothing happens


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(empty_engine):
    upgrade_database(empty_engine)
    with empty_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MissingPart, match="install the version that wrote it"):
        upgrade_database(empty_engine)
    with pytest.raises(MissingPart, match="install the version that wrote it"):
        pending_revisions(empty_engine)


def test_a_table_that_is_rebuilt_keeps_the_rows_that_refer_to_it(empty_engine):
    """SQLite rebuilds a table by dropping it, which with foreign keys on deletes its children."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    from sansheng import migrations

    upgrade_database(empty_engine)
    tables = MetaData()
    tables.reflect(empty_engine)
    with empty_engine.begin() as connection:
        load_rows(connection, tables)
        before = read_rows(connection, tables)
    with migrations._schema_change(empty_engine) as connection:
        operations = Operations(MigrationContext.configure(connection))
        recreate = "always" if empty_engine.dialect.name == "sqlite" else "auto"
        with operations.batch_alter_table("recording", recreate=recreate) as batch:
            batch.alter_column("kind", server_default="conversation")
    with empty_engine.begin() as connection:
        assert read_rows(connection, tables) == before


def test_foreign_keys_hold_again_after_a_migration(empty_engine):
    upgrade_database(empty_engine)
    if empty_engine.dialect.name == "sqlite":
        with empty_engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_failed_migration_changes_nothing(empty_engine):
    from sansheng import migrations

    with (
        pytest.raises(RuntimeError, match="on purpose"),
        migrations._schema_change(empty_engine) as connection,
    ):
        connection.execute(text("CREATE TABLE half (x INTEGER)"))
        raise RuntimeError("on purpose")
    assert inspect(empty_engine).get_table_names() == []


def _upgrade(url, start):
    start.wait()
    engine = create_database_engine(url)
    upgrade_database(engine)
    engine.dispose()


def test_processes_that_start_together_migrate_once(empty_engine):
    context = multiprocessing.get_context("fork")
    start = context.Barrier(3)
    url = empty_engine.url.render_as_string(hide_password=False)
    children = [context.Process(target=_upgrade, args=(url, start)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert pending_revisions(empty_engine) == []


def test_the_way_back_leaves_nothing_behind(empty_engine):
    upgrade_database(empty_engine)
    downgrade_database(empty_engine, "base")
    assert set(inspect(empty_engine).get_table_names()) <= {"alembic_version"}
