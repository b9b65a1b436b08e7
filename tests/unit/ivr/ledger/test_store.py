"""The ledger takes every line in exactly once, however it comes, and its derived rows follow from it alone."""

import gzip
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from core.crypto import lookup_hash
from core.events import OutboxEvent
from core.phone import normalise_number
from ivr.ledger import store
from ivr.ledger.steps import FlowStep, record_flow_steps
from ivr.ledger.store import close_settled_calls, import_queue_log, rebuild
from ivr.models import Agent, Call, CallEvent, Queue, QueueLogProblem, QueueVisit, RingAttempt
from tests.unit.ivr.ledger.queue_lines import at, log

CAPTURES = Path(__file__).parents[3] / "data" / "queue_log"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _after_the_captures(clock):
    clock.at = NOW


def a_log(calls=12):
    """A log in which calls overlap: answered, abandoned, timed out into a second queue, never ended."""
    lines = []
    for n in range(calls):
        start, queue, call = n * 7, f"queue{n % 3}", f"1790000000.{n}"
        lines.append((start, call, f"{queue}|NONE|ENTERQUEUE||1380013{n:04}|1"))
        if n % 4 == 0:
            lines.append((start + 5, call, f"{queue}|NONE|ABANDON|1|1|5"))
        elif n % 4 == 1:
            lines.append((start + 6, call, f"{queue}|PJSIP/1001|RINGNOANSWER|6000"))
            lines.append((start + 8, call, f"{queue}|PJSIP/1002|CONNECT|8|x.{n}|2"))
            lines.append((start + 60, call, f"{queue}|PJSIP/1002|COMPLETECALLER|8|52|1"))
        elif n % 4 == 2:
            lines.append((start + 9, call, f"{queue}|NONE|EXITWITHTIMEOUT|1|1|9"))
            lines.append((start + 9, call, "overflow|NONE|ENTERQUEUE||1|2"))
            lines.append((start + 30, call, "overflow|NONE|EXITWITHKEY|1|2|2|21"))
    lines.append((1, "NONE", "queue0|PJSIP/1001|ADDMEMBER|"))
    lines.append((3, "NONE", "NONE|PJSIP/1001|PAUSE|lunch"))
    return b"".join(
        log(f"{second}|{rest}", call=call) for second, call, rest in sorted(lines, key=lambda line: line[0])
    )


def tables(installation):
    """The derived rows by their natural keys: ids of visits and rings may differ."""
    with installation.unit_of_work(read_only=True) as session:
        calls = []
        for call in session.scalars(select(Call).order_by(Call.provider_call_id)):
            columns = {
                name: getattr(call, name)
                for name in (column.name for column in Call.__table__.columns)
                if name not in {"id", "queue_id", "agent_id", "end_published_at"}
            }
            visits = [
                (
                    v.number, v.queue.name, v.entered_at, v.left_queue_at, v.ended_at, v.outcome, v.wait_s,
                    v.talk_s, v.agent and v.agent.interface, v.original_position, v.ended_by,
                    [(r.number, r.agent.interface, r.ended_at, r.ring_s, r.outcome) for r in v.rings],
                )
                for v in call.visits
            ]  # fmt: skip
            queue, agent = call.queue and call.queue.name, call.agent and call.agent.interface
            calls.append((columns, queue, agent, visits))
        events = session.execute(
            select(
                CallEvent.position, CallEvent.at, CallEvent.provider_call_id, CallEvent.kind, CallEvent.fields
            ).order_by(CallEvent.position)
        ).all()
        return calls, [tuple(event) for event in events]


def count(installation, row):
    with installation.unit_of_work(read_only=True) as session:
        return session.scalar(select(func.count()).select_from(row))


@pytest.fixture
def log_file(tmp_path):
    path = tmp_path / "queue_log"
    path.write_bytes(a_log())
    return path


