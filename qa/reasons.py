"""Why the machine answered as it did, as a sentence in the reader's language.

The ids are stored with every answer and never change their meaning; the sentences may be reworded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.i18n import N_
from core.i18n import gettext as _

REASONS: Final[dict[str, str]] = {
    # required phrases
    "phrase_heard": N_("“%(quote)s” was heard"),
    "phrase_missing": N_("“%(phrase)s”, or another accepted wording, was not heard"),
    "phrase_doubtful": N_("something like “%(phrase)s” was heard; please listen"),
    "bad_opening": N_("“%(quote)s” came before the greeting"),
    "opening_doubtful": N_("“%(quote)s” came before the greeting and sounds like a forbidden opening"),
    "not_first": N_("“%(quote)s” was said before the greeting"),
    "in_order": N_("the parts came in the right order"),
    "out_of_order": N_("the parts came in another order"),
    "too_few_parts": N_("fewer than two parts were said, so there is no order to judge"),
    "part_undecided": N_("one of the parts is not decided, so the order is not either"),
    # forbidden phrases
    "forbidden_absent": N_("none of the forbidden phrases was heard"),
    "forbidden_heard": N_("“%(quote)s” was heard; places found: %(count)s"),
    "forbidden_faint": N_("“%(quote)s” may have been said, but was recognised with little confidence"),
    "forbidden_doubtful": N_("something that sounds like “%(phrase)s” was heard; please listen"),
    "veto_found": N_("“%(quote)s” was found (places: %(count)s); a person must confirm it"),
    # time
    "rings_within": N_("picked up in ring %(rings)s (limit %(limit)s)"),
    "rings_tolerated": N_("picked up in ring %(rings)s, after ring %(limit)s but within the tolerance"),
    "rings_beyond": N_("picked up only in ring %(rings)s (limit %(limit)s)"),
    "rings_unknown": N_("the call log has no ring for this call"),
    "delay_within": N_("the agent spoke after %(delay)s s (limit %(limit)s s)"),
    "delay_beyond": N_("the agent spoke only after %(delay)s s (limit %(limit)s s)"),
    "bridge_unknown": N_(
        "the agent spoke %(delay)s s into the recording, but it is not known when the call was answered"
    ),
    "interruptions_within": N_("interruptions found: %(count)s (allowed %(allowed)s)"),
    "interruptions_beyond": N_("the agent interrupted the caller %(count)s times (allowed %(allowed)s)"),
    # waits
    "no_wait": N_("the caller did not have to wait"),
    "hold_announced": N_("every wait was announced with an apology or explanation; waits: %(count)s"),
    "hold_unannounced": N_("the caller waited %(length)s s from %(at)s s without having been asked to"),
    "hold_unexplained": N_(
        "the caller waited %(length)s s from %(at)s s; there was neither apology nor explanation"
    ),
    "hold_within": N_("the longest wait was %(longest)s s (limit %(limit)s s)"),
    "callback_offered": N_("the longest wait was %(longest)s s, and calling back was offered"),
    "hold_too_long": N_(
        "the caller waited %(longest)s s (limit %(limit)s s) and calling back was not offered"
    ),
    "no_dead_air": N_("nobody was silent for %(limit)s s without announcement"),
    "dead_air": N_("silence of %(limit)s s or more without announcement; places: %(count)s"),
    # why there is no verdict
    "no_agent": N_("a message was left: no agent spoke"),
    "roles_unknown": N_("it is not known who speaks on which track"),
    "track_missing": N_("a party this needs to hear was not recorded"),
    "language_unsupported": N_("no phrases for the language of this call (%(language)s)"),
    "not_configured": N_("the call's queue or agent has no value for: %(slots)s"),
    "inaudible": N_("no speech of the agent was found there"),
    "low_confidence": N_("too little was recognised there for an answer (confidence %(confidence)s)"),
    "caller_hung_up": N_("the caller hung up before the call could be closed"),
    "transferred": N_("the call was transferred"),
    "end_unknown": N_("no closing was heard, and it is not known who hung up"),
    "person_only": N_("only a person can judge this"),
}


def explain(reason: str, values: Mapping[str, Any]) -> str:
    """Return the sentence of a reason in the current language; an unknown id stands for itself."""
    message = REASONS.get(reason)
    return reason if message is None else _(message, **values)
