"""`sansheng asterisk`: everything an Asterisk needs to serve this installation's calls."""

from __future__ import annotations

import json
from pathlib import Path

import click

from core.errors import BadInput
from core.i18n import gettext as _
from core.installation import Installation
from ivr.asterisk.config.sounds import Speak, WrittenSounds, chime, write_sounds, write_wave
from ivr.asterisk.config.writing import read_telephony, write_configuration
from ivr.asterisk.role import flow_of


def write_all(
    installation: Installation,
    out: Path,
    *,
    speak: Speak,
    found_at: str = "",
    phones: tuple[str, ...] = (),
    as_json: bool = False,
) -> None:
    """Write configuration and sounds, and say what was written.

    Args:
        installation: whose settings, queues and agents.
        out: folder to write into.
        speak: voice for prompts nobody has recorded.
        found_at: where Asterisk will find `out`, if it is another machine or a container.
        phones: `CODE=HOST:PORT` of telephones that do not register.
        as_json: print one JSON document.
    """
    flow = flow_of(installation.settings)
    base = found_at or str(out.absolute())
    with installation.unit_of_work(read_only=True) as session:
        telephony = read_telephony(
            session, installation.settings, flow, music=f"{base}/moh", addresses=_addresses(phones)
        )
        files = write_configuration(telephony, out)
    sounds = write_sounds(flow, out / "sounds", installation.settings.home / "prompts", speak)
    write_wave(out / "moh" / "chime.wav", chime())
    if as_json:
        document = {"files": [str(path) for path in files], "sounds": sounds.names}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        _tell(installation, files, sounds)


def _addresses(phones: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for phone in phones:
        endpoint, equals, address = phone.partition("=")
        if not equals or not address:
            raise BadInput(_("--phone %(phone)s: write TELEPHONE=HOST:PORT", phone=phone[:80]))
        found[endpoint] = address
    return found


def _tell(installation: Installation, files: list[Path], sounds: WrittenSounds) -> None:
    for path in files:
        click.echo(path)
    names = sounds.names
    click.echo(
        _(
            "%(recorded)s prompts from recordings, %(spoken)s spoken by the synthetic voice, %(missing)s missing",
            recorded=len(names["recorded"]),
            spoken=len(names["spoken"]),
            missing=len(names["missing"]),
        ),
        err=True,
    )
    if names["spoken"] or names["missing"]:
        click.echo(
            _(
                "your own recordings go to %(folder)s/LANGUAGE/PROMPT.wav (16-bit PCM WAV); then write again",
                folder=installation.settings.home / "prompts",
            ),
            err=True,
        )
