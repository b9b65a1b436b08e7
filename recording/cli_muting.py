"""Commands that pause a recording while the call goes on."""

from __future__ import annotations

import click

from core.i18n import gettext as _
from core.installation import Installation
from recording.muting import pause_recording, resume_recording


@click.command("pause")
@click.argument("call")
@click.pass_obj
def pause(installation: Installation, call: str) -> None:
    """Record silence in CALL (its unique id, or its SID on Twilio) until it is resumed."""
    pause_recording(installation, call)
    click.echo(_("the recording of call %(call)s is paused", call=call))


@click.command("resume")
@click.argument("call")
@click.pass_obj
def resume(installation: Installation, call: str) -> None:
    """Record sound in CALL again."""
    resume_recording(installation, call)
    click.echo(_("the recording of call %(call)s goes on", call=call))
