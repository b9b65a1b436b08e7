"""0010: agents' presence comes and goes; their lines leave the calls that they named, and nothing else changes."""

from sqlalchemy import MetaData, inspect, select, update

from sansheng.migrations import downgrade_database, upgrade_database
from tests.migrations.rows import load_rows, read_rows


def test_older_rows_stay_as_they_are_on_the_way_up_and_down(empty_engine):
    upgrade_database(empty_engine, "0009")
    tables = MetaData()
    tables.reflect(empty_engine)
    with empty_engine.begin() as connection:
        load_rows(connection, tables)
        before = read_rows(connection, tables)
    upgrade_database(empty_engine, "0010")
    assert {"agent_session", "agent_pause"} <= set(inspect(empty_engine).get_table_names())
    downgrade_database(empty_engine, "0009")
    assert {"agent_session", "agent_pause"}.isdisjoint(inspect(empty_engine).get_table_names())
    with empty_engine.begin() as connection:
        assert read_rows(connection, tables) == before


def test_a_log_in_leaves_the_call_that_it_named(empty_engine):
    upgrade_database(empty_engine, "0009")
    tables = MetaData()
    tables.reflect(empty_engine)
    event = tables.tables["call_event"]
    with empty_engine.begin() as connection:
        load_rows(connection, tables)
        connection.execute(update(event).values(source="queue_log", kind="ADDMEMBER", provider_call_id="1.2"))
    upgrade_database(empty_engine, "0010")
    with empty_engine.begin() as connection:
        assert connection.scalar(select(event.c.provider_call_id)) == ""
