"""Following a log that grows, rotates, is copied and cut, while Asterisk crashes and we are away."""

import gzip
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.i18n import use_locale
from core.rounds import in_background
from ivr.asterisk.follower import QueueLogFollower
from ivr.asterisk.watch import asterisk_works, follow_queue_log
from ivr.ledger.steps import FlowStep, record_flow_steps
from ivr.ledger.store import rebuild
from ivr.live import LiveFloor, LiveState, read_live, write_live
from ivr.models import Call, CallEvent
from tests.unit.ivr.ledger.queue_lines import at, log
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def _time(clock):
    clock.at = at(10_000)


@pytest.fixture
def path(tmp_path):
    folder = tmp_path / "asterisk"
    folder.mkdir()
    return folder / "queue_log"


@pytest.fixture
def follow(installation, path):
    follower = QueueLogFollower(installation, path)
    return lambda: [(Path(done.path).name, done.lines) for done in follower.look()]


def call(number, done=True):
    lines = [f"{number * 10}|q|NONE|ENTERQUEUE||1|1", f"{number * 10 + 2}|q|Li|CONNECT|2|x|2"]
    ends = [f"{number * 10 + 9}|q|Li|COMPLETEAGENT|2|7|1"] if done else []
    return log(*lines, *ends, call=f"17900000{number:02}.1")


def append(path, content):
    with path.open("ab") as file:
        file.write(content)


def outcomes(installation):
    with installation.unit_of_work(read_only=True) as session:
        return [c.outcome for c in session.scalars(select(Call).order_by(Call.provider_call_id))]


def events(installation):
    with installation.unit_of_work(read_only=True) as session:
        return session.scalar(select(func.count()).select_from(CallEvent))


def test_what_is_new_is_taken_in_and_nothing_else(follow, path, installation):
    assert follow() == []
    append(path, call(1))
    assert follow() == [("queue_log", 3)]
    assert follow() == []
    append(path, call(2))
    assert follow() == [("queue_log", 3)]
    assert outcomes(installation) == ["answered", "answered"]


def test_a_call_over_a_rotation_is_one_call(follow, path, installation):
    whole = call(1).splitlines(keepends=True)
    append(path, b"".join(whole[:1]))
    follow()
    append(path, whole[1])  # written between our look and the rotation
    path.rename(path.with_name("queue_log.1"))
    append(path, whole[2] + call(2))
    assert follow() == [("queue_log.1", 1), ("queue_log", 4)]
    assert outcomes(installation) == ["answered", "answered"]


def test_rotated_twice_and_compressed_while_we_were_down(follow, path, installation, clock):
    append(path, call(1))
    follow()
    append(path, call(2))
    with gzip.open(path.with_name("queue_log.2.gz"), "wb") as packed:
        packed.write(path.read_bytes())
    path.write_bytes(call(3))
    path.rename(path.with_name("queue_log.1"))
    append(path, call(4))
    again = QueueLogFollower(installation, path)  # a new process
    assert sum(done.lines for done in again.look()) == 9
    assert len(outcomes(installation)) == 4


def test_after_a_rotation_to_a_log_without_calls_a_new_process_still_knows_where_it_was(path, installation):
    append(path, call(1))
    list(QueueLogFollower(installation, path).look())
    path.rename(path.with_name("queue_log-20261122"))
    append(path, log("1|NONE|NONE|QUEUESTART|", call="NONE"))
    list(QueueLogFollower(installation, path).look())
    append(path.with_name("queue_log-20261122"), call(2))  # Asterisk had it still open
    list(QueueLogFollower(installation, path).look())
    assert len(outcomes(installation)) == 2


def test_copied_and_cut_as_some_rotate(follow, path, installation):
    append(path, call(1))
    follow()
    path.with_name("queue_log.1").write_bytes(path.read_bytes())
    path.write_bytes(call(2))
    assert follow() == [("queue_log", 3)]
    assert len(outcomes(installation)) == 2


