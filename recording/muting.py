"""Recording is paused and taken up again while a call goes on: a card number is read out, a password.

What is paused is silence in the recording, on both tracks, so that its times stay true. It is the same on
Asterisk and on Twilio.
"""

from __future__ import annotations

from core.audit import record_audit
from core.errors import Conflict
from core.i18n import gettext as _
from core.installation import Installation
from ivr.asterisk.ami.connection import AmiConnection
from ivr.asterisk.ami.errors import AmiRefused
from ivr.asterisk.ami.opening import asterisk_line
from ivr.twilio.api import TwilioApi
from ivr.twilio.muting import is_on_twilio, silence_recording


def pause_recording(
    installation: Installation, call: str, *, user_id: int | None = None, api: TwilioApi | None = None
) -> None:
    """Record silence from here on.

    Args:
        installation: whose telephony.
        call: the call's unique id on Asterisk, or its SID on Twilio.
        user_id: who wants it.
        api: Twilio; that of the settings when it is not given.

    Raises:
        Conflict: the call is over, or is not recorded.
        MissingPart, AmiLost: see `asterisk_line`.
        MissingPart, RetryLater: see `ivr.twilio.muting`.
    """
    _mute(installation, call, user_id, api, muted=True)


def resume_recording(
    installation: Installation, call: str, *, user_id: int | None = None, api: TwilioApi | None = None
) -> None:
    """Record sound again; takes and raises what `pause_recording` does."""
    _mute(installation, call, user_id, api, muted=False)


def _mute(
    installation: Installation, call: str, user_id: int | None, api: TwilioApi | None, *, muted: bool
) -> None:
    if is_on_twilio(installation, call):
        silence_recording(installation, call, silent=muted, api=api)
    else:
        _mute_on_asterisk(installation, call, muted=muted)
    with installation.unit_of_work() as session:
        record_audit(
            session,
            at=installation.clock.now(),
            user_id=user_id,
            action="recording_paused" if muted else "recording_resumed",
            subject=f"call:{call}",
        )


def _mute_on_asterisk(installation: Installation, call: str, *, muted: bool) -> None:
    with asterisk_line(installation) as line:
        try:
            line.action("MixMonitorMute", Channel=_channel(line, call), Direction="both", State=int(muted))
        except AmiRefused as error:
            raise Conflict(
                _("the call %(call)s is not recorded (%(reason)s)", call=call, reason=error.reason)
            ) from None


def _channel(line: AmiConnection, call: str) -> str:
    channels = line.listing("CoreShowChannels", until="CoreShowChannelsComplete")
    for channel in channels:
        if channel.get("Uniqueid") == call:
            return channel.get("Channel")
    raise Conflict(_("there is no call %(call)s going on", call=call))
