"""0015: visits get a time on hold, and every other column stays as it was on the way up and down."""

from sqlalchemy import MetaData, update

from sansheng.migrations import downgrade_database, upgrade_database
from tests.migrations.rows import load_rows


def visits_of(engine):
    tables = MetaData()
    tables.reflect(engine)
    return tables.tables["queue_visit"]


def test_visits_stay_what_they_were(empty_engine):
    upgrade_database(empty_engine, "0014")
    tables = MetaData()
    tables.reflect(empty_engine)
    with empty_engine.begin() as connection:
        load_rows(connection, tables)
        before = [row._asdict() for row in connection.execute(tables.tables["queue_visit"].select())]
    assert before

    upgrade_database(empty_engine, "0015")
    visit = visits_of(empty_engine)
    with empty_engine.begin() as connection:
        rows = [row._asdict() for row in connection.execute(visit.select())]
        assert rows == [{**row, "hold_s": None} for row in before]
        connection.execute(update(visit).values(hold_s=12.5))

    downgrade_database(empty_engine, "0014")
    visit = visits_of(empty_engine)
    with empty_engine.begin() as connection:
        assert [row._asdict() for row in connection.execute(visit.select())] == before
