"""Commands about speech models: which there are, fetch one, choose one."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from core.i18n import gettext as _
from core.installation import Installation
from recording.asr.fetching import OFFICIAL_MODELS, fetch_model
from recording.asr.model import current_model, installed_models, use_model


@click.group("model")
def model() -> None:
    """Speech models: which there are, fetch one, choose one."""


@model.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def model_list(installation: Installation, as_json: bool) -> None:
    """List installed models and those that can be fetched."""
    current = current_model(installation.settings).path
    found = installed_models(installation.settings)
    if as_json:
        rows = [
            {"name": m.name, "path": str(m.path), "origin": m.origin, "in_use": m.path == current}
            for m in found
        ]
        click.echo(json.dumps({"installed": rows, "official": OFFICIAL_MODELS}, ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{'*' if one.path == current else ' '} {one.name:28} {one.path}")
    for name, description in OFFICIAL_MODELS.items():
        if name not in [one.name for one in found]:
            click.echo(f"  {name:28} {_(description)} (sansheng model fetch {name})")


@model.command("fetch")
@click.argument("name")
@click.pass_obj
def model_fetch(installation: Installation, name: str) -> None:
    """Fetch official model NAME and use it from now on."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        fetched = fetch_model(
            installation.settings,
            name,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _use(installation, fetched.path)


@model.command("use")
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_obj
def model_use(installation: Installation, path: Path) -> None:
    """Use the model in folder PATH from now on; `demo` is the one that comes with the program."""
    _use(installation, path)


def _use(installation: Installation, path: Path) -> None:
    chosen = use_model(installation.settings, path)
    click.echo(_("%(name)s is used from now on (%(path)s)", name=chosen.name, path=chosen.path))
    if installation.settings.asr.model:
        click.echo(_("but the setting asr.model (SANSHENG_ASR_MODEL) is stronger; remove it"), err=True)
