"""What goes wrong on real calls: our server dies, is not there, is full; callers who mean harm."""

import re
from urllib.parse import quote

import pytest

from tests.asterisk.ledger import newest_id, rows, settled_call
from tests.asterisk.scene import LANGUAGE, MENU, answers, visit
from tests.asterisk.sipp import Agent, Caller
from tests.waiting import wait_until

pytestmark = pytest.mark.asterisk


def test_our_server_is_killed_while_it_speaks(telephony, stage, before, caller_sends, agent_voice):
    telephony.asterisk.log_in("consulting", "1001")
    agent = stage.agent("1001", answers(agent_voice))
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE)).is_hung_up_on())
    wait_until(lambda: [c for c in rows(telephony, after=before) if "hours:open" in c["path"]], "the menu")
    telephony.ivr.kill()
    telephony.ivr.wait()
    telephony.start_ivr()
    agent.ends()
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["visits"] == [visit("consulting", "answered", "1001", "agent", [("1001", "answered")])]
    assert call["outcome"] == "answered"
    assert call["path"][-1] == "end:failed"


def test_our_server_is_restarted_during_the_conversation(telephony, stage, before, caller_sends, agent_voice):
    """The call goes on where it was: the new process asks for the rating."""
    log = telephony.asterisk.queue_log
    earlier = len(log.read_text()) if log.exists() else 0
    telephony.asterisk.log_in("consulting", "1001")
    agent = stage.agent("1001", answers(agent_voice, talks_s=8))
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU, (22, "1"))).is_hung_up_on())
    wait_until(lambda: log.exists() and "|CONNECT|" in log.read_text()[earlier:], "the conversation")
    telephony.ivr.kill()
    telephony.ivr.wait()
    telephony.start_ivr()
    agent.ends()
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["score"] == 5
    assert call["path"][-1] == "end:completed"


def test_nobody_is_there_to_speak(telephony, stage, before, caller_sends, agent_voice):
    """The caller reaches a person, also after pressing a key of which nobody can say what it means."""
    telephony.stop_ivr()
    log = telephony.asterisk.queue_log
    earlier = len(log.read_text()) if log.exists() else 0
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE)).is_hung_up_on())
    wait_until(lambda: log.exists() and "EXITWITHKEY" in log.read_text()[earlier:], "the key")
    telephony.asterisk.log_in("consulting", "1001")
    agent = stage.agent("1001", answers(agent_voice))
    agent.ends()
    caller.ends()
    (call,) = rows(telephony, after=before)
    assert call["visits"] == [
        visit("consulting", "key"),
        visit("consulting", "answered", "1001", "agent", [("1001", "answered")]),
    ]


def test_our_server_is_down_when_the_call_ends(telephony, stage, before, caller_sends, agent_voice):
    """Back again, it finds that Asterisk has the call no more, and closes it: nothing is open for hours."""
    log = telephony.asterisk.queue_log
    earlier = len(log.read_text()) if log.exists() else 0
    telephony.asterisk.log_in("consulting", "1001")
    agent = stage.agent("1001", answers(agent_voice))
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU)).is_hung_up_on())
    wait_until(lambda: log.exists() and "|CONNECT|" in log.read_text()[earlier:], "the conversation")
    telephony.ivr.kill()
    telephony.ivr.wait()
    agent.ends()
    caller.ends()
    (call,) = rows(telephony, after=before)
    assert call["outcome"] == "open"
    telephony.start_ivr()
    call = settled_call(telephony, after=before)
    assert (call["outcome"], call["path"][-1]) == ("answered", "consulting:next")
    assert call["visits"] == [visit("consulting", "answered", "1001", "agent", [("1001", "answered")])]


@pytest.fixture
def short_silence(telephony):
    """A trunk that lets a caller of whom nothing is heard go after seconds, not two minutes."""
    path = telephony.asterisk.folder / "etc/pjsip.conf"
    written = path.read_text()
    path.write_text(written.replace("rtp_timeout = 120", "rtp_timeout = 3  "))
    assert path.read_text() != written
    telephony.asterisk.cli("module reload res_pjsip.so")
    yield
    path.write_text(written)
    telephony.asterisk.cli("module reload res_pjsip.so")


