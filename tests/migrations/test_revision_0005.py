"""0005: an installation with rows of every kind goes up to Twilio and callbacks and back, and loses nothing."""

from sqlalchemy import MetaData, inspect

from sansheng.migrations import downgrade_database, upgrade_database
from tests.migrations.rows import load_rows, read_rows

NEW = {
    "callback", "twilio_agent", "twilio_answer", "twilio_call", "twilio_offer", "twilio_recording", "twilio_refusal",
}  # fmt: skip


def test_older_rows_stay_as_they_are_on_the_way_up_and_down(empty_engine):
    upgrade_database(empty_engine, "0004")
    tables = MetaData()
    tables.reflect(empty_engine)
    with empty_engine.begin() as connection:
        load_rows(connection, tables)
        before = read_rows(connection, tables)
    upgrade_database(empty_engine, "0005")
    assert set(inspect(empty_engine).get_table_names()) >= NEW
    downgrade_database(empty_engine, "0004")
    assert NEW.isdisjoint(inspect(empty_engine).get_table_names())
    with empty_engine.begin() as connection:
        assert read_rows(connection, tables) == before
