"""0001, the first schema: rows of every table go in, come back unchanged, and the way down and up is open."""

from sqlalchemy import MetaData, inspect

from sansheng.migrations import downgrade_database, upgrade_database
from tests.migrations.rows import load_rows, read_rows, value_for


def tables_of(engine):
    tables = MetaData()
    tables.reflect(engine)
    return tables


def test_rows_of_every_table_come_back_and_the_schema_can_go_down_and_up(empty_engine):
    upgrade_database(empty_engine, "0001")
    tables = tables_of(empty_engine)
    with empty_engine.begin() as connection:
        load_rows(connection, tables)
        rows = read_rows(connection, tables)
    assert all(len(found) == 1 for found in rows.values())
    person = dict(zip(tables.tables["user"].columns.keys(), rows["user"][0], strict=True))
    assert person["display_name"] == value_for(tables.tables["user"].columns["display_name"].type)

    downgrade_database(empty_engine, "base")
    assert set(inspect(empty_engine).get_table_names()) <= {"alembic_version"}

    upgrade_database(empty_engine, "0001")
    again = tables_of(empty_engine)
    assert {name: sorted(t.columns.keys()) for name, t in again.tables.items()} == {
        name: sorted(t.columns.keys()) for name, t in tables.tables.items()
    }
    with empty_engine.begin() as connection:
        load_rows(connection, again)
        assert read_rows(connection, again).keys() == rows.keys()
