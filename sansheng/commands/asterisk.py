"""`sansheng asterisk`: the configuration of Asterisk, with a voice for prompts that nobody has recorded."""

from __future__ import annotations

from pathlib import Path

import click

from core.installation import Installation
from ivr.cli_asterisk import write_all
from sansheng.prompt_voice import speak_prompt


@click.group()
def asterisk() -> None:
    """Asterisk: write its configuration."""


@asterisk.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write into: *.conf, sounds/ and moh/.",
)
@click.option("--found-at", default="", help="Where Asterisk will find that folder (default: the same path).")
@click.option(
    "--phone",
    "phones",
    multiple=True,
    metavar="NAME=HOST:PORT",
    help="Address of a telephone that does not register. Can be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def config(
    installation: Installation, out: Path, found_at: str, phones: tuple[str, ...], as_json: bool
) -> None:
    """Write everything Asterisk needs to serve this installation, complete and commented.

    Prompts are taken from HOME/prompts/LANGUAGE/PROMPT.wav where they have been recorded; the others are
    spoken by a synthetic voice.
    """
    write_all(installation, out, speak=speak_prompt, found_at=found_at, phones=phones, as_json=as_json)
