"""The recording of a call on Twilio is silence for a while: on which leg it goes on is tried, not guessed.

A conversation from a queue is recorded on the agent's leg, a message and a transfer on the caller's; which of two
bridged legs a recording is filed under, Twilio's documentation leaves open.
"""

from __future__ import annotations

from sqlalchemy import select

from core.errors import Conflict
from core.i18n import gettext as _
from core.installation import Installation
from ivr.twilio.api import TwilioApi, connect
from ivr.twilio.models import TwilioCall, TwilioOffer


def is_on_twilio(installation: Installation, call: str) -> bool:
    """Whether a call of this id has come through Twilio."""
    with installation.unit_of_work(read_only=True) as session:
        return session.get(TwilioCall, call) is not None


def silence_recording(
    installation: Installation, call_sid: str, *, silent: bool, api: TwilioApi | None = None
) -> None:
    """Have a call's recording be silence from here on, or sound again.

    Raises:
        Conflict: the call is over, or is not recorded.
        MissingPart, RetryLater: no account is configured, or Twilio cannot be reached.
    """
    with installation.unit_of_work(read_only=True) as session:
        talking = select(TwilioOffer.leg_sid).where(
            TwilioOffer.caller_sid == call_sid, TwilioOffer.state == "bridged"
        )
        legs = [*session.scalars(talking), call_sid]
    api = api or connect(installation.settings)
    if not any(leg is not None and api.silence_recording(leg, silent=silent) for leg in legs):
        raise Conflict(_("the call %(call)s is over, or is not recorded", call=call_sid))
