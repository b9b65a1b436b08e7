"""Every figure in words. What depends on a definition is filled in by `ivr.metrics.definitions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.i18n import N_

AHT: Final = {
    "talk": N_("mean time of talk, hold included; the log does not know the work after the call"),
    "talk_and_wrap_up": N_(
        "mean of talk, hold included, and the work after it, of the calls of which both are known"
    ),
}
"""The handling time, by what a definition takes for handling."""

FORMULAS: Final[Mapping[str, str]] = {
    "offered": N_("all entries into the queue, by the time of entry"),
    "answered": N_("entries that an agent answered"),
    "answered_in_time": N_("answered within %(within)s"),
    "answered_late": N_("answered after %(within)s, or after a wait that is not known"),
    "abandoned": N_("callers who hung up while they waited"),
    "abandoned_in_time": N_("abandoned within %(within)s"),
    "abandoned_late": N_("abandoned after %(within)s, or after a wait that is not known"),
    "short_abandoned": N_("abandoned within %(short)s s"),
    "left": N_("timeout + key + empty + full"),
    "timeout": N_("waited as long as the queue allows and were led on"),
    "key": N_("left the queue by a key"),
    "empty": N_("led on because nobody was on duty"),
    "full": N_("turned away because the queue was full"),
    "waiting": N_("wait still"),
    "unknown": N_("entries whose end was never written"),
    "timed": N_("answered, and the wait is known"),
    "talked": N_("answered, and the length of the talk is known"),
    "held": N_("answered, and put on hold during the talk, as AMI told; Twilio tells of no holds"),
    "wrapped_up": N_("answered, and work after the call followed"),
    "wrap_up_unknown": N_("answered, and it is not known whether work followed"),
    "handled": N_("answered, and the handling time is known"),
    "handled_too_short": N_("handled in less than %(low)s s"),
    "handled_too_long": N_("handled in more than %(high)s s"),
    "rung": N_("answered, and it is known how long the telephone rang"),
    "rings_over_target": N_("answered after more than %(target)s rings"),
    "rings_over_limit": N_("answered after more than %(limit)s rings"),
    "rings_over_tolerance": N_("answered after more than %(tolerance)s rings"),
    "transferred": N_("talks that ended with a transfer"),
    "repeat_callers": N_("callers who had called within %(days)s days before, of any queue reported"),
    "judged": N_("answered calls of known callers, %(days)s days ago or longer"),
    "resolved": N_("of those judged, the callers who did not call again within %(days)s days"),
    "answer_rate": N_("answered ÷ offered"),
    "abandon_rate": N_("abandoned ÷ offered"),
    "asa_s": N_("mean wait of the answered"),
    "longest_wait_s": N_("longest wait of all, answered or not"),
    "wait_p50_s": N_("nearest-rank percentile of the waits of the answered"),
    "ring_p50_s": N_("nearest-rank percentile of the ringing of the answered"),
    "rings": N_("seconds on the answering agent's telephone ÷ %(cycle)s, each ring begun counts"),
    "mean_talk_s": N_("mean time of talk, hold included"),
    "talk_s": N_("all time of talk, hold included"),
    "hold_s": N_("all time on hold during the talk; a hold that the talk's end ended counts to there"),
    "mean_hold_s": N_("mean time on hold of those put on hold, all holds of a talk together"),
    "wrap_up_s": N_(
        "work after calls: the pause after_call_work that begins during the talk or within %(wrap_up)s s after "
        "it, to its end; none where an agent who was logged in took none; not known where nobody tells "
        "who is logged in. The seconds a queue grants after each call (wrapuptime) are not counted"
    ),
    "first_call_resolution": N_(
        "answered calls of known callers who did not call again within %(days)s days ÷ those for which so "
        "many days have passed"
    ),
    "logged_in_s": N_(
        "time logged in to any queue (to the queue asked for), of agents whose log-ins are told"
    ),
    "paused_s": N_("time logged in and taking no calls, by reason, without the work after calls"),
    "occupancy": N_(
        "(talk, hold included + work after calls) ÷ (time logged in − pauses other than the work after "
        "calls), while logged in; talk counts when it was, not when the call came in"
    ),
    "day_part": N_(
        "morning from %(morning)s, afternoon from %(afternoon)s, evening from %(evening)s, night from %(night)s"
    ),
}
SAME_FORMULA: Final = {
    "wait_p90_s": "wait_p50_s",
    "wait_p95_s": "wait_p50_s",
    "ring_p90_s": "ring_p50_s",
    "ring_p95_s": "ring_p50_s",
}
"""Percentiles: of one kind, with one text."""
