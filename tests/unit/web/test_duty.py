"""The duty page: agents steer themselves, supervisors everybody; callers are not left alone by mistake."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from core.audit import AuditEntry
from ivr.live import LiveAgent, LiveFloor, LiveQueue, LiveState, WaitingCaller, write_live
from ivr.twilio.models import TwilioAgent
from tests.unit.ivr.asterisk.ami_server import AmiServer
from web.app import create_app

DONE = "Response: Success\r\nMessage: done"


@pytest.fixture
def server():
    opened = AmiServer()
    opened.answers |= dict.fromkeys(("QueueAdd", "QueueRemove", "QueuePause", "Originate"), DONE)
    opened.answers["QueueStatus"] = [
        "Response: Success",
        "Event: QueueMember\r\nQueue: consulting\r\nLocation: PJSIP/1001",
        "Event: QueueStatusComplete",
    ]
    yield opened
    opened.close()


@pytest.fixture
def app(installation, server):
    settings = installation.settings.model_copy(update={"ami": server.settings()})
    made = create_app(replace(installation, settings=settings))
    made.config["WTF_CSRF_ENABLED"] = False
    return made


@pytest.fixture
def floor(installation, staff, clock):
    """Say what the agents do, and how many callers wait; nobody: logged out."""

    def write(waiting=0, **doing):
        agents = tuple(
            LiveAgent(agent=f"PJSIP/{code[1:]}", state=state, since=clock.now(), call="7.7")
            for code, state in doing.items()
        )
        callers = tuple(
            WaitingCaller(call=f"9.{n}", caller="138****8000", position=n, since=clock.now())
            for n in range(waiting)
        )
        queues = (LiveQueue(name="consulting", waiting=callers),)
        with installation.unit_of_work() as session:
            write_live(
                session, LiveState(floor=LiveFloor(queues=queues, agents=agents), heard_at=clock.now())
            )

    return write


@pytest.fixture
def own(staff):
    return f"/duty/{staff.agent_row.id}"


@pytest.fixture
def audited(installation):
    def entries():
        with installation.unit_of_work(read_only=True) as session:
            return [(e.action, e.subject, e.user_id, e.detail) for e in session.scalars(select(AuditEntry))]

    return entries


def asked(server):
    found = []
    while not server.asked.empty():
        headers = server.asked.get()
        if headers["Action"] not in {"Challenge", "Login"}:
            found.append(headers["Action"])
    return found


def test_an_agent_comes_pauses_goes_on_and_leaves(browser_of, floor, own, server, staff, audited):
    client = browser_of("agent")
    assert client.get("/duty").location == own
    floor()
    page = client.get(own).text
    assert "Off duty" in page
    assert 'value="log_in"' in page
    assert client.post(own, data={"act": "log_in"}).location == f"{own}?told=log_in"
    floor(_1001="ready", _1002="ready")
    page = client.get(f"{own}?told=log_in").text
    assert "On duty: calls may come." in page
    assert 'value="lunch"' in page
    client.post(own, data={"act": "pause", "reason": "lunch"})
    floor(_1001="paused", _1002="ready")
    assert 'value="resume"' in client.get(own).text
    client.post(own, data={"act": "resume"})
    client.post(own, data={"act": "log_out"})
    assert asked(server) == [
        "QueueAdd",
        "QueuePause",
        "QueuePause",
        "QueuePause",
        "QueueStatus",
        "QueueRemove",
    ]
    assert audited() == [
        ("agent_logged_in", "agent:1001", staff.agent.id, {}),
        ("agent_paused", "agent:1001", staff.agent.id, {"reason": "lunch"}),
        ("agent_resumed", "agent:1001", staff.agent.id, {}),
        ("agent_logged_out", "agent:1001", staff.agent.id, {}),
    ]


def test_a_pause_has_one_of_the_reasons_there_are(browser_of, floor, own, server):
    floor(_1001="ready")
    answer = browser_of("agent").post(own, data={"act": "pause", "reason": "bored"})
    assert answer.status_code == 400
    assert "Choose the reason for the pause." in answer.text
    assert asked(server) == []


def test_the_last_agent_does_not_leave_callers_waiting_but_a_supervisor_may_decide_so(
    browser_of, floor, own, server, audited
):
    floor(waiting=2, _1001="ready", _1002="paused")
    client = browser_of("agent")
    assert "stays until the relief is in" in client.get(own).text
    for data in ({"act": "log_out"}, {"act": "log_out", "anyway": "yes"}):
        refused = client.post(own, data=data)
        assert refused.status_code == 409
        assert "Callers wait in consulting and nobody else is there" in refused.text
    assert asked(server) == audited() == []
    boss = browser_of("supervisor")
    assert boss.post(own, data={"act": "log_out"}).status_code == 409
    assert "Send off duty all the same" in boss.get(own).text
    assert boss.post(own, data={"act": "log_out", "anyway": "yes"}).status_code == 303
    assert asked(server) == ["QueueStatus", "QueueRemove"]


def test_with_the_relief_in_or_nobody_waiting_an_agent_leaves(browser_of, floor, own):
    client = browser_of("agent")
    floor(waiting=2, _1001="ready", _1002="talking")
    assert client.post(own, data={"act": "log_out"}).status_code == 303
    floor(_1001="ready")
    assert "Nobody else takes calls in: Consulting" in client.get(own).text
    assert client.post(own, data={"act": "log_out"}).status_code == 303


def test_an_agent_steers_nobody_else_and_an_inspector_nobody_at_all(browser_of, floor, staff, server):
    other = f"/duty/{staff.other_agent.id}"
    floor(_1002="ready")
    assert browser_of("agent").get(other).status_code == 404
    assert browser_of("agent").post(other, data={"act": "pause", "reason": "lunch"}).status_code == 404
    inspector = browser_of("inspector")
    assert "act-log-out" not in inspector.get(other).text
    assert inspector.post(other, data={"act": "log_out"}).status_code == 403
    assert browser_of("supervisor").post(other, data={"act": "fly"}).status_code == 404
    assert asked(server) == []


def test_a_supervisor_listens_in_after_reading_what_happens(browser_of, floor, own, server, staff, audited):
    client = browser_of("supervisor")
    floor(_1001="ready")
    assert "Listen in</button>" not in client.get(own).text
    floor(_1001="talking")
    page = client.get(own).text
    assert "neither hears you" in page
    assert client.post(f"{own}/listen", data={"phone": "2001"}).location == f"{own}?told=listening"
    assert asked(server) == ["Originate"]
    detail = {"agent": "1001", "phone": "PJSIP/2001"}
    assert audited() == [("live_listening_begun", "call:7.7", staff.supervisor.id, detail)]
    assert 'value="2001"' in client.get(own).text
    server.answers["Originate"] = "Response: Error\r\nMessage: Originate failed"
    failed = client.post(f"{own}/listen", data={"phone": "2001"})
    assert failed.status_code == 409
    assert "PJSIP/2001 was not picked up" in failed.text
    hostile = client.post(f"{own}/listen", data={"phone": "13800138000@trunk"})
    assert "no telephone of this installation" in hostile.text
    assert browser_of("inspector").post(f"{own}/listen", data={"phone": "2001"}).status_code == 403


def test_when_the_telephony_is_not_heard_the_page_says_so(browser_of, floor, own, clock, server):
    floor(_1001="ready")
    clock.at = clock.at.replace(hour=23)
    client = browser_of("agent")
    assert "The telephony is not heard" in client.get(own).text
    server.close()
    answer = client.post(own, data={"act": "log_in"})
    assert answer.status_code == 503
    assert "cannot be reached" in answer.text or "is lost" in answer.text


def test_an_agent_on_twilios_line_has_the_same_page(browser_of, installation, staff, own, clock, audited):
    def row():
        with installation.unit_of_work(read_only=True) as session:
            return session.get(TwilioAgent, staff.agent_row.id).state

    with installation.unit_of_work() as session:
        session.add(
            TwilioAgent(
                agent_id=staff.agent_row.id, address="+8613800138001", state="away", idle_since=clock.now()
            )
        )
    client = browser_of("agent")
    assert client.post(own, data={"act": "pause", "reason": "lunch"}).status_code == 409
    states = []
    for data in (
        {"act": "log_in"},
        {"act": "pause", "reason": "lunch"},
        {"act": "resume"},
        {"act": "log_out"},
    ):
        assert client.post(own, data=data).status_code == 303
        states.append(row())
    assert states == ["ready", "paused", "ready", "away"]
    assert [action for action, *_ in audited()] == [
        "agent_logged_in",
        "agent_paused",
        "agent_resumed",
        "agent_logged_out",
    ]


def test_supervisors_see_everybody_and_the_wall_leads_there(browser_of, floor, own, staff):
    floor(_1001="talking")
    client = browser_of("supervisor", "zh_CN")
    page = client.get("/duty").text
    assert "王敏" in page
    assert "通话" in page
    assert f'href="{own}"' in client.get("/wall/board").text