def test_a_capture_becomes_rows_with_its_queue_and_agents(installation):
    (done,) = import_queue_log(installation, [CAPTURES / "noanswer.txt"])

    assert (done.lines, done.bad, done.calls) == (4, 0, 1)
    with installation.unit_of_work() as session:
        call = session.scalars(select(Call)).one()
        assert (call.provider, call.provider_call_id, call.outcome) == (
            "asterisk",
            "1795319324.4",
            "answered",
        )
        assert (call.wait_s, call.ring_s, call.talk_s) == (10, 3, 8)
        assert (call.queue.name, call.queue.title_zh, call.agent.name) == ("hotline", "hotline", "Agent Two")
        assert [(r.agent.name, r.ring_s, r.outcome) for r in call.visits[0].rings] == [
            ("Agent One", 6, "no_answer"),
            ("Agent Two", 3, "answered"),
        ]


def test_known_queues_and_agents_are_used(installation):
    with installation.unit_of_work() as session:
        session.add(Queue(name="hotline", title_zh="热线", title_en="Hotline"))
        session.add(Agent(code="1001", name="王敏", interface="Agent One"))

    import_queue_log(installation, [CAPTURES / "answered.txt"])

    assert (count(installation, Queue), count(installation, Agent)) == (1, 1)


def test_the_callers_number_is_found_by_hash_and_stands_nowhere_in_the_events(installation):
    import_queue_log(installation, [CAPTURES / "answered.txt"])

    with installation.unit_of_work() as session:
        call = session.scalars(select(Call)).one()
        assert call.caller == "13800138000"
        assert call.caller_hash == lookup_hash(normalise_number("+8613800138000"))
        assert not any("13800138000" in str(fields) for fields in session.scalars(select(CallEvent.fields)))


def test_numbers_callers_are_transferred_to_are_masked(installation, tmp_path):
    path = tmp_path / "queue_log"
    path.write_bytes(
        log(
            "0|q|NONE|DID|4008001234",
            "1|q|Li|BLINDTRANSFER|13912345678|outside|1|2|1",
            "2|q|Li|CUSTOM|13912345678",
        )
    )

    import_queue_log(installation, [path])

    with installation.unit_of_work() as session:
        assert session.scalars(select(Call)).one().dialled == "4008001234"
        kept = [
            list(fields) for fields in session.scalars(select(CallEvent.fields).order_by(CallEvent.position))
        ]
    assert kept == [[], ["139****5678", "outside", "1", "2", "1"], []]


def test_importing_twice_or_under_another_name_changes_nothing(installation, log_file, tmp_path):
    import_queue_log(installation, [log_file])
    before = tables(installation)
    rotated = tmp_path / "queue_log.1"
    log_file.rename(rotated)
    copied = tmp_path / "copy"
    shutil.copy(rotated, copied)
    packed = tmp_path / "queue_log.1.gz"
    packed.write_bytes(gzip.compress(rotated.read_bytes()))

    again = import_queue_log(installation, [rotated, copied, packed])

    assert [done.lines for done in again] == [0, 0, 0]
    assert tables(installation) == before


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.integers(0, len(a_log())), max_size=4), st.integers(1, 9))
def test_a_log_that_grows_gives_what_the_whole_log_gives(installation, tmp_path, cuts, batch_lines):
    path = tmp_path / "grows"
    with installation.unit_of_work() as session:
        for row in (RingAttempt, QueueVisit, Call, CallEvent, OutboxEvent):
            session.execute(delete(row))
        session.execute(delete(store.QueueLogFile))
    content = a_log()

    for cut in sorted([*cuts, len(content)]):
        path.write_bytes(content[:cut])
        import_queue_log(installation, [path], batch_lines=batch_lines)
    in_pieces = tables(installation)

    assert count(installation, OutboxEvent) == count(installation, Call) == 12
    rebuild(installation)
    assert tables(installation) == in_pieces
    assert len(in_pieces[1]) == content.count(b"\n")


