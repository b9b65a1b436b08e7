"""Agents come, pause and go through a scripted Asterisk; supervisors listen in, and only they."""

from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core.accounts import Role, add_user
from core.audit import AuditEntry
from core.errors import BadInput, Conflict, Forbidden, MissingPart, NotFound
from ivr.asterisk import duty
from ivr.asterisk.ami.errors import AmiRefused
from ivr.asterisk.listening import listen_in
from ivr.cli_floor import agent as agent_command
from ivr.cli_floor import listen as listen_command
from ivr.cli_floor import live as live_command
from ivr.live import LiveAgent, LiveFloor, LiveQueue, LiveState, WaitingCaller, write_live
from ivr.models import Agent, Queue, QueueMember

DONE = "Response: Success\r\nMessage: done"


def refused(reason):
    return f"Response: Error\r\nMessage: {reason}"


@pytest.fixture
def hotline(installation, server):
    """The installation on a scripted Asterisk, with agent 1001 in two queues."""
    server.answers |= dict.fromkeys(("QueueAdd", "QueueRemove", "QueuePause", "Originate"), DONE)
    with installation.unit_of_work() as session:
        agent = Agent(code="1001", name="王", interface="PJSIP/1001")
        other = Agent(code="1002", name="李", interface="Local/13800138000@from-trunk")
        queues = [Queue(name=name, title_zh=name, title_en=name) for name in ("sales", "advice")]
        session.add_all([agent, other, *queues])
        session.flush()
        session.add_all(
            QueueMember(queue_id=queue.id, agent_id=agent.id, penalty=penalty)
            for penalty, queue in enumerate(queues)
        )
    return replace(installation, settings=installation.settings.model_copy(update={"ami": server.settings()}))


@pytest.fixture
def audited(installation):
    def entries():
        with installation.unit_of_work(read_only=True) as session:
            return [(e.action, e.subject, e.detail) for e in session.scalars(select(AuditEntry))]

    return entries


def asked(server):
    """What Asterisk was asked to do, without the log-in."""
    found = []
    while not server.asked.empty():
        headers = server.asked.get()
        if headers["Action"] not in {"Challenge", "Login"}:
            headers.pop("ActionID")
            found.append(headers)
    return found


def test_who_logs_in_is_in_all_queues_under_the_name_the_ledger_knows(hotline, server, audited):
    duty.log_in(hotline, "1001")
    first, second, going = asked(server)
    assert first == {
        "Action": "QueueAdd",
        "Queue": "advice",
        "Interface": "PJSIP/1001",
        "MemberName": "PJSIP/1001",
        "Penalty": "1",
        "Paused": "false",
    }
    assert (second["Queue"], second["Penalty"]) == ("sales", "0")
    assert going == {"Action": "QueuePause", "Interface": "PJSIP/1001", "Paused": "false"}
    assert audited() == [("agent_logged_in", "agent:1001", {})]


def test_to_log_in_twice_is_no_fault(hotline, server):
    server.answers["QueueAdd"] = refused("Unable to add interface: Already there")
    assert duty.log_in(hotline, "1001").queues == {"advice": 1, "sales": 0}


def test_a_queue_asterisk_does_not_know_says_what_to_do(hotline, server):
    server.answers["QueueAdd"] = refused("Unable to add interface to queue: No such queue")
    with pytest.raises(Conflict, match="sansheng asterisk config"):
        duty.log_in(hotline, "1001")


def test_another_refusal_is_not_hidden(hotline, server, audited):
    server.answers["QueueAdd"] = refused("Permission denied")
    with pytest.raises(AmiRefused, match="Permission denied"):
        duty.log_in(hotline, "1001")
    assert audited() == []


def test_who_logs_out_leaves_also_the_queues_that_are_no_longer_his(hotline, server):
    member = "Event: QueueMember\r\nQueue: {queue}\r\nLocation: {interface}"
    server.answers["QueueStatus"] = [
        "Response: Success",
        member.format(queue="old", interface="PJSIP/1001"),
        member.format(queue="sales", interface="PJSIP/1001"),
        member.format(queue="sales", interface="PJSIP/10011"),
        "Event: QueueStatusComplete",
    ]
    duty.log_out(hotline, "1001")
    removed = [headers["Queue"] for headers in asked(server) if headers["Action"] == "QueueRemove"]
    assert removed == ["old", "sales"]


def test_a_pause_has_a_reason_that_the_reports_know(hotline, server, audited):
    duty.pause(hotline, "1001", "lunch")
    duty.resume(hotline, "1001")
    assert asked(server) == [
        {"Action": "QueuePause", "Interface": "PJSIP/1001", "Paused": "true", "Reason": "lunch"},
        {"Action": "QueuePause", "Interface": "PJSIP/1001", "Paused": "false"},
    ]
    assert audited()[0] == ("agent_paused", "agent:1001", {"reason": "lunch"})
    with pytest.raises(BadInput, match="short_break, lunch"):
        duty.pause(hotline, "1001", "tired\r\nAction: Logoff")


def test_who_is_not_logged_in_cannot_pause(hotline, server):
    server.answers["QueuePause"] = refused("Interface not found")
    with pytest.raises(Conflict, match="agent 1001 is not logged in"):
        duty.pause(hotline, "1001", "lunch")


