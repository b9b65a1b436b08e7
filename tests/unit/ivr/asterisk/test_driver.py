"""The driver on a channel: what is played, what is asked, which verdict the dial plan gets, what the ledger is told."""

from datetime import timedelta

import pytest

from ivr.asterisk.agi import Channel
from ivr.asterisk.carried import Carried
from ivr.asterisk.driver import LAST_STEP, Hotline, serve_call
from ivr.callers.lists import UNLISTED, Standing
from ivr.flow.check import load_flow, shipped_flow
from tests.unit.ivr.asterisk.wire import ENVIRONMENT, fake_asterisk

FLOW = """
flow: small
version: 1
languages: [zh]
settings: {zone: Asia/Shanghai, noinput: [help], nomatch: [help], attempts: 2, timeout_s: 5}
prompts:
  hello: {zh: 您好}
  recorded: {zh: 本次通话将会录音}
  menu: {zh: 人工服务请按 1}
  help: {zh: 请按键}
  number: {zh: 请输入号码}
  message: {zh: 请留言}
  bye: {zh: 再见}
start: consent
error: bye
nodes:
  consent: {kind: consent, say: recorded, then: menu}
  menu:
    kind: menu
    say: [hello, menu]
    choices: {"1": people, "2": number, "3": message, "4": outside}
    then: {exhausted: people}
  number: {kind: collect, say: number, into: account, min_digits: 3, max_digits: 6, finish_key: "#", then: {ok: people, exhausted: people}}
  message: {kind: voicemail, say: message, queue: people, then: bye}
  outside: {kind: transfer, target: "01012345678", then: bye}
  people: {kind: queue, queue: people, callback_key: "1", priority: 3, then: {bridged: bye, timeout: bye, full: bye, error: bye, callback: bye}}
  bye: {kind: hangup, say: bye}
"""


@pytest.fixture
def notes():
    return []


@pytest.fixture
def hotline(notes, clock, tmp_path):
    return Hotline(flow=load_flow(FLOW), spool=tmp_path, clock=clock, tell=notes.append)


class Caller:
    """Answers as Asterisk does for a caller who presses these keys; `hangs_up_at`: the command that finds them gone."""

    def __init__(self, keys="", hangs_up_at=None, variables=None):
        self.keys = list(keys)
        self.hangs_up_at = hangs_up_at
        self.variables = variables or {}
        self.gone = False

    def __call__(self, command):
        if self.hangs_up_at and command.startswith(self.hangs_up_at):
            self.gone = True
        if self.gone and not command.startswith(("SET VARIABLE", "GET VARIABLE")):
            return b"HANGUP\n511 Command Not Permitted on a dead channel\n"
        if command.startswith("GET VARIABLE"):
            value = self.variables.get(command.split('"')[1], "")
            return f"200 result=1 ({value})\n".encode()
        if command.startswith("WAIT FOR DIGIT"):
            return f"200 result={ord(self.keys.pop(0)) if self.keys else 0}\n".encode()
        return b"200 result=0\n"


def run(hotline, caller, **environment):
    with fake_asterisk(caller, ENVIRONMENT | environment) as asterisk:
        serve_call(Channel(asterisk.ours), hotline)
    return asterisk


def path(notes):
    return [f"{step.kind}:{step.fields.get('outcome', '')}" for note in notes for step in note.steps]


def test_a_caller_is_told_asked_and_queued(hotline, notes):
    asterisk = run(hotline, Caller("1"))
    commands = [command.split(" ")[0] for command in asterisk.said]
    assert commands[:2] == ["ANSWER", "SET"]
    played = [command.split('"')[1] for command in asterisk.said if command.startswith("STREAM FILE")]
    assert played == ["sansheng/recorded", "sansheng/hello", "sansheng/menu"]
    variables = asterisk.variables()
    assert variables["SANSHENG_QUEUE"] == "people"
    assert variables["QUEUE_PRIO"] == "3"
    assert asterisk.said[-1] == 'SET VARIABLE "SANSHENG_VERDICT" "queue"'
    assert path(notes) == ["start:", "consent:accepted", "menu:1"]
    assert {note.caller for note in notes} == {"13800138000"}


def test_recording_begins_after_the_notice_and_not_before(hotline):
    said = run(hotline, Caller("1")).said
    recorder = next(i for i, command in enumerate(said) if "MixMonitor" in command)
    assert said[recorder - 1].startswith('STREAM FILE "sansheng/recorded"')
    assert "1795319643.0-rx.wav" in said[recorder]


def test_a_recorder_that_does_not_start_costs_nobody_the_call(hotline):
    caller = Caller("1")
    asterisk = run(
        hotline, lambda command: b"200 result=-2\n" if "MixMonitor" in command else caller(command)
    )
    assert asterisk.variables()["SANSHENG_VERDICT"] == "queue"


