"""One line to AMI, over a real socket: who may in, whose answer is whose, and what a lost line does."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from core.errors import BadInput
from core.setting_sections import AmiSettings
from ivr.asterisk.ami.connection import AmiConnection
from ivr.asterisk.ami.errors import AmiDenied, AmiLost, AmiRefused
from tests.unit.ivr.asterisk.ami_server import SECRET, md5_key
from tests.waiting import wait_until


@pytest.fixture
def line(server):
    with closing(AmiConnection(server.settings())) as opened:
        yield opened


def test_the_secret_itself_is_never_sent(server):
    with closing(AmiConnection(server.settings(), events="system,agent")):
        asked = [server.asked.get(timeout=60) for _ in range(2)]
    assert [headers["Action"] for headers in asked] == ["Challenge", "Login"]
    assert asked[1]["Key"] == md5_key()
    assert asked[1]["Events"] == "system,agent"
    assert SECRET not in str(asked)


def test_a_plain_log_in_is_there_for_who_wants_it(server):
    with closing(AmiConnection(server.settings(login="plain"))):
        assert server.next_asked("Login")["Secret"] == SECRET


def test_a_refused_log_in_says_which_settings_to_compare(server):
    server.answers["Login"] = "Response: Error\r\nMessage: Authentication failed"
    with pytest.raises(AmiDenied, match="SANSHENG_AMI_SECRET"):
        AmiConnection(server.settings())


def test_nobody_there_says_so(server):
    server.close()
    with pytest.raises(AmiLost, match=f"127.0.0.1:{server.port} cannot be reached"):
        AmiConnection(server.settings())


def test_who_never_answers_does_not_keep_us():
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(AmiLost, match="did not answer Challenge in time"),
    ):
        port = silent.getsockname()[1]
        AmiConnection(AmiSettings.model_validate({"port": port, "secret": "s", "timeout_s": 0.05}))


def test_each_asker_gets_his_own_answer_in_whatever_order_they_come(server, line):
    both = threading.Barrier(2)
    later = {}

    def answer(headers):
        later[headers["Queue"]] = headers["ActionID"]
        if len(later) == 2:  # both were asked: the second is answered first
            for name in reversed(list(later)):
                server.send(f"Response: Success\r\nActionID: {later[name]}\r\nMessage: for {name}\r\n\r\n")

    server.answers["QueuePause"] = answer

    def ask(name):
        both.wait(60)
        return line.action("QueuePause", Queue=name).get("Message")

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, ["a", "b"])) == ["for a", "for b"]


def test_an_answer_after_its_deadline_is_nobodys(server):
    server.answers["Late"] = None
    with closing(AmiConnection(server.settings())) as line:
        with pytest.raises(AmiLost, match="did not answer Late in time"):
            line.action_within(0.01, "Late")
        action_id = server.next_asked("Late")["ActionID"]
        server.send(f"Response: Error\r\nActionID: {action_id}\r\nMessage: too late\r\n\r\n")
        assert line.action("Ping").get("Ping") == "Pong"


def test_a_refusal_carries_asterisks_own_word(server, line):
    server.answers["QueueAdd"] = "Response: Error\r\nMessage: Unable to add interface: Already there"
    with pytest.raises(AmiRefused, match="Already there") as refused:
        line.action("QueueAdd", Queue="hotline")
    assert refused.value.reason == "Unable to add interface: Already there"


def test_a_list_is_read_to_its_end_and_events_between_are_events(server):
    heard = []
    server.answers["QueueStatus"] = lambda headers: [
        "Response: Success\r\nEventList: start",
        "Event: QueueParams\r\nQueue: hotline",
        "Event: Hangup\r\nUniqueid: 9.9\r\n\r\nEvent: QueueMember\r\nName: 坐席",
        "Event: QueueStatusComplete\r\nListItems: 2",
    ]
    with closing(AmiConnection(server.settings(), take_event=lambda _line, m: heard.append(m))) as line:
        listed = line.listing("QueueStatus", until="QueueStatusComplete")
    assert [message.event for message in listed] == ["QueueParams", "QueueMember"]
    assert listed[1].get("Name") == "坐席"
    assert [message.event for message in heard] == ["Hangup"]


def test_a_cut_line_wakes_who_waits_at_once(server, line):
    server.answers["Slow"] = lambda _headers: server.cut()
    with pytest.raises(AmiLost):
        line.action("Slow")  # the deadline is 30 s away
    wait_until(line.lost.is_set, "the line to be known lost")
    with pytest.raises(AmiLost, match="the line to Asterisk is lost"):
        line.action("Ping")


def test_a_taker_that_fails_costs_one_event_and_not_the_line(server):
    heard = []

    def take(_line, message):
        heard.append(message.event)
        raise RuntimeError("defect")

    with closing(AmiConnection(server.settings(), take_event=take)) as line:
        server.send("Event: A\r\n\r\njunk\xff without colon\r\n\r\n\0\0\r\n\r\nEvent: B\r\n\r\n")
        assert line.action("Ping").get("Ping") == "Pong"
    assert heard == ["A", "B"]


def test_nothing_of_a_refused_value_is_sent(server, line):
    with pytest.raises(BadInput):
        line.action("QueuePause", Reason="x\r\n\r\nAction: Command\r\nCommand: core stop now")
    line.action("Ping")
    assert [server.asked.get(timeout=60)["Action"] for _ in range(3)] == ["Challenge", "Login", "Ping"]