def test_killed_between_and_within_batches_it_goes_on_where_it_was(installation, log_file, monkeypatch):
    whole = store._keep
    calls = iter([True, False, True, False, False])

    def dies(*args, **kwargs):
        whole(*args, **kwargs)
        if next(calls, True) is False:
            raise KeyboardInterrupt

    for _attempt in range(3):
        monkeypatch.setattr(store, "_keep", dies)
        with pytest.raises(KeyboardInterrupt):
            import_queue_log(installation, [log_file], batch_lines=5)
    monkeypatch.setattr(store, "_keep", whole)
    import_queue_log(installation, [log_file], batch_lines=5)

    assert count(installation, CallEvent) == a_log().count(b"\n")
    assert count(installation, OutboxEvent) == 12
    interrupted = tables(installation)
    rebuild(installation)
    assert tables(installation) == interrupted


def test_two_importers_of_one_file_share_the_work(installation, log_file, monkeypatch):
    taken = []
    whole = store._Import._take_in

    def meets_another(self, reading, batch):
        kept = whole(self, reading, batch)
        if kept:
            taken.append(batch.lines)
        return kept

    monkeypatch.setattr(store._Import, "_take_in", meets_another)
    first = store.import_queue_log(
        installation,
        [log_file],
        batch_lines=5,
        progress=lambda _lines: len(taken) == 1 and import_queue_log(installation, [log_file], batch_lines=3),
    )

    assert sum(taken) == a_log().count(b"\n")
    assert first[0].lines == 5


def test_rows_that_were_lost_are_derived_again_as_they_were(installation, log_file):
    import_queue_log(installation, [log_file])
    before = tables(installation)
    with installation.unit_of_work() as session:
        session.execute(delete(RingAttempt))
        session.execute(delete(QueueVisit))

    assert rebuild(installation) == 12
    assert tables(installation) == before


def test_the_end_of_a_call_is_told_once(installation, tmp_path):
    path = tmp_path / "queue_log"
    first = log("0|q|NONE|ENTERQUEUE|||1", "9|q|NONE|EXITWITHTIMEOUT|1|1|9")
    path.write_bytes(first)
    import_queue_log(installation, [path])
    path.write_bytes(first + log("9|r|NONE|ENTERQUEUE|||1", "15|r|NONE|ABANDON|1|1|6"))
    import_queue_log(installation, [path])

    with installation.unit_of_work() as session:
        call = session.scalars(select(Call)).one()
        (told,) = session.scalars(select(OutboxEvent)).all()
        assert (told.name, told.fields) == ("call_ended", {"call_id": call.id})
        assert call.outcome == "abandoned"


def test_a_call_that_goes_on_is_not_told(installation, tmp_path, clock):
    path = tmp_path / "queue_log"
    path.write_bytes(log("0|q|NONE|ENTERQUEUE|||1", "4|q|Li|CONNECT|4|x.2|4"))
    clock.at = at(60)

    import_queue_log(installation, [path])
    assert count(installation, OutboxEvent) == 0

    clock.at = at(60) + timedelta(hours=5)
    assert close_settled_calls(installation) == 1
    assert count(installation, OutboxEvent) == 1


def test_bad_lines_are_noted_by_number_and_the_rest_is_taken_in(installation, tmp_path):
    path = tmp_path / "queue_log"
    good = log("0|q|NONE|ENTERQUEUE|||1", "5|q|NONE|ABANDON|1|1|5")
    path.write_bytes(b"9|1.1|q|NONE|ENTERQUEUE|||1\n" + good + b"rubbish\n" + b"\0" * 64 + good[:40])

    (done,) = import_queue_log(installation, [path])

    assert (done.lines, done.bad, done.calls) == (4, 2, 1)
    with installation.unit_of_work() as session:
        problems = session.execute(select(QueueLogProblem.line, QueueLogProblem.problem)).all()
    assert [tuple(row) for row in problems] == [(1, "wrong_time"), (4, "too_few_fields")]


def test_a_log_without_a_call_waits_for_one(installation, tmp_path):
    path = tmp_path / "queue_log"
    path.write_bytes(log("0|q|Li|ADDMEMBER|", call="NONE"))
    (waiting,) = import_queue_log(installation, [path])
    path.write_bytes(path.read_bytes() + log("5|q|NONE|ENTERQUEUE|||1"))
    (known,) = import_queue_log(installation, [path])

    assert (waiting.known, waiting.lines) == (False, 0)
    assert (known.known, known.lines) == (True, 2)