def test_a_missing_prompt_is_left_out_and_the_call_goes_on(hotline, capsys):
    caller = Caller("1")

    def answer(command):
        return b"200 result=-1 endpos=0\n" if "sansheng/recorded" in command else caller(command)

    assert run(hotline, answer).variables()["SANSHENG_VERDICT"] == "queue"


def test_keys_pressed_while_it_is_spoken_count(hotline):
    caller = Caller()

    def answer(command):
        return b"200 result=49 endpos=800\n" if "sansheng/hello" in command else caller(command)

    asterisk = run(hotline, answer)
    assert not any("sansheng/menu" in command for command in asterisk.said)
    assert asterisk.variables()["SANSHENG_VERDICT"] == "queue"


def test_silence_is_asked_again_and_then_served_by_a_person(hotline, notes):
    asterisk = run(hotline, Caller())
    assert sum("sansheng/menu" in command for command in asterisk.said) == 2
    assert path(notes)[-1] == "menu:exhausted"


def test_digits_end_with_the_finish_key_and_go_nowhere_else(hotline, notes, capfd):
    asterisk = run(hotline, Caller("2" + "4711#"))
    assert path(notes)[-1] == "collect:ok"
    assert "4711" not in repr(notes) + "".join(capfd.readouterr())
    packed = asterisk.variables()["SANSHENG_CARRIED"]
    assert Carried.unpack(packed).state.variables["account"] == "4711"
    assert all("4711" not in command for command in asterisk.said)


def test_the_call_goes_on_after_the_conversation(hotline, notes, clock):
    packed = run(hotline, Caller("1")).variables()["SANSHENG_CARRIED"]
    clock.at += timedelta(seconds=90)
    back = {
        "agi_network_script": "queued",
        "agi_arg_1": "",
        "agi_arg_2": "",
        "agi_arg_3": "PJSIP/1001",
        "agi_arg_4": "20",
    }
    asterisk = run(hotline, Caller(variables={"SANSHENG_CARRIED": packed}), **back)
    assert path(notes)[-3:] == ["queue:bridged", "hangup:completed", "end:completed"]
    assert asterisk.variables()["SANSHENG_VERDICT"] == "hangup"
    assert asterisk.variables()["SANSHENG_CARRIED"] == ""
    assert "ANSWER" not in asterisk.said
    numbers = [step.number for note in notes for step in note.steps]
    assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize(
    ("arguments", "step"),
    [
        (("TIMEOUT", "", "", ""), "queue:timeout"),
        (("FULL", "", "", ""), "queue:full"),
        (("JOINEMPTY", "", "", ""), "queue:full"),
        (("", "1", "", ""), "queue:callback"),
        (("CONTINUE", "", "PJSIP/1002", "7"), "queue:bridged"),
        (("", "", "", ""), "queue:error"),
    ],
)
def test_what_the_queue_says_is_what_the_flow_hears(hotline, notes, arguments, step):
    packed = run(hotline, Caller("1")).variables()["SANSHENG_CARRIED"]
    told = {f"agi_arg_{n}": value for n, value in enumerate(arguments, start=1)}
    run(hotline, Caller(variables={"SANSHENG_CARRIED": packed}), agi_network_script="queued", **told)
    assert step in path(notes)


def test_a_transfer_is_dialled_by_the_dial_plan(hotline, notes):
    asterisk = run(hotline, Caller("4"))
    assert asterisk.variables()["SANSHENG_TARGET"] == "PJSIP/01012345678@trunk"
    packed = asterisk.variables()["SANSHENG_CARRIED"]
    back = {"agi_network_script": "dialled", "agi_arg_1": "BUSY", "agi_arg_2": ""}
    run(hotline, Caller(variables={"SANSHENG_CARRIED": packed}), **back)
    assert "transfer:busy" in path(notes)


@pytest.mark.parametrize("command", ["ANSWER", "STREAM FILE", "WAIT FOR DIGIT"])
def test_a_caller_who_hangs_up_with_us_is_told_once(hotline, notes, command):
    asterisk = run(hotline, Caller(hangs_up_at=command))
    assert path(notes)[-1] == "end:hung_up"
    assert "SANSHENG_VERDICT" not in asterisk.variables()


@pytest.mark.parametrize(("agent", "end"), [("", "end:abandoned"), ("PJSIP/1001", "end:completed")])
def test_a_caller_who_hangs_up_with_the_dial_plan_is_told_by_it(hotline, notes, agent, end):
    packed = run(hotline, Caller("1")).variables()["SANSHENG_CARRIED"]
    gone = {
        "agi_network_script": "gone",
        "agi_arg_1": "",
        "agi_arg_2": "",
        "agi_arg_3": agent,
        "agi_arg_4": "4",
    }
    run(hotline, Caller(hangs_up_at="ANSWER", variables={"SANSHENG_CARRIED": packed}), **gone)
    assert path(notes)[-1] == end


