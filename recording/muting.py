"""Recording is paused and taken up again while a call goes on: a card number is read out, a password.

What is paused is silence in the recording, on both tracks, so that its times stay true.
"""

from __future__ import annotations

from core.audit import record_audit
from core.errors import Conflict
from core.i18n import gettext as _
from core.installation import Installation
from ivr.asterisk.ami.connection import AmiConnection
from ivr.asterisk.ami.errors import AmiRefused
from ivr.asterisk.ami.opening import asterisk_line


def pause_recording(installation: Installation, call: str, *, user_id: int | None = None) -> None:
    """Record silence from here on.

    Args:
        installation: whose Asterisk.
        call: the call's unique id.
        user_id: who wants it.

    Raises:
        Conflict: the call is over, or is not recorded.
        MissingPart, AmiLost: see `asterisk_line`.
    """
    _mute(installation, call, "recording_paused", user_id, muted=True)


def resume_recording(installation: Installation, call: str, *, user_id: int | None = None) -> None:
    """Record sound again; raises as `pause_recording`."""
    _mute(installation, call, "recording_resumed", user_id, muted=False)


def _mute(installation: Installation, call: str, action: str, user_id: int | None, *, muted: bool) -> None:
    with asterisk_line(installation) as line:
        try:
            line.action("MixMonitorMute", Channel=_channel(line, call), Direction="both", State=int(muted))
        except AmiRefused as error:
            raise Conflict(
                _("the call %(call)s is not recorded (%(reason)s)", call=call, reason=error.reason)
            ) from None
    with installation.unit_of_work() as session:
        record_audit(
            session, at=installation.clock.now(), user_id=user_id, action=action, subject=f"call:{call}"
        )


def _channel(line: AmiConnection, call: str) -> str:
    channels = line.listing("CoreShowChannels", until="CoreShowChannelsComplete")
    for channel in channels:
        if channel.get("Uniqueid") == call:
            return channel.get("Channel")
    raise Conflict(_("there is no call %(call)s going on", call=call))
