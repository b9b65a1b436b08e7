"""Node kinds, one module each; `KINDS` maps the document's word to its class."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.flow.nodes.announce import Announce
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.branch import Branch
from ivr.flow.nodes.callback_offer import CallbackOffer
from ivr.flow.nodes.collect import Collect
from ivr.flow.nodes.confirm import Confirm
from ivr.flow.nodes.consent import Consent
from ivr.flow.nodes.hangup import Hangup
from ivr.flow.nodes.holiday import Holiday
from ivr.flow.nodes.hours import Hours
from ivr.flow.nodes.language import Language
from ivr.flow.nodes.lookup import Lookup
from ivr.flow.nodes.menu import Menu
from ivr.flow.nodes.queue import Queue
from ivr.flow.nodes.screen import Screen
from ivr.flow.nodes.set import Set
from ivr.flow.nodes.survey import Survey
from ivr.flow.nodes.transfer import Transfer
from ivr.flow.nodes.voicemail import Voicemail

KINDS: Mapping[str, type[Node]] = {
    node.kind: node
    for node in (
        Announce,
        Branch,
        CallbackOffer,
        Collect,
        Confirm,
        Consent,
        Hangup,
        Holiday,
        Hours,
        Language,
        Lookup,
        Menu,
        Queue,
        Screen,
        Set,
        Survey,
        Transfer,
        Voicemail,
    )
}