def test_a_call_that_we_failed_is_closed_by_the_dial_plan(hotline, notes):
    gone = {"agi_network_script": "gone", "agi_arg_5": "failed"}
    run(hotline, Caller(), **gone)
    assert [(step.number, step.kind) for note in notes for step in note.steps] == [(LAST_STEP, "end")]


def test_a_message_ended_by_hanging_up_is_a_message(hotline, notes, tmp_path):
    import wave

    caller = Caller("3", hangs_up_at="RECORD FILE")

    def answer(command):
        if command.startswith("RECORD FILE"):
            with wave.open(command.split('"')[1] + ".wav", "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                file.writeframes(bytes(8000 * 2 * 5))
        return caller(command)

    run(hotline, answer)
    assert "voicemail:done" in path(notes)
    assert (tmp_path / "voicemail_1795319643.0.closed").exists()


def test_no_message_leaves_no_note(hotline, notes, tmp_path):
    run(hotline, Caller("3", hangs_up_at="RECORD FILE"))
    assert "voicemail:empty" in path(notes)
    assert list(tmp_path.iterdir()) == []


def test_a_refused_call_is_never_answered(clock, notes, tmp_path):
    document = "flow: shut\nlanguages: [zh]\nprompts: {}\nstart: shut\nnodes:\n  shut: {kind: hangup, reject: busy, outcome: shut}\n"
    hotline = Hotline(flow=load_flow(document), spool=tmp_path, clock=clock, tell=notes.append)
    assert run(hotline, Caller()).said == ['SET VARIABLE "SANSHENG_VERDICT" "busy"']


def test_what_a_caller_is_to_us_comes_from_the_lists(clock, notes, tmp_path):
    known = {"13800138000": Standing(blocked=True), "13900139000": Standing(vip=True)}
    asked = []

    def standing(number, at):
        asked.append((number, at))
        return known.get(number, UNLISTED)

    hotline = Hotline(flow=shipped_flow(), spool=tmp_path, clock=clock, tell=notes.append, standing=standing)
    clock.at = clock.at.replace(hour=2)
    assert run(hotline, Caller()).said == ['SET VARIABLE "SANSHENG_VERDICT" "rejected"']
    assert path(notes)[-2:] == ["hangup:blocked", "end:blocked"]
    important = run(hotline, Caller("11"), agi_callerid="+8613900139000")
    assert important.variables()["QUEUE_PRIO"] == "10"
    assert run(hotline, Caller("11"), agi_callerid="unknown").variables()["QUEUE_PRIO"] == "0"
    assert asked == [(number, clock.at) for number in ("13800138000", "13900139000", "")]


def test_a_caller_enters_the_queue_in_the_language_that_announces_the_wait(clock, notes, tmp_path):
    hotline = Hotline(
        flow=shipped_flow(),
        spool=tmp_path,
        clock=clock,
        tell=notes.append,
        entrance=lambda enqueue, _at: f"{enqueue.language}_wait_2_4",
    )
    clock.at = clock.at.replace(hour=2)
    variables = run(hotline, Caller("11")).variables()
    assert variables["CHANNEL(language)"] == "zh_wait_2_4"
    back = Caller("5", variables={"SANSHENG_CARRIED": variables["SANSHENG_CARRIED"]})
    said = run(
        hotline,
        back,
        agi_network_script="queued",
        agi_arg_1="",
        agi_arg_2="",
        agi_arg_3="PJSIP/1001",
        agi_arg_4="9",
    ).said
    assert said.index('SET VARIABLE "CHANNEL(language)" "zh"') < next(
        place for place, command in enumerate(said) if "sansheng/rate_us" in command
    )


@pytest.mark.parametrize("name", ['"\\nHANGUP', "${SYSTEM(id)}", "x" * 4096, "王敏", "\ufffd"])
def test_a_callers_name_goes_nowhere(hotline, name, notes):
    asterisk = run(hotline, Caller("1"), agi_calleridname=name, agi_callerid=name)
    assert asterisk.variables()["SANSHENG_VERDICT"] == "queue"
    assert all(name not in command for command in asterisk.said)


def test_the_shipped_flow_speaks_and_queues(clock, notes, tmp_path):
    hotline = Hotline(flow=shipped_flow(), spool=tmp_path, clock=clock, tell=notes.append)
    clock.at = clock.at.replace(hour=2)  # ten in the morning in Shanghai, a Friday
    asterisk = run(hotline, Caller("11"))
    assert asterisk.variables()["SANSHENG_QUEUE"] == "consulting"
