"""Watching an Asterisk that comes, goes, restarts and hangs: what a page would show meanwhile."""

import itertools
import threading
from datetime import timedelta

import pytest

from ivr.asterisk.ami.watch import EVENT_CLASSES, AmiWatch
from ivr.live import read_live
from tests.conftest import NOW
from tests.waiting import wait_until

BOOTED = "Event: FullyBooted\r\nUptime: {uptime}\r\nStatus: Fully Booted\r\n\r\n"
MEMBER = "Event: QueueMember\r\nQueue: hotline\r\nLocation: PJSIP/1\r\nStatus: 1\r\nPaused: 0"
ENTRY = "Event: QueueEntry\r\nQueue: hotline\r\nPosition: 1\r\nUniqueid: {call}\r\nWait: 3"


@pytest.fixture
def hotline(server):
    """The scripted Asterisk with one agent and one caller in its queue."""
    server.on_log_in = BOOTED.format(uptime=100)
    server.waiting = "7.1"
    server.answers["QueueStatus"] = lambda _headers: [
        "Response: Success\r\nEventList: start",
        MEMBER,
        ENTRY.format(call=server.waiting),
        "Event: QueueStatusComplete",
    ]
    server.answers["CoreShowChannels"] = ["Response: Success", "Event: CoreShowChannelsComplete"]
    return server


@pytest.fixture
def watching(installation, hotline):
    """Start a watch; its pauses are noted and do not take their time."""
    pauses, stop, threads = [], threading.Event(), []

    def wait(event, seconds):
        pauses.append(seconds)
        return event.wait(min(seconds, 0.01))

    def start(**changes):
        changed = installation.settings.model_copy(update={"ami": hotline.settings(**changes)})
        watched = type(installation)(changed, installation.engine, installation.blobs, installation.clock)
        thread = threading.Thread(target=AmiWatch(watched, wait=wait).run, args=(stop,))
        thread.start()
        threads.append(thread)
        return pauses

    yield start
    stop.set()
    hotline.close()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture
def live(installation):
    def read():
        with installation.unit_of_work(read_only=True) as session:
            return read_live(session)

    return read


def calls(state):
    return [caller.call for queue in state.floor.queues for caller in queue.waiting]


def test_a_quiet_line_stays_young(watching, live, clock):
    watching()
    wait_until(lambda: calls(live()) == ["7.1"], "the first resync")
    clock.at += timedelta(seconds=30)
    wait_until(lambda: live().age_s(clock.now()) == 0, "a test of the line")
    assert live().problem == ""


def test_only_the_events_that_are_needed_are_asked_for(watching, hotline):
    watching()
    assert hotline.next_asked("Login")["Events"] == EVENT_CLASSES
    assert not {"dialplan", "dtmf", "agi", "all"} & set(EVENT_CLASSES.split(","))


def test_after_a_cut_everything_is_read_anew(watching, hotline, live):
    watching()
    wait_until(lambda: calls(live()) == ["7.1"], "the first resync")
    hotline.waiting = "7.2"  # 7.1 left and 7.2 came while nobody watched
    hotline.cut()
    wait_until(lambda: calls(live()) == ["7.2"], "the second resync")
    assert hotline.log_ins == 2
    assert live().silent_from is None, "the same Asterisk all the while"


def test_live_events_come_on_top_of_the_lists(watching, hotline, live):
    watching()
    wait_until(lambda: calls(live()) == ["7.1"], "the first resync")
    hotline.send("Event: QueueCallerLeave\r\nQueue: hotline\r\nUniqueid: 7.1\r\n\r\n")
    wait_until(lambda: calls(live()) == [], "the caller to be gone")


def test_a_reload_is_a_reason_to_look_again(watching, hotline, live):
    watching()
    wait_until(lambda: calls(live()) == ["7.1"], "the first resync")
    hotline.waiting = "7.9"
    hotline.send("Event: Reload\r\nModule: app_queue\r\n\r\n")
    wait_until(lambda: calls(live()) == ["7.9"], "the resync")


def test_a_restart_is_told_from_a_cut_line(watching, hotline, live, clock):
    watching()
    wait_until(lambda: live().heard_at == NOW, "the first state")
    assert live().booted_at == NOW - timedelta(seconds=101)
    hotline.on_log_in = BOOTED.format(uptime=2)
    accept = hotline.answers["Login"]

    def a_minute_later(_headers):
        clock.at = NOW + timedelta(seconds=60)
        return accept

    hotline.answers["Login"] = a_minute_later
    hotline.cut()
    wait_until(lambda: live().booted_at == NOW + timedelta(seconds=57), "the restart to be noticed")
    assert live().silent_from == NOW


def test_while_nobody_answers_the_last_state_stays_and_says_why_it_is_old(watching, hotline, live, clock):
    pauses = watching(max_backoff_s=2)
    wait_until(lambda: calls(live()) == ["7.1"], "the first resync")
    hotline.close()
    wait_until(lambda: live().problem, "the problem to be told")
    clock.at += timedelta(minutes=1)
    assert calls(live()) == ["7.1"]
    assert live().is_stale(clock.now())
    wait_until(lambda: pauses.count(2) >= 3, "the pauses to be at their longest")
    grown = [pause for pause, _same in itertools.groupby(pause for pause in pauses if pause != 0.01)]
    assert grown == [0.25, 0.5, 1.0, 2]


def test_an_asterisk_that_hangs_is_a_lost_line(watching, hotline, live):
    hotline.answers["Ping"] = None
    pauses = watching(timeout_s=0.05)
    wait_until(lambda: hotline.log_ins >= 2, "a second try")
    assert "Ping" in live().problem
    assert pauses[0] == 0.25


def test_a_booting_asterisk_is_not_asked_before_it_is_up(watching, hotline, live):
    hotline.on_log_in = ""
    watching()
    hotline.next_asked("Ping")
    hotline.next_asked("Ping")
    assert live().heard_at is None
    hotline.send(BOOTED.format(uptime=1))
    wait_until(lambda: calls(live()) == ["7.1"], "the resync")
