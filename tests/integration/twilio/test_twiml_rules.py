"""The judge of our documents knows what Twilio knows, and lets nothing else through."""

import pytest

from tests.integration.twilio.twiml_grammar import BadDocument, grammar
from tests.integration.twilio.twiml_rules import BEFORE_BRIDGE, WAIT, check_document

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
AT = 'action="https://hotline.example.com/twilio/flow/digits?s=1" method="POST"'
ASK = f'<Gather {AT} input="dtmf" numDigits="1" timeout="5" actionOnEmptyResult="true">%s</Gather>'
SAY = '<Say language="cmn-CN" voice="Polly.Zhiyu">您好</Say>'
DIAL = f'<Dial {AT} timeout="20" record="record-from-answer-dual">%s</Dial>'
QUEUE = '<Queue url="https://hotline.example.com/twilio/connecting" method="POST">support</Queue>'


def response(body):
    return f"{HEAD}<Response>{body}</Response>"


GOOD = [SAY, ASK % SAY, SAY + ASK % "", DIAL % QUEUE, SAY + "<Hangup/>", '<Reject reason="busy"/>', ""]

BAD = {
    "case of an element": SAY.replace("Say", "say"),
    "snake case": ASK.replace("numDigits", "num_digits") % SAY,
    "an element nobody knows": "<Shout>a</Shout>",
    "an attribute nobody knows": SAY.replace("<Say", '<Say loud="true"'),
    "a voice nobody knows": SAY.replace("Polly.Zhiyu", "Polly.Zhyiu"),
    "Gather's Mandarin in Say": SAY.replace("cmn-CN", "cmn-Hans-CN"),
    "Say's Mandarin in Gather": ASK.replace("input=", 'language="cmn-CN" input=') % SAY,
    "a verb inside a verb": ASK % (DIAL % QUEUE),
    "a noun outside its verb": '<Number method="POST">+8613900000000</Number>',
    "Python's True": ASK.replace('"true"', '"True"') % SAY,
    "a list with commas": ASK.replace('"dtmf"', '"dtmf,speech"') % SAY,
    "a list as Python writes it": ASK.replace('"dtmf"', "\"['dtmf']\"") % SAY,
    "no digit to wait for": ASK.replace('numDigits="1"', 'numDigits="0"') % SAY,
    "a fraction of a second": ASK.replace('timeout="5"', 'timeout="5.0"') % SAY,
    "a recording that does not exist": (DIAL % QUEUE).replace("answer-dual", "dual"),
    "a reason that does not exist": '<Reject reason="bored"/>',
    "Reject behind another": SAY + '<Reject reason="busy"/>',
    "unreachable": "<Hangup/>" + SAY,
    "unreachable behind a question": ASK % "" + SAY,
    "a question that falls off the end": ASK.replace('"true"', '"false"') % SAY,
    "a question that asks itself": (ASK % SAY).replace(AT, ""),
    "a message that asks itself": '<Record maxLength="60" timeout="5"/>',
    "GET": (ASK % SAY).replace("POST", "GET"),
    "an address of somebody else": (ASK % SAY).replace("hotline.example", "hotline2.example"),
    "a number in an address": (ASK % SAY).replace("s=1", "from=13800138000"),
    "Dial to nobody": DIAL % "",
    "Dial for too short": (DIAL % QUEUE).replace('timeout="20"', 'timeout="4"'),
    "a queue's name too long": (DIAL % QUEUE).replace("support", "x" * 65),
    "a queue without a name": (DIAL % QUEUE).replace("support", ""),
    "text between verbs": "hello" + SAY,
    "an ampersand": "<Say>a & b</Say>",
    "a character XML does not know": "<Say>a\x08</Say>",
    "too long": SAY * 1500,
}


def test_the_grammar_is_whole():
    """As many voices and languages as Twilio's library lists for this version."""
    attributes = {name: grammar()[name].attributes for name in ("Say", "Gather")}
    counts = [len(attributes[n][a].pattern.split("|")) for n, a in (("Say", "voice"), ("Gather", "language"))]
    assert counts == [900, 130]
    assert {"Queue", "Number", "Sip", "Client", "Conference"} <= grammar()["Dial"].children.keys()


@pytest.mark.parametrize("body", GOOD)
def test_what_twilio_takes_passes(body):
    check_document(response(body))


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_twilio_refuses_or_makes_no_sense_does_not_pass(body):
    with pytest.raises(BadDocument):
        check_document(response(body))


@pytest.mark.parametrize(
    "text",
    [
        f"<Response>{SAY}</Response>",
        " " + response(SAY),
        response(SAY) + "<Response/>",
        HEAD + SAY,
        f"{HEAD}<response/>",
    ],
)
def test_a_document_has_a_declaration_first_and_one_root(text):
    with pytest.raises(BadDocument):
        check_document(text)


@pytest.mark.parametrize(
    ("context", "body"), [(WAIT, DIAL % QUEUE), (BEFORE_BRIDGE, ASK % SAY), (BEFORE_BRIDGE, "<Hangup/>")]
)
def test_a_queued_caller_is_not_given_what_twilio_does_not_do_there(context, body):
    check_document(response(body))
    with pytest.raises(BadDocument):
        check_document(response(body), context)