def test_a_stranger_an_interface_that_dials_out_and_no_asterisk(hotline, installation):
    with pytest.raises(NotFound, match="4711"):
        duty.log_in(hotline, "4711")
    with pytest.raises(Conflict, match="no telephone of this installation"):
        duty.log_in(hotline, "1002")
    with pytest.raises(MissingPart, match="SANSHENG_AMI_SECRET"):
        duty.log_in(installation, "1001")


@pytest.fixture
def on_a_call(hotline, clock):
    """Agent 1001 talks; the account of a supervisor and one of an inspector."""
    talking = LiveAgent(agent="PJSIP/1001", state="talking", since=clock.now(), call="1795319324.4")
    waiting = WaitingCaller(
        call="9.9", caller="138****8000", position=1, since=clock.now(), ringing=("PJSIP/2",)
    )
    paused = LiveAgent(agent="PJSIP/2", state="paused", since=clock.now(), reason="lunch")
    floor = LiveFloor(
        queues=(LiveQueue(name="sales", waiting=(waiting,), agents=("PJSIP/1001",)),),
        agents=(talking, paused),
    )
    with hotline.unit_of_work() as session:
        write_live(session, LiveState(floor=floor, heard_at=clock.now()))
        return {
            role: add_user(
                session,
                username=role.value,
                display_name=role.value,
                role=role,
                password="a long password",
                now=clock.now(),
            ).id
            for role in (Role.SUPERVISOR, Role.INSPECTOR)
        }


def test_a_supervisor_hears_the_call_silently_and_it_is_noted(hotline, server, on_a_call, audited):
    call = listen_in(hotline, on_a_call[Role.SUPERVISOR], "1001", phone="PJSIP/2001")
    assert call == "1795319324.4"
    (dialled,) = asked(server)
    assert (dialled["Channel"], dialled["Application"]) == ("PJSIP/2001", "ChanSpy")
    spied, options = dialled["Data"].split(",")
    assert spied == "PJSIP/1001-", "1001 and not 10011"
    assert not set("dwWBx") & set(options), "the listener cannot be heard"
    detail = {"agent": "1001", "phone": "PJSIP/2001"}
    assert audited() == [("live_listening_begun", "call:1795319324.4", detail)]


def test_nobody_else_hears_anything(hotline, server, on_a_call, audited):
    with pytest.raises(Forbidden):
        listen_in(hotline, on_a_call[Role.INSPECTOR], "1001", phone="PJSIP/2001")
    assert asked(server) == audited() == []


@pytest.mark.parametrize(
    "phone", ["PJSIP/13800138000@trunk", "Local/1@from-trunk", "PJSIP/1&PJSIP/2", "PJSIP/1\r\nX: y", "2001"]
)
def test_a_call_is_never_played_to_the_outside(hotline, server, on_a_call, phone):
    with pytest.raises(Conflict, match="no telephone of this installation"):
        listen_in(hotline, on_a_call[Role.SUPERVISOR], "1001", phone=phone)
    assert asked(server) == []


def test_a_telephone_that_is_not_picked_up_is_noted_too(hotline, server, on_a_call, audited):
    server.answers["Originate"] = refused("Originate failed")
    with pytest.raises(Conflict, match="not picked up"):
        listen_in(hotline, on_a_call[Role.SUPERVISOR], "1001", phone="PJSIP/2001")
    assert [action for action, *_ in audited()] == ["live_listening_begun", "live_listening_failed"]


def test_without_a_call_or_fresh_news_there_is_nothing_to_hear(hotline, on_a_call, clock):
    who = on_a_call[Role.SUPERVISOR]
    with pytest.raises(Conflict, match="which telephone"):
        listen_in(hotline, who, "1001")
    clock.at = clock.at.replace(hour=23)
    with pytest.raises(Conflict, match="not known just now"):
        listen_in(hotline, who, "1001", phone="PJSIP/2001")
    with hotline.unit_of_work() as session:
        write_live(session, LiveState(heard_at=clock.now()))
    with pytest.raises(Conflict, match="agent 1001 is on no call"):
        listen_in(hotline, who, "1001", phone="PJSIP/2001")


def run(command, installation, *arguments):
    result = CliRunner().invoke(command, arguments, obj=installation, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_the_commands_say_what_was_done(hotline, server, on_a_call):
    server.answers["QueueStatus"] = ["Response: Success", "Event: QueueStatusComplete"]
    assert "takes calls in advice, sales" in run(agent_command, hotline, "log-in", "1001")
    assert "is paused: lunch" in run(agent_command, hotline, "pause", "1001", "--reason", "lunch")
    assert "takes calls again" in run(agent_command, hotline, "resume", "1001")
    assert "is logged out" in run(agent_command, hotline, "log-out", "1001")
    listening = run(listen_command, hotline, "1001", "--as", "supervisor", "--phone", "PJSIP/2001")
    assert "listening in on call 1795319324.4" in listening
    with pytest.raises(NotFound, match="nobody"):
        run(listen_command, hotline, "1001", "--as", "nobody")


def test_the_floor_on_a_terminal(hotline, on_a_call, clock):
    shown = run(live_command, hotline)
    for words in ("0.0 s ago", "sales: 1 waiting", "138****8000", "→ PJSIP/2", "talking", "paused (lunch)"):
        assert words in shown
    assert '"stale": false' in run(live_command, hotline, "--json")


def test_before_anything_was_heard_that_is_what_is_said(installation):
    assert "is sansheng ivr running?" in run(live_command, installation)