def test_history_of_before_our_time_is_not_dragged_in(follow, path):
    path.with_name("queue_log.1").write_bytes(call(1))
    append(path, call(2))
    assert follow() == [("queue_log", 3)]


def test_a_torn_line_is_read_when_it_is_whole(follow, path):
    whole = call(1)
    append(path, whole[:-7])
    assert follow() == [("queue_log", 2)]
    append(path, whole[-7:])
    assert follow() == [("queue_log", 1)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["line", "half", "look", "rotate", "restart"]), max_size=25))
def test_whatever_happens_between_two_looks_every_line_counts_once(installation, tmp_path, steps):
    folder = tmp_path / f"log{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    path = folder / "queue_log"
    before = events(installation)
    follower = QueueLogFollower(installation, path)
    written = b"".join(call(n) for n in range(10, 40))
    written = written.replace(
        b"|1790", f"|{folder.name}-1790".encode()
    )  # no two examples have a call in common
    place = lines = rotations = 0
    for step in ["line", "look", *steps, "line", "look"]:
        if step in {"line", "half"}:
            end = written.index(b"\n", place) + 1
            end -= 5 if step == "half" and end - 5 > place else 0
            append(path, written[place:end])
            lines += written[place:end].count(b"\n")
            place = end
        elif step == "rotate" and path.exists() and not path.read_bytes()[-1:].strip():
            rotations += 1
            path.rename(folder / f"queue_log.{rotations}")
        elif step == "restart":
            follower = QueueLogFollower(installation, path)
        elif step == "look":
            list(follower.look())
    assert events(installation) - before == lines


def test_a_start_of_asterisk_ends_the_calls_of_before_once_their_log_is_read(follow, path, installation):
    append(path, call(1, done=False) + call(2, done=False))
    follow()
    append(path, call(1)[-len(call(1).splitlines(keepends=True)[-1]) :])  # written, then killed
    with installation.unit_of_work() as session:
        write_live(session, LiveState(heard_at=at(100), booted_at=at(95), silent_from=at(90)))
    follow()
    assert outcomes(installation) == ["answered", "answered"]
    with installation.unit_of_work(read_only=True) as session:
        ended = [c.visits[0].ended_by for c in session.scalars(select(Call).order_by(Call.provider_call_id))]
    assert ended == ["agent", "crash"]


@pytest.fixture
def heard(installation, clock):
    """Asterisk is heard at a second, with these calls on its lines."""

    def hear(second, *lines):
        clock.at = at(second)
        with installation.unit_of_work() as session:
            write_live(session, LiveState(floor=LiveFloor(lines=lines), heard_at=at(second)))

    return hear


def start_of(installation, call_id, second):
    step = FlowStep(number=0, at=at(second), kind="start", fields={"flow": "hotline", "version": "1"})
    with installation.unit_of_work() as session:
        record_flow_steps(session, call_id, [step], now=at(second), caller="13800138000")


def test_a_call_whose_end_our_dead_server_could_not_tell_is_closed_when_asterisk_has_it_no_more(
    follow, path, installation, heard
):
    """Three calls: one talks on, one talked and hung up, one hung up in the menu; nobody wrote how they ended."""
    talks, talked, menu = "1790000001.1", "1790000002.1", "1790000003.1"
    append(path, call(1, done=False) + call(2))
    for call_id in (talks, talked, menu):
        start_of(installation, call_id, 8)
    heard(12, talks, talked, menu)
    follow()
    assert outcomes(installation) == ["open", "open", "open"]
    heard(40, talks)
    follow()
    assert outcomes(installation) == ["open", "open", "open"], "one look is no proof"
    heard(50, talks)
    follow()
    assert outcomes(installation) == ["open", "open", "open"], "what is told late still counts"
    heard(60, talks)
    follow()
    assert outcomes(installation) == ["open", "answered", "failed"]
    with installation.unit_of_work(read_only=True) as session:
        ended = session.scalars(select(Call.ended_at).order_by(Call.provider_call_id)).all()
    assert ended == [None, at(29), at(40)]
    rebuild(installation)
    assert outcomes(installation) == ["open", "answered", "failed"]


