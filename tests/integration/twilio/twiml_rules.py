"""What a TwiML document of a hotline may be: Twilio's grammar, the limits beside it, and sense.

Sense: verbs behind one that never returns are unreachable; a question or a recording without an action asks the same
document again, for ever; in a waitUrl and before a bridge only some verbs are allowed (voice/twiml/enqueue, /queue, /number).
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from tests.integration.twilio.twiml_grammar import BadDocument, check_grammar

WAIT, BEFORE_BRIDGE, CALLED_SIDE = "wait", "before the bridge", "the called side"
_ADDRESS = r"https://hotline\.example\.com/twilio/[a-z/]+(\?[a-z0-9=&]+)?(#rc=2&rp=ct,rt,5xx)?"
_POST = "POST"
_NARROWER = {
    # what the grammar only calls a text or a number: our own addresses, always POST, and the documented ranges
    "action": _ADDRESS,
    "url": _ADDRESS,
    "waitUrl": _ADDRESS,
    "recordingStatusCallback": _ADDRESS,
    "method": _POST,
    "waitUrlMethod": _POST,
    "recordingStatusCallbackMethod": _POST,
    "numDigits": "[1-9][0-9]?",
    "maxLength": "[1-9][0-9]{0,3}",
}
_NARROWER_IN = {
    "Gather": {"timeout": "[1-9][0-9]{0,2}", "finishOnKey": "[0-9*#]?"},
    "Dial": {"timeout": "[5-9]|[1-9][0-9]|[1-5][0-9][0-9]|600"},
    "Record": {"timeout": "[0-9]{1,2}", "finishOnKey": "[0-9*#]*"},
}
_ALLOWED = {
    WAIT: {"Play", "Say", "Pause", "Hangup", "Redirect", "Leave", "Gather"},
    BEFORE_BRIDGE: {"Play", "Say", "Pause", "Redirect"},
    CALLED_SIDE: {"Play", "Say", "Pause", "Redirect", "Gather", "Hangup"},
}
_NEVER_RETURNS = {"Hangup", "Reject", "Leave", "Enqueue", "Dial", "Record", "Redirect"}
_ASKS = {"Gather", "Record", "Enqueue", "Dial"}


def check_document(text: str, context: str = "") -> None:
    """Raise BadDocument for a document that is not allowed, in general or in its context."""
    _hold(text.startswith("<?xml"), "no declaration")
    _hold(len(text.encode()) < 64 * 1024, "longer than 64 kB")
    _hold("138001" not in re.sub(r"<Say[^>]*>[^<]*</Say>", "", text), "a telephone number outside of speech")
    try:
        root = ET.fromstring(text.encode())
    except ET.ParseError as error:
        raise BadDocument(str(error)) from None
    check_grammar(root)
    for number, element in enumerate(root):
        _hold(
            element.tag in _ALLOWED.get(context, {element.tag}), f"{element.tag} is not allowed in {context}"
        )
        _hold(element.tag != "Reject" or number == 0, "Reject is not first")
        _hold(number == len(root) - 1 or _returns(element), f"unreachable behind {element.tag}")
        _hold(element.tag != "Gather" or not _returns(element), "Gather falls off the end")
    for element in root.iter():
        _check_sense(element)


def _check_sense(element: ET.Element) -> None:
    narrower = _NARROWER | _NARROWER_IN.get(element.tag, {})
    for name, value in element.attrib.items():
        _hold(re.fullmatch(narrower.get(name, r"[^\0]*"), value), f"{element.tag} {name}={value}")
    _hold(element.tag not in _ASKS or "action" in element.attrib, f"{element.tag} without action")
    if element.tag in {"Enqueue", "Queue"}:
        _hold(1 <= len(element.text or "") <= 64, "queue name")
    if element.tag == "Dial":
        _hold(len(element) == 1, "Dial without one destination")
    if element.tag in {"Say", "Number", "Sip", "Play"}:
        _hold((element.text or "").strip(), f"{element.tag} of nothing")
    else:
        _hold(element.tag in {"Enqueue", "Queue"} or not element.text, f"text in {element.tag}")
    _hold(not (element.tail or "").strip(), f"text behind {element.tag}")


def _returns(element: ET.Element) -> bool:
    always_asks = element.tag == "Gather" and element.get("actionOnEmptyResult") == "true"
    return element.tag not in _NEVER_RETURNS and not always_asks


def _hold(condition: object, complaint: str) -> None:
    if not condition:
        raise BadDocument(complaint)