def test_a_call_that_never_reached_a_queue_left_no_log(installation):
    (done,) = import_queue_log(installation, [CAPTURES / "hangup_in_ivr.txt"])

    assert (done.lines, done.problem) == (0, "")
    assert count(installation, Call) == 0


def test_a_missing_file_does_not_stop_the_others(installation, log_file, tmp_path):
    missing, read = import_queue_log(installation, [tmp_path / "nowhere", log_file])

    assert "nowhere" in missing.problem
    assert read.calls == 12


def test_of_an_archive_that_is_cut_off_is_read_what_is_there(installation, tmp_path):
    packed = tmp_path / "queue_log.2.gz"
    whole = a_log(3000)
    packed.write_bytes(gzip.compress(whole)[:-3000])

    (done,) = import_queue_log(installation, [packed])

    assert "压缩文件不完整" in done.problem
    assert 100 < done.lines < whole.count(b"\n")
    packed.write_bytes(gzip.compress(whole))
    (rest,) = import_queue_log(installation, [packed])
    assert rest.lines == whole.count(b"\n") - done.lines
    assert count(installation, Call) == 3000


def test_of_a_damaged_archive_nothing_is_believed(installation, tmp_path):
    packed = tmp_path / "queue_log.2.gz"
    whole = gzip.compress(a_log(3000))
    at = len(whole) // 2
    packed.write_bytes(whole[:at] + bytes(byte ^ 0xFF for byte in whole[at : at + 40]) + whole[at + 40 :])

    (done,) = import_queue_log(installation, [packed])

    assert "压缩文件已损坏" in done.problem
    assert done.lines == count(installation, Call) == 0


def test_flow_steps_told_twice_are_kept_once(installation):
    told = [
        FlowStep(
            number=0, at=at(0), kind="start", fields={"flow": "hotline", "version": 2, "language": "zh"}
        ),
        FlowStep(number=1, at=at(4), kind="hours", fields={"node": "hours", "outcome": "closed"}),
        FlowStep(number=2, at=at(30), kind="voicemail", fields={"node": "message", "outcome": "done"}),
        FlowStep(number=3, at=at(31), kind="end", fields={"outcome": "hung_up"}),
    ]
    for part in (told[:2], told, told[2:]):
        with installation.unit_of_work() as session:
            record_flow_steps(
                session, "1790000000.1", part, now=at(31), caller="+86 138 0013 8000", dialled="4001"
            )

    with installation.unit_of_work() as session:
        call = session.scalars(select(Call)).one()
        assert (call.outcome, call.flow, call.flow_version) == ("voicemail", "hotline", "2")
        assert (call.caller, call.dialled, call.ended_at) == ("13800138000", "4001", at(31))
    assert count(installation, CallEvent) == 4
    assert count(installation, OutboxEvent) == 1


def test_the_log_and_the_flow_of_a_call_meet_in_one_row(installation, tmp_path):
    path = tmp_path / "queue_log"
    path.write_bytes(
        log("5|q|NONE|ENTERQUEUE||138|1", "9|q|Li|CONNECT|4|x.2|4", "29|q|Li|COMPLETECALLER|4|20|1")
    )
    steps = [
        FlowStep(number=0, at=at(0), kind="start", fields={"flow": "hotline", "version": 2}),
        FlowStep(number=1, at=at(29), kind="queue", queue="q", fields={"outcome": "bridged"}),
        FlowStep(number=2, at=at(40), kind="survey", fields={"outcome": "score", "score": 5, "best": 5}),
        FlowStep(number=3, at=at(41), kind="end", fields={"outcome": "completed"}),
    ]
    import_queue_log(installation, [path])
    with installation.unit_of_work() as session:
        record_flow_steps(session, "1790000000.1", steps, now=at(41))

    with installation.unit_of_work() as session:
        call = session.scalars(select(Call)).one()
        assert (call.outcome, call.talk_s, call.survey_score) == ("answered", 20, 5)
        assert (call.started_at, call.ended_at) == (at(0), at(41))
    assert count(installation, OutboxEvent) == 1