def test_while_asterisk_is_not_heard_no_call_is_thought_to_be_gone(follow, installation, heard, clock):
    start_of(installation, "1790000001.1", 8)
    heard(12, "1790000001.1")
    follow()
    heard(20)
    follow()
    for second in (30, 60, 600):
        clock.at = at(second)
        follow()
    assert outcomes(installation) == ["open"]


def test_the_servers_own_word_counts_after_all(follow, installation, heard):
    start_of(installation, "1790000001.1", 8)
    for second in (12, 24, 36):
        heard(second)
        follow()
    assert outcomes(installation) == ["failed"]
    end = FlowStep(number=1, at=at(11), kind="end", fields={"outcome": "hung_up"})
    with installation.unit_of_work() as session:
        record_flow_steps(session, "1790000001.1", [end], now=at(40))
    assert outcomes(installation) == ["hung_up"]


def test_calls_settle_though_nothing_is_written(follow, path, installation, clock):
    append(path, log("0|q|NONE|ENTERQUEUE||1|1", "9|q|NONE|EXITWITHTIMEOUT|1|1|9"))
    clock.at = at(10)
    follow()
    assert outcomes(installation) == ["open"]
    clock.at = at(100)
    follow()
    assert outcomes(installation) == ["hung_up"]


def test_the_works_of_a_role_follow_the_log_of_the_settings_and_watch(installation, path, server, tmp_path):
    append(path, call(1))
    changes = {"ami": server.settings(), "asterisk": {"queue_log": str(path)}}
    settings_ = installation.settings.model_validate(installation.settings.model_dump() | changes)
    server.on_log_in = "Event: FullyBooted\r\nUptime: 5\r\n\r\n"
    server.answers["QueueStatus"] = ["Response: Success", "Event: QueueStatusComplete"]
    server.answers["CoreShowChannels"] = ["Response: Success", "Event: CoreShowChannelsComplete"]

    def live():
        with installation.unit_of_work(read_only=True) as session:
            return read_live(session)

    with in_background(*asterisk_works(replace(installation, settings=settings_))):
        wait_until(lambda: outcomes(installation) == ["answered"], "the log")
        wait_until(lambda: live().heard_at, "the live state")
    assert asterisk_works(installation) == [], "without a secret there is no Asterisk to watch"


def test_follow_on_the_command_line_tells_each_file_and_ends_when_interrupted(
    installation, path, monkeypatch
):
    from ivr import cli_queue

    append(path, call(1))
    looks = []

    def pause(_seconds):
        looks.append(1)
        if len(looks) == 1:
            append(path, call(2))
            return
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_queue, "_pause", pause)
    with use_locale("en"):
        result = CliRunner().invoke(cli_queue.queue, ["import", "--follow", str(path)], obj=installation)
    assert result.output.count("3 new lines, 0 of them bad; 1 calls") == 2
    refused = CliRunner().invoke(
        cli_queue.queue, ["import", "--follow", "--json", str(path)], obj=installation
    )
    assert refused.exit_code == 2


def test_following_goes_on_when_the_database_is_busy_for_a_while(installation, path, monkeypatch):
    from core.errors import RetryLater
    from ivr.asterisk import follower

    append(path, call(1))
    real, tries = follower.import_queue_log, []

    def busy_once(*args, **kwargs):
        tries.append(1)
        if len(tries) == 1:
            raise RetryLater("busy")
        return real(*args, **kwargs)

    monkeypatch.setattr(follower, "import_queue_log", busy_once)
    monkeypatch.setattr("ivr.asterisk.watch.FOLLOW_EVERY_S", 0.01)
    settings_ = installation.settings.model_validate(
        installation.settings.model_dump() | {"asterisk": {"queue_log": str(path)}}
    )
    stop = threading.Event()
    work = follow_queue_log(replace(installation, settings=settings_))
    thread = threading.Thread(target=work, args=(stop,))
    thread.start()
    wait_until(lambda: outcomes(installation) == ["answered"], "the second look")
    stop.set()
    thread.join()