@pytest.mark.usefixtures("short_silence")
def test_a_callers_telephone_dies_in_the_queue(telephony, stage, before, caller_sends):
    """A ghost does not keep its place, nor ring an agent for nobody."""
    log = telephony.asterisk.queue_log
    earlier = len(log.read_text()) if log.exists() else 0
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU, voice_s=60)).is_hung_up_on())
    wait_until(lambda: log.exists() and "|ENTERQUEUE|" in log.read_text()[earlier:], "the queue")
    caller.stop()
    call = settled_call(telephony, after=before)
    assert call["outcome"] == "abandoned"
    assert call["visits"] == [visit("consulting", "abandoned", ended_by="caller")]


@pytest.mark.usefixtures("short_silence")
def test_a_callers_telephone_dies_in_the_conversation(telephony, stage, before, caller_sends, agent_voice):
    log = telephony.asterisk.queue_log
    earlier = len(log.read_text()) if log.exists() else 0
    telephony.asterisk.log_in("consulting", "1001")
    agent = stage.agent("1001", Agent().rings(1).answers().plays(agent_voice).is_hung_up_on())
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU, voice_s=60)).is_hung_up_on())
    wait_until(lambda: log.exists() and "|CONNECT|" in log.read_text()[earlier:], "the conversation")
    caller.stop()
    agent.ends()
    call = settled_call(telephony, after=before)
    assert call["visits"] == [visit("consulting", "answered", "1001", "caller", [("1001", "answered")])]
    assert call["outcome"] == "answered"


@pytest.mark.parametrize(
    "name",
    [
        "${SYSTEM(touch sansheng-attack)}",
        '\\" <sip:x@y> \\"HANGUP',
        "x" * 3000,
        b"\xff\xfe\xd6\xd0".decode("latin-1"),
        "王敏; rm -rf /",
        "a%0aHANGUP%0d%0a",
    ],
    ids=["dial plan", "quotes", "long", "not text", "shell", "line feed"],
)
def test_a_callers_name_does_nothing(telephony, stage, before, caller_sends, name, tmp_path):
    encoding = "latin-1" if "\xff" in name else "utf-8"
    caller = stage.call(
        Caller(name=name).answered().plays(caller_sends(LANGUAGE)).waits(5).hangs_up(), encoding=encoding
    )
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["path"][-1] == "end:hung_up"
    assert call["caller"] == "13800138000"
    assert not list(telephony.folder.parent.rglob("sansheng-attack"))


HARM = {
    "dial plan": "${SYSTEM(touch sansheng-attack)}",
    "line feed": '\\"%0aHANGUP%0a',
    "page": "<script>alert(1)</script>",
    "not text": b"\xd6\xd0\xb9\xfa\xff".decode("latin-1"),
}


@pytest.mark.parametrize("trusted", [True, False], ids=["asserted", "from"])
@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_nothing_that_a_caller_controls_does_anything(
    telephony, stage, before, caller_sends, lead, harm, trusted
):
    """Names, number, the number dialled, headers, Call-ID and all sixteen keys at once: a call like any other."""
    in_address = quote(harm, safe="", encoding="latin-1" if harm == HARM["not text"] else "utf-8")
    headers = {
        "Diversion": f'"{harm}" <sip:{in_address}@127.0.0.1>;reason="{harm}"',
        "User-Agent": harm,
        "Subject": harm,
        "X-Sansheng": harm,
    }
    if trusted:
        headers["P-Asserted-Identity"] = f'"{harm}" <sip:13800138000@127.0.0.1>'
    caller = Caller(
        "13800138000" if trusted else f"138{in_address}",
        harm,
        headers=headers,
        call_id=re.sub(r"[^\w${}().<>%-]", "-", harm, flags=re.ASCII),
    )
    keys = caller_sends((0, "1"), (2, "ABCD*#0"))
    dialled = f"4008001234{in_address},1"
    stage.call(caller.answered().plays(keys).waits(8).hangs_up(), number=dialled, encoding="latin-1").ends()
    call = settled_call(telephony, after=before)
    assert call["path"][0] == "start:"
    assert call["path"][-1].startswith("end:")
    assert call["dialled"].startswith("4008001234")
    assert set(call["dialled"]) <= set("0123456789")
    assert not list(telephony.folder.parent.rglob("sansheng-attack"))
    listed = lead.get("/calls").text
    page = lead.get(f"/calls/{newest_id(telephony)}")
    assert page.status_code == 200
    assert harm not in listed + page.text
    assert telephony.ivr.poll() is None


def test_a_name_of_four_thousand_letters_loses_no_call(telephony, stage, before, caller_sends):
    caller = Caller(name="x" * 4096).answered().plays(caller_sends(LANGUAGE)).waits(5).hangs_up()
    stage.call(caller).ends()
    assert settled_call(telephony, after=before)["path"][-1] == "end:hung_up"
