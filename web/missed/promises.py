"""What the missed-call list says of a promised callback: whom to call, and how far the machine has come with it."""

from __future__ import annotations

from core.i18n import N_
from core.i18n import gettext as _
from ivr.asterisk.callbacks import dials_callbacks
from ivr.asterisk.notebook import PROVIDER
from ivr.callbacks.models import Callback
from ivr.missed.models import MissedCall
from ivr.twilio.facts import PROVIDER as TWILIO
from web.context import installation
from web.formats import caller_number, local_time, visible_number

_RESULTS = {
    "busy": N_("busy"),
    "noanswer": N_("no answer"),
    "failed": N_("failed"),
    "unknown": N_("how it ended is not known"),
    "reached": N_("the caller was reached"),
    "no_agent": N_("no agent answered"),
    "withdrawn": N_("not wanted any more"),
}


def number_to_call(task: MissedCall, promise: Callback | None) -> str:
    """Return the number to be called, as the account may see it: the promised one may be another than the caller's."""
    return caller_number(task.call) if promise is None else visible_number(promise.number)


def state_of(promise: Callback) -> str:
    """Return in words what the machine does, or has done, about an open promise."""
    told = (
        _("last: %(result)s, %(time)s", result=_(_RESULTS[promise.result]), time=_clock(promise))
        if promise.result
        else ""
    )
    tries = _("tried %(count)s times", count=promise.tries) if promise.tries else ""
    return " · ".join(part for part in (_doing(promise), tries, told) if part)


def _doing(promise: Callback) -> str:
    if promise.leg:
        return _("in the line now")
    if promise.done_at is not None or not _is_dialled(promise):
        return _("to be called by hand")
    if promise.tries and promise.next_at is not None:
        return _("dialled again from %(time)s", time=local_time(promise.next_at, "%H:%M"))
    return _("dialled in its turn")


def _is_dialled(promise: Callback) -> bool:
    """Whether the line on which it was promised dials by itself."""
    settings = installation().settings
    if promise.provider == TWILIO:
        return bool(settings.twilio.account_sid and settings.twilio.number)
    return promise.provider == PROVIDER and dials_callbacks(settings)


def _clock(promise: Callback) -> str:
    return local_time(promise.tried_at, "%H:%M")
