"""`sansheng doctor`: what this installation consists of, where each setting came from, and what is wrong with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

import click

from core.errors import AppError, ExitCode
from core.i18n import N_
from core.i18n import gettext as _
from core.installation import Installation
from core.jobs import dead_jobs
from core.settings import Settings, setting_origins
from qa.sides import latest_sides
from recording.asr.model import check_model_folder, current_model
from sansheng.migrations import is_empty, pending_revisions
from web.assets import MANIFEST

ROOMS = ("core", "ivr", "recording", "qa", "web", "sansheng")
_LEAST_FREE_BYTES = 1 << 30
STATES: Final = {"ok": N_("ok"), "warning": N_("warning"), "missing": N_("missing")}
PARTS: Final = {
    "packages": N_("packages"),
    "data folder": N_("data folder"),
    "database": N_("database"),
    "speech model": N_("speech model"),
    "front-end files": N_("front-end files"),
    "tracks": N_("tracks"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `state` is `ok`, `warning` or `missing`."""

    part: str
    state: str
    text: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at every part; a part that fails does not keep the others from being looked at."""
    yield from _rooms()
    yield from _guarded("data folder", lambda: _data_folder(settings))
    yield from _guarded("database", lambda: _database(settings))
    yield from _guarded("speech model", lambda: _model(settings))
    yield from _guarded("front-end files", _front_end)
    if settings.twilio.account_sid:
        yield from _guarded("tracks", lambda: _tracks(settings))


def _guarded(part: str, look: Callable[[], Finding]) -> Iterator[Finding]:
    try:
        yield look()
    except (AppError, OSError) as error:
        yield Finding(part, "missing", str(error))


def _rooms() -> Iterator[Finding]:
    """Generic names such as `web` may be taken by somebody else's package, which would be imported instead."""
    root = Path(__file__).parents[2]
    for room in ROOMS:
        place = Path(import_module(room).__file__ or "")
        if place.parents[1] != root:
            yield Finding(
                f"package {room}",
                "missing",
                _("%(place)s is not ours; install Sansheng into its own environment", place=place),
            )
    yield Finding("packages", "ok", _("all rooms come from %(folder)s", folder=root))


def _data_folder(settings: Settings) -> Finding:
    settings.home.mkdir(parents=True, exist_ok=True)
    probe = settings.home / ".doctor"
    probe.write_text("")
    probe.unlink()
    free = shutil.disk_usage(settings.home).free
    state = "ok" if free > _LEAST_FREE_BYTES else "warning"
    return Finding(
        "data folder", state, _("%(folder)s, %(free).1f GB free", folder=settings.home, free=free / 1e9)
    )


def _database(settings: Settings) -> Finding:
    installation = Installation.open(settings)
    try:
        where = installation.engine.url.render_as_string(hide_password=True)
        if is_empty(installation.engine):
            return Finding(
                "database", "ok", _("%(where)s: new, gets its schema with the first command", where=where)
            )
        if pending := pending_revisions(installation.engine):
            told = _(
                "%(where)s: revisions missing: %(count)s; run sansheng db upgrade",
                where=where,
                count=len(pending),
            )
            return Finding("database", "warning", told)
        with installation.unit_of_work(read_only=True) as session:
            dead = len(dead_jobs(session))
        if dead:
            told = _(
                "%(where)s: jobs that failed for good: %(count)s; see sansheng dead list",
                where=where,
                count=dead,
            )
            return Finding("database", "warning", told)
        return Finding("database", "ok", where)
    finally:
        installation.close()


def _model(settings: Settings) -> Finding:
    model = current_model(settings)
    check_model_folder(model.path)
    return Finding("speech model", "ok", _("%(name)s in %(path)s", name=model.name, path=model.path))


def _tracks(settings: Settings) -> Finding:
    """Look whether agents are heard on the agents' track: on Twilio only its documentation says which it is."""
    installation = Installation.open(settings)
    try:
        with installation.unit_of_work(read_only=True) as session:
            sides = latest_sides(session, settings.qa.scorecard)
    finally:
        installation.close()
    told = _(
        "of the last %(count)s conversations on Twilio, %(wrong)s have the agent on the caller's track",
        count=sides.looked_at,
        wrong=sides.contradicted,
    )
    if not sides.contradicted:
        return Finding("tracks", "ok", told)
    advice = _("if it is most of them, change SANSHENG_TWILIO_PARENT_CHANNEL")
    return Finding("tracks", "warning", f"{told}; {advice}")


def _front_end() -> Finding:
    if not MANIFEST.is_file():
        return Finding("front-end files", "missing", _("run make setup (or: python -m web.vendor)"))
    return Finding("front-end files", "ok", str(MANIFEST.parent))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Show every setting with its origin, and check every part; exit 3 when one is missing."""
    settings: Settings = ctx.obj
    findings = list(examine(settings))
    origins = setting_origins(settings)
    if as_json:
        document = {"settings": [asdict(o) for o in origins], "findings": [asdict(f) for f in findings]}
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        for origin in origins:
            click.echo(f"{origin.name:<28} {origin.value or '-':<44} {origin.origin}")
        click.echo()
        for finding in findings:
            click.echo(
                f"{_(STATES[finding.state])}\t{_(PARTS.get(finding.part, finding.part))}: {finding.text}"
            )
    if any(f.state == "missing" for f in findings):
        ctx.exit(ExitCode.MISSING_PART)
