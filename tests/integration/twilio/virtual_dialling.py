"""How the virtual Twilio dials a number or a SIP address for a caller: rings, whisper, bridge, and what is told of it.

Pages of the documentation behind it: voice/twiml/dial (timeout and the five seconds added, DialCallStatus,
DialBridged), voice/twiml/number and voice/twiml/sip (the url that is run on the called side before the bridge).
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tests.integration.twilio.twiml_rules import CALLED_SIDE

ADDED_S = 5.0


@dataclass(frozen=True)
class PartyPlan:
    """What becomes of somebody who is dialled.

    Outcomes: `answers`, `busy`, `failed`, `no-answer`, `given_up` (the caller hangs up while it rings).

    Attributes:
        key: pressed when the whisper asks; empty: a mailbox, which presses nothing.
        refused_as: how Twilio calls a party that answered and was not connected; its pages leave it open.
        told: the end of a dial that the caller gave up is told; its pages leave that open too.
    """

    outcome: str = "no-answer"
    after_s: float = 6.0
    key: str = "1"
    talk_s: float = 30.0
    ended_by: str = "party"
    refused_as: str = "completed"
    told: bool = True


class Dialling:
    """The verb Dial with a number or a SIP address; requests and time are `VirtualTwilio`'s."""

    def _dial_party(self, leg, element):
        (noun,) = element
        plan = leg.caller.next_party()
        party = self._leg("outbound-dial", noun.text, "CA")
        rings_s = min(plan.after_s, float(element.get("timeout", "30")) + ADDED_S)
        yield rings_s
        if plan.outcome == "given_up":
            return self._given_up(leg, element, party, plan)
        if plan.outcome != "answers" or plan.after_s > rings_s:
            status = plan.outcome if plan.outcome != "answers" else "no-answer"
            self._end(party, status)
            return self._post(element.get("action"), self._dialled(leg, party, status))
        party.status = "in-progress"
        accepted = yield from self._whispered(leg, party, noun, plan)
        if not accepted:
            self._end(party)
            told = self._dialled(leg, party, plan.refused_as) | {"DialBridged": "false"}
            return self._post(element.get("action"), told)
        return (yield from self._conversation(leg, element, party, plan))

    def _given_up(self, leg, element, party, plan):
        self._end(party, "canceled")
        told = self._dialled(leg, party, "canceled", leg_status="completed")
        if self.knobs.status_before_result:
            self._end(leg)
            if plan.told:
                self._at(self.now + 1.0, lambda: self._post(element.get("action"), told))
            return ""
        if plan.told:
            self._post(element.get("action"), told)
        self._end(leg)
        return ""

    def _whispered(self, leg, party, noun, plan):
        """Run the whisper on the called side; say whether the party is still there at its end."""
        url = noun.get("url")
        while url:
            params = self._party_params(leg, party)
            text = self._post(
                url, params | ({"Digits": plan.key} if url != noun.get("url") else {}), context=CALLED_SIDE
            )
            url = ""
            for verb in ET.fromstring(text.encode()):
                yield 1.0
                if verb.tag == "Hangup":
                    return False
                if verb.tag == "Gather":
                    yield float(verb.get("timeout", "5")) if not plan.key else 1.0
                    url = verb.get("action")
        return True

    def _conversation(self, leg, element, party, plan):
        begun = self.now
        on = leg if self.knobs.recording_on_caller else party
        on.recorded = bool(element.get("record"))
        yield plan.talk_s
        if on.recorded:
            on.recorded = False
            self._store(leg, element, plan.talk_s, begun, channels=2, source="DialVerb")
        gone = plan.ended_by == "caller"
        self._end(party)
        told = self._dialled(leg, party, "completed", leg_status="completed" if gone else "") | {
            "DialBridged": "true",
            "DialCallDuration": str(int(plan.talk_s)),
        }
        if gone and self.knobs.status_before_result:
            self._end(leg)
            self._at(self.now + 1.0, lambda: self._post(element.get("action"), told))
            return ""
        text = self._post(element.get("action"), told)
        if gone:
            self._end(leg)
            return ""
        return text

    def _dialled(self, leg, party, status, *, leg_status=""):
        told = {"DialCallStatus": status, "DialCallSid": party.sid, "DialCallDuration": "0"}
        return {**self._params(leg, leg_status), **told}

    def _party_params(self, leg, party):
        """The called side sees the caller's number, unless a callerId is given."""
        return {
            **self._params(party),
            "From": leg.party,
            "Caller": leg.party,
            "ParentCallSid": leg.sid,
        }
