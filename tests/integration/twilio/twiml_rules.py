"""What a TwiML document of a hotline may be: elements, attributes and values of Twilio's verbs, and sense.

Grammar: www.twilio.com/docs/voice/twiml and the page of each verb. Sense: verbs behind one that never returns are
unreachable, a question or a recording without an action asks the same document again, for ever.
"""

import re
from xml.etree import ElementTree as ET

WAIT = "wait"
ADDRESS = r"https://hotline\.example\.com/twilio/[a-z/]+(\?[a-z0-9=&]+)?(#rc=2&rp=ct,rt,5xx)?"
METHOD = "POST"
RECORDED = {
    "recordingStatusCallback": ADDRESS,
    "recordingStatusCallbackMethod": METHOD,
    "recordingStatusCallbackEvent": "(in-progress|completed|absent)( (in-progress|completed|absent))*",
}
GRAMMAR = {
    "Say": {"language": "cmn-CN|en-US", "voice": "Polly.(Zhiyu|Joanna)"},
    "Play": {},
    "Hangup": {},
    "Leave": {},
    "Reject": {"reason": "busy|rejected"},
    "Gather": {
        "input": "dtmf",
        "numDigits": "[1-9][0-9]?",
        "finishOnKey": "[0-9*#]?",
        "timeout": "[1-9][0-9]{0,2}",
        "actionOnEmptyResult": "true|false",
        "action": ADDRESS,
        "method": METHOD,
    },
    "Record": {
        "action": ADDRESS,
        "method": METHOD,
        "maxLength": "[1-9][0-9]{0,3}",
        "timeout": "[0-9]{1,2}",
        "finishOnKey": "[0-9*#]*",
        "playBeep": "true|false",
        "trim": "trim-silence|do-not-trim",
        **RECORDED,
    },
    "Enqueue": {"action": ADDRESS, "method": METHOD, "waitUrl": ADDRESS, "waitUrlMethod": METHOD},
    "Dial": {
        "action": ADDRESS,
        "method": METHOD,
        "timeout": "[5-9]|[1-9][0-9]|[1-5][0-9][0-9]|600",
        "record": "record-from-answer-dual|do-not-record",
        **RECORDED,
    },
    "Queue": {"url": ADDRESS, "method": METHOD},
    "Number": {"url": ADDRESS, "method": METHOD},
    "Sip": {"url": ADDRESS, "method": METHOD},
}
INSIDE = {"Gather": {"Say", "Play"}, "Dial": {"Queue", "Number", "Sip"}}
TOP = set(GRAMMAR) - {"Queue", "Number", "Sip"}
NEVER_RETURNS = {"Hangup", "Reject", "Leave", "Enqueue", "Dial", "Record"}


class BadDocument(AssertionError):
    """A document Twilio would refuse, or that makes no sense."""


def check_document(text: str, context: str = "") -> None:
    """Raise BadDocument for a document that is not allowed (in a waitUrl: context `WAIT`)."""
    _hold(text.startswith("<?xml"), "no declaration")
    _hold(len(text.encode()) < 64 * 1024, "longer than 64 kB")
    _hold("138001" not in re.sub(r"<Say[^>]*>[^<]*</Say>", "", text), "a telephone number outside of speech")
    root = ET.fromstring(text.encode())
    _hold(root.tag == "Response" and not root.attrib, "root")
    allowed = {"Say", "Play", "Gather", "Leave", "Hangup"} if context == WAIT else TOP
    for number, element in enumerate(root):
        _hold(element.tag in allowed, f"{element.tag} is not allowed here")
        _check_element(element)
        _hold(element.tag != "Reject" or number == 0, "Reject is not first")
        last = number == len(root) - 1
        returns = element.tag not in NEVER_RETURNS and not _always_asks(element)
        _hold(last or returns, f"unreachable behind {element.tag}")
        _hold(element.tag != "Gather" or _always_asks(element), "Gather falls off the end")


def _check_element(element: ET.Element) -> None:
    known = GRAMMAR[element.tag]
    for name, value in element.attrib.items():
        _hold(name in known, f"{element.tag} has no {name}")
        _hold(re.fullmatch(known[name], value), f"{element.tag} {name}={value}")
    if element.tag in {"Gather", "Record", "Enqueue", "Dial"}:
        _hold("action" in element.attrib, f"{element.tag} without action")
    if element.tag in {"Enqueue", "Queue"}:
        _hold(1 <= len(element.text or "") <= 64, "queue name")
    if element.tag == "Dial":
        _hold(len(element) == 1, "Dial without one destination")
    for child in element:
        _hold(child.tag in INSIDE.get(element.tag, set()), f"{child.tag} in {element.tag}")
        _check_element(child)


def _always_asks(element: ET.Element) -> bool:
    return element.tag == "Gather" and element.get("actionOnEmptyResult") == "true"


def _hold(condition: object, complaint: str) -> None:
    if not condition:
        raise BadDocument(complaint)
