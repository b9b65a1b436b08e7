"""A queue_log that Asterisk keeps in a table says what the file would have said, once."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, delete, func, select

from core.i18n import use_locale
from ivr.ledger.store import import_queue_log, import_queue_log_table
from ivr.models import Call, CallEvent, QueueLogFile, QueueLogProblem
from tests.unit.ivr.ledger.test_store import a_log, tables

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
def _after_the_log(clock):
    clock.at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Realtime:
    """Asterisk's table, in a database of its own (or, on PostgreSQL, a schema away from ours)."""

    def __init__(self, url, *, one_column=False):
        data = ["data"] if one_column else [f"data{n}" for n in range(1, 6)]
        self.url, self.one_column = url, one_column
        names = ["time", "callid", "queuename", "agent", "event", *data]
        metadata = MetaData()
        self.table = Table(
            "queue_log",
            metadata,
            Column("id", Integer, primary_key=True),
            *(Column(n, String(200)) for n in names),
        )
        self.engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        metadata.create_all(self.engine)

    def write(self, content, *, first_id=1, zone=SHANGHAI):
        rows = []
        for number, line in enumerate(content.decode().splitlines(), start=first_id):
            epoch, call, queue, agent, event, *data = line.split("|")
            at = datetime.fromtimestamp(float(epoch), zone).strftime("%Y-%m-%d %H:%M:%S.%f")
            told = (
                {"data": "|".join(data)}
                if self.one_column
                else {f"data{n}": d for n, d in enumerate(data, 1)}
            )
            rows.append(
                {"id": number, "time": at, "callid": call, "queuename": queue, "agent": agent, "event": event}
                | told
            )
        with self.engine.begin() as connection:
            for row in rows:
                connection.execute(self.table.insert(), row)

    def empty(self):
        with self.engine.begin() as connection:
            connection.execute(delete(self.table))


@pytest.fixture(params=[False, True], ids=["data1 to data5", "data"])
def realtime(request, tmp_path, database_url):
    url = database_url if database_url.startswith("postgresql") else f"sqlite:///{tmp_path / 'asterisk.db'}"
    opened = Realtime(url, one_column=request.param)
    yield opened
    opened.engine.dispose()


def take_in(installation, realtime, **more):
    return import_queue_log_table(installation, realtime.url, "queue_log", zone=SHANGHAI, **more)


def figures(installation):
    return tables(installation)[0]


def events(installation):
    with installation.unit_of_work(read_only=True) as session:
        return session.scalar(select(func.count(CallEvent.id)))


def test_a_table_gives_the_calls_that_the_file_gives(installation, realtime, tmp_path, settings):
    (tmp_path / "queue_log").write_bytes(a_log())
    realtime.write(a_log())
    done = take_in(installation, realtime, batch_lines=7)
    of_table = figures(installation)
    assert (done.lines, done.bad) == (len(a_log().splitlines()), 0)
    (of_file,) = import_queue_log(installation, [tmp_path / "queue_log"], provider="simulator")
    assert of_file.lines == done.lines
    with installation.unit_of_work(read_only=True) as session:
        kept = session.scalars(select(QueueLogFile).order_by(QueueLogFile.id)).first()
        assert "for tests" not in kept.name
    assert of_table == [
        ({**columns, "provider": "asterisk"}, *rest)
        for columns, *rest in figures(installation)
        if columns["provider"] == "simulator"
    ]


def test_what_was_read_is_not_read_again_and_what_is_new_is(installation, realtime):
    lines = a_log().splitlines(keepends=True)
    realtime.write(b"".join(lines[:20]))
    assert take_in(installation, realtime).lines == 20
    assert take_in(installation, realtime).lines == 0
    realtime.write(b"".join(lines[20:]), first_id=25)
    assert take_in(installation, realtime).lines == len(lines) - 20
    assert events(installation) == len(lines)


def test_a_table_that_was_emptied_is_read_from_its_new_beginning(installation, realtime):
    lines = a_log().splitlines(keepends=True)
    realtime.write(b"".join(lines[:20]))
    take_in(installation, realtime)
    realtime.empty()
    realtime.write(b"".join(lines[20:30]))
    assert take_in(installation, realtime).lines == 10
    assert events(installation) == 30


def test_a_row_that_cannot_be_read_is_named_and_the_others_are_taken_in(installation, realtime):
    realtime.write(a_log())
    with realtime.engine.begin() as connection:
        connection.execute(realtime.table.update().where(realtime.table.c.id == 3).values(time="yesterday"))
        connection.execute(
            realtime.table.update().where(realtime.table.c.id == 4).values(agent="Li|Na\nABANDON")
        )
    done = take_in(installation, realtime)
    assert done.bad == 1
    with installation.unit_of_work(read_only=True) as session:
        assert [(p.line, p.problem) for p in session.scalars(select(QueueLogProblem))] == [(3, "no_time")]
        assert session.scalar(select(func.count(Call.id))) > 1


@pytest.mark.parametrize(
    ("url", "name", "told"),
    [
        ("nonsense", "queue_log", "no address of a database"),
        ("{url}", "no_such_table", "has no table no_such_table"),
        ("{url}", "other", "no column time, callid, queuename"),
        ("{url}", 'queue_log"; DROP TABLE queue_log; --', "has no table"),
    ],
)
def test_what_is_no_queue_log_is_said_to_be_none(installation, tmp_path, url, name, told):
    place = f"sqlite:///{tmp_path / 'asterisk.db'}"
    realtime = Realtime(place)
    other = Table("other", MetaData(), Column("id", Integer, primary_key=True))
    other.create(realtime.engine)
    realtime.engine.dispose()
    with use_locale("en"):
        done = import_queue_log_table(installation, url.format(url=place), name, zone=SHANGHAI)
    assert told in done.problem
    assert not done.known
