"""Commands of the ivr room: answer calls, check a call flow, walk one in the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import click

from core.errors import BadInput
from core.i18n import N_
from core.i18n import gettext as _
from core.installation import Installation
from ivr.asterisk.role import flow_of, serve_ivr
from ivr.flow.check import SHIPPED, check_flow, load_flow, read_document, shipped_document
from ivr.flow.document import Flow
from ivr.flow.events import QueueOutcome, Start
from ivr.flow.walk import Script, Walk, WalkLine, walk

_YEARS = range(1900, 9999)
"""Of calls that can be walked: the days around them must exist in every zone."""
_QUEUE_RESULTS = ("bridged", "timeout", "full", "abandoned", "left", "callback", "error")


@click.group("ivr", invoke_without_command=True)
@click.option("--host", help="Address to listen on (default: the setting agi.host).")
@click.option("--port", type=click.IntRange(0, 65535), help="FastAGI port (default: the setting agi.port).")
@click.option(
    "--flow",
    "flow_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Call flow (default: the setting agi.flow, or the shipped one).",
)
@click.pass_context
def ivr(ctx: click.Context, host: str | None, port: int | None, flow_file: Path | None) -> None:
    """Answer Asterisk's calls over FastAGI; with a command: check a call flow, walk through one."""
    if ctx.invoked_subcommand is not None:
        return
    open_installation: Callable[[], Installation] = ctx.obj
    installation = open_installation()
    ctx.call_on_close(installation.close)
    agi = installation.settings.agi
    serve_ivr(
        installation,
        flow_of(installation.settings, flow_file),
        host=host or agi.host,
        port=agi.port if port is None else port,
    )


def _document(flow: str) -> tuple[str, str]:
    """Return text and name of a flow: the shipped one by its name, any other by its path."""
    if flow == SHIPPED and not Path(flow).exists():
        return shipped_document(), f"{SHIPPED}.yaml"
    return read_document(Path(flow)), flow


@ivr.command("check")
@click.argument("flow")
@click.pass_context
def check(ctx: click.Context, flow: str) -> None:
    """Check FLOW (a file, or the shipped `hotline`); one line for each finding."""
    text, name = _document(flow)
    findings = check_flow(text, name, today=datetime.now(UTC).date())
    for finding in findings:
        click.echo(_("%(finding)s (warning)", finding=finding) if finding.warning else str(finding))
    wrong = sum(not finding.warning for finding in findings)
    if wrong:
        click.echo(_("%(count)s to correct", count=wrong), err=True)
        ctx.exit(1)
    click.echo(_("%(name)s: in order", name=name), err=True)


@ivr.command("simulate")
@click.argument("flow")
@click.option("--keys", default="", help="Answers in order, with commas; an empty one is silence: 1,,2")
@click.option("--from", "caller", default="13800138000", show_default=True, help="Caller's number.")
@click.option("--called", default="4000000000", show_default=True, help="Number that was called.")
@click.option("--at", default="", help="Time of the call, 2026-10-01T09:30; without a zone, the flow's own.")
@click.option("--queue", "queue", multiple=True, type=click.Choice(_QUEUE_RESULTS), help="Result of a queue.")
@click.option(
    "--message", multiple=True, type=click.FloatRange(0, 3600), help="Length of a message in seconds."
)
@click.option("--vip", is_flag=True, help="The caller is a VIP.")
@click.option("--blocked", is_flag=True, help="The caller is blacklisted.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def simulate(
    flow: str,
    keys: str,
    caller: str,
    called: str,
    at: str,
    queue: tuple[str, ...],
    message: tuple[float, ...],
    vip: bool,
    blocked: bool,
    as_json: bool,
) -> None:
    """Walk through FLOW as a caller: what is heard and pressed, where the call goes, how it ends.

    When the keys run out the caller stays silent until the call ends.
    """
    loaded = load_flow(*_document(flow))
    start = Start(caller=caller, called=called, at=_time(at, loaded), vip=vip, blocked=blocked)
    script = Script(
        keys=keys.split(",") if keys else (),
        queue=cast("tuple[QueueOutcome, ...]", queue),
        messages=message,
    )
    call = walk(loaded, start, script)
    if as_json:
        click.echo(json.dumps(_as_document(loaded, start, call), ensure_ascii=False, indent=2))
        return
    for line in _pages(loaded, start, call):
        click.echo(line)


def _time(text: str, flow: Flow) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(_("--at: %(text)s is not a time: write 2026-10-01T09:30", text=text)) from error
    if at.year not in _YEARS:
        raise BadInput(_("--at: %(text)s is not a time: write 2026-10-01T09:30", text=text))
    return at if at.tzinfo else at.replace(tzinfo=flow.settings.zone)


def _as_document(flow: Flow, start: Start, call: Walk) -> dict[str, Any]:
    return {
        "flow": flow.name,
        "version": flow.version,
        "caller": start.caller,
        "called": start.called,
        "at": start.at.isoformat(),
        "outcome": call.outcome,
        "path": [
            {"node": s.node, "kind": s.kind, "outcome": s.outcome, "at": s.at.isoformat(), "note": s.note}
            for s in call.steps
        ],
        "lines": [{**asdict(line), "at": line.at.isoformat()} for line in call.lines],
    }


def _pages(flow: Flow, start: Start, call: Walk) -> list[str]:
    """Return the walk as lines of a terminal: time and node where they change, then what happens."""
    zone = flow.settings.zone
    local = start.at.astimezone(zone)
    pages = [
        _(
            "flow %(name)s version %(version)s, %(at)s %(zone)s",
            name=flow.name,
            version=flow.version,
            at=f"{local:%Y-%m-%d %H:%M}",
            zone=zone.key,
        )
    ]
    before = ("", "")
    for line in call.lines:
        clock = f"{line.at.astimezone(zone):%H:%M:%S}"
        place = tuple(
            " " * len(now) if now == then else now
            for now, then in zip((clock, line.node), before, strict=True)
        )
        before = (clock, line.node)
        pages.append(f"{place[0]:8}  {place[1]:22}  {_words(line)}")
    return pages


_WORDS: Mapping[str, str] = {
    "hear": N_("hears [%(language)s] %(text)s"),
    "press": N_("presses %(text)s"),
    "silence": N_("says and presses nothing for %(seconds)g s"),
    "queue": N_("waits in queue %(text)s for %(seconds)g s: %(outcome)s"),
    "dial": N_("is connected with %(text)s, ringing %(seconds)g s: %(outcome)s"),
    "record": N_("leaves a message of %(seconds)g s for %(text)s"),
    "lookup": N_("look-up %(text)s: %(outcome)s"),
    "go": N_("-> %(outcome)s"),
    "end": N_("the call ends: %(outcome)s"),
    "start_recording": N_("recording may begin"),
    "callback": N_("a callback to %(text)s is noted"),
    "score": N_("the rating is noted: %(text)s"),
}


_NOTES: Mapping[str, str] = {
    "declared_open": N_("declared open"),
    "declared_closed": N_("declared closed"),
    "holidays_unknown": N_("this year's holidays are not known: weekly hours"),
}


def _words(line: WalkLine) -> str:
    kind = (line.outcome or line.text) if line.kind == "note" else line.kind
    words = _(
        _WORDS[kind], language=line.language, text=line.text, seconds=line.seconds, outcome=line.outcome
    )
    if line.kind != "go" or not line.text:
        return words
    return f"{words} ({_(_NOTES[line.text]) if line.text in _NOTES else line.text})"
