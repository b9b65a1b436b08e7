"""The scripted caller of the virtual Twilio on the FastAGI driver: Asterisk's side of the wire, and its dial plan."""

import wave

from ivr.asterisk.agi import Channel
from ivr.asterisk.driver import Hotline, serve_call
from tests.integration.twilio.virtual_legs import HANG_UP
from tests.integration.twilio.virtual_twilio import NUMBER
from tests.unit.ivr.asterisk.wire import ENVIRONMENT, fake_asterisk

AGENT = "PJSIP/1001"


class Telephone:
    """Answers AGI commands as the channel of a scripted caller does, who answers each question once."""

    def __init__(self, caller, carried=""):
        self.caller, self.carried = caller, carried
        self.keys, self.gone = None, False

    def __call__(self, command):
        if command.startswith("GET VARIABLE"):
            return f"200 result=1 ({self.carried})\n".encode()
        if command.startswith("SET VARIABLE"):
            return b"200 result=1\n"
        if command.startswith("WAIT FOR DIGIT"):
            return self._said(self._key())
        self.keys = None  # something is said: what follows is another question
        if command.startswith("RECORD FILE") and not self.gone:
            self._record(command)
        return self._said(0)

    def _said(self, result):
        if self.gone:
            return b"HANGUP\n511 Command Not Permitted on a dead channel\n"
        return f"200 result={result}\n".encode()

    def _key(self):
        if self.keys is None and not self.gone:
            self.keys = self.caller.next_keys()
            self.gone = self.keys == HANG_UP
        pressed, self.keys = (self.keys or "")[:1], (self.keys or "")[1:]
        return ord(pressed) if pressed else 0

    def _record(self, command):
        seconds = self.caller.next_message()
        if seconds:
            with wave.open(command.split('"')[1] + ".wav", "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                file.writeframes(bytes(int(8000 * 2 * seconds)))
            self.gone = True


def call_on_asterisk(flow, caller, clock, spool, name):
    """Take a call from its first visit to its last; returns the steps that were told."""
    notes = []
    hotline = Hotline(flow=flow, spool=spool, clock=clock, tell=notes.append)
    variables = _visit(hotline, name, caller, "begin")
    while variables.get("SANSHENG_VERDICT") == "queue":
        script, arguments = _leave_queue(caller.next_queue())
        variables = _visit(hotline, name, caller, script, arguments, variables["SANSHENG_CARRIED"])
        if script == "gone":
            break
    return [step for note in notes for step in note.steps]


def _visit(hotline, name, caller, script, arguments=(), carried=""):
    environment = {
        **ENVIRONMENT,
        "agi_uniqueid": f"1795319643.{name}",
        "agi_network_script": script,
        "agi_callerid": "unknown" if caller.number == "+266696687" else caller.number,
        "agi_extension": NUMBER,
        **{f"agi_arg_{n}": value for n, value in enumerate(arguments, start=1)},
    }
    with fake_asterisk(Telephone(caller, carried), environment) as asterisk:
        serve_call(Channel(asterisk.ours), hotline)
    return asterisk.variables()


def _leave_queue(plan):
    """Return which script the dial plan calls after a queue, and with what."""
    if plan.outcome == "bridged":
        return ("gone" if plan.ended_by == "caller" else "queued"), ("", "", AGENT, "7")
    if plan.outcome == "abandoned":
        return "gone", ("", "", "", "")
    return "queued", (("", "1", "", "") if plan.outcome == "callback" else ("TIMEOUT", "", "", ""))
