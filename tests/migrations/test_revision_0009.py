"""0009: the announced waits come and go, and no older row with them."""

from sqlalchemy import MetaData, inspect

from sansheng.migrations import downgrade_database, upgrade_database
from tests.migrations.rows import load_rows, read_rows


def test_older_rows_stay_as_they_are_on_the_way_up_and_down(empty_engine):
    upgrade_database(empty_engine, "0008")
    tables = MetaData()
    tables.reflect(empty_engine)
    with empty_engine.begin() as connection:
        load_rows(connection, tables)
        before = read_rows(connection, tables)
    upgrade_database(empty_engine, "0009")
    assert "wait_prediction" in inspect(empty_engine).get_table_names()
    downgrade_database(empty_engine, "0008")
    assert "wait_prediction" not in inspect(empty_engine).get_table_names()
    with empty_engine.begin() as connection:
        assert read_rows(connection, tables) == before
