"""Commands of the recording room: take recordings in, transcribe them, choose the speech model."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.errors import BadInput, NotFound
from core.i18n import gettext as _
from core.installation import Installation
from ivr.models import Agent, Call
from recording.asr.model import current_model
from recording.asr.vosk_engine import load_engine
from recording.cli_model import model
from recording.cli_muting import pause, resume
from recording.folders import FolderWatch, ImportedItem, find_recordings, import_recordings
from recording.ingest import CONVERSATION, VOICEMAIL, RecordingFacts, add_recording, audio_files
from recording.jobs import pending_recordings, transcribe_many
from recording.models import Recording, Role, Transcript
from recording.naming import PATTERNS

__all__ = ["model", "recording", "transcribe"]

_FILE = click.Path(path_type=Path)
_FOLDER = click.Path(path_type=Path)
_as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
_agent_channel = click.option(
    "--agent-channel",
    type=click.IntRange(0, 1),
    help="Channel of two-channel files that the agent speaks on.",
)
_pattern = click.option(
    "--pattern",
    type=click.Choice(sorted(PATTERNS)),
    default="plain",
    show_default=True,
    help="What file names tell.",
)


@click.group("recording")
def recording() -> None:
    """Take recordings in; pause them while the call goes on."""


recording.add_command(pause)
recording.add_command(resume)


@recording.command("add")
@click.argument("file", type=_FILE, required=False)
@click.option("--leg", "legs", multiple=True, metavar="ROLE=FILE", help="One leg: caller=a.wav agent=b.wav.")
@click.option("--call", "call", help="The telephony's call id (or the number of the call here).")
@click.option("--agent", "agent", help="Code of the agent.")
@_agent_channel
@click.option("--kind", type=click.Choice([CONVERSATION, VOICEMAIL]), default=CONVERSATION, show_default=True)
@_as_json
@click.pass_obj
def recording_add(
    installation: Installation,
    file: Path | None,
    legs: Sequence[str],
    call: str | None,
    agent: str | None,
    agent_channel: int | None,
    kind: str,
    as_json: bool,
) -> None:
    """Take in FILE, or one file for each leg; the same content twice is one recording."""
    if bool(file) == bool(legs):
        raise click.UsageError(_("give one FILE, or --leg caller=FILE and --leg agent=FILE"))
    roles, paths = _legs(legs) if file is None else (None, [file])
    with installation.unit_of_work(read_only=True) as session:
        facts = RecordingFacts(
            call_id=_call_id(session, call),
            agent_id=_agent_id(session, agent),
            agent_channel=agent_channel,
            roles=roles,
            kind=kind,
        )
    added = add_recording(installation, audio_files(paths), facts)
    row = added.recording
    for notice in added.notices:
        click.echo(notice, err=True)
    if as_json:
        document = {
            "id": row.id,
            "created": added.created,
            "sha256": row.sha256,
            "duration_s": row.duration_s,
        }
        click.echo(json.dumps(document))
    elif added.created:
        click.echo(_("recording %(id)s taken in, %(seconds)s s", id=row.id, seconds=round(row.duration_s, 1)))
    else:
        click.echo(_("recording %(id)s was here already", id=row.id))


@recording.command("import")
@click.argument("folder", type=_FOLDER)
@_pattern
@_agent_channel
@_as_json
@click.pass_context
def recording_import(
    ctx: click.Context, folder: Path, pattern: str, agent_channel: int | None, as_json: bool
) -> None:
    """Take in every recording below FOLDER; exit 1 when one had to be skipped."""
    sets = find_recordings(folder)
    items = []
    with _progress(_("taking in"), len(sets)) as step:
        for item in import_recordings(ctx.obj, sets, pattern, agent_channel=agent_channel):
            items.append(item)
            _report(item)
            step()
    skipped = sum(bool(item.problem) for item in items)
    added, known = (
        sum(item.created for item in items),
        sum(not item.created and not item.problem for item in items),
    )
    if as_json:
        found = [{**asdict(item), "files": [str(path) for path in item.files]} for item in items]
        click.echo(
            json.dumps(
                {"added": added, "known": known, "skipped": skipped, "items": found}, ensure_ascii=False
            )
        )
    else:
        click.echo(
            _(
                "%(added)s taken in, %(known)s were here already, %(skipped)s skipped",
                added=added,
                known=known,
                skipped=skipped,
            )
        )
    ctx.exit(1 if skipped else 0)


@recording.command("watch")
@click.argument("folder", type=_FOLDER)
@_pattern
@_agent_channel
@click.option(
    "--every", default=2.0, show_default=True, type=click.FloatRange(0.1), help="Seconds between looks."
)
@click.pass_obj
def recording_watch(
    installation: Installation, folder: Path, pattern: str, agent_channel: int | None, every: float
) -> None:
    """Take in what recorders put into FOLDER, until interrupted."""
    never = threading.Event()
    watch = FolderWatch(installation, folder, pattern, agent_channel)
    for item in watch.run(lambda: not never.wait(every)):
        _report(item)
        if item.created:
            click.echo(
                _("recording %(id)s taken in from %(name)s", id=item.recording_id, name=item.files[0].name)
            )


@click.command("transcribe")
@click.argument("ids", type=int, nargs=-1)
@click.option("--pending", is_flag=True, help="All recordings without a transcript.")
@_as_json
@click.pass_context
def transcribe(ctx: click.Context, ids: tuple[int, ...], pending: bool, as_json: bool) -> None:
    """Transcribe recordings IDS, or all that are pending; exit 1 when one could not be."""
    installation: Installation = ctx.obj
    if bool(ids) == pending:
        raise click.UsageError(_("give the numbers of recordings, or --pending"))
    wanted = _wanted(installation, ids)
    engine = load_engine(current_model(installation.settings))
    documents = []
    with _progress(_("transcribing"), len(wanted)) as step:
        for recording_id, transcript_id in transcribe_many(installation, engine, wanted):
            document = _transcript_document(installation, recording_id, transcript_id)
            if as_json:
                documents.append(document)
            else:
                _print_transcript(document)
            ctx.meta["failed"] = ctx.meta.get("failed", 0) + (transcript_id is None)
            step()
    if as_json:
        click.echo(json.dumps({"model": engine.model_name, "recordings": documents}, ensure_ascii=False))
    ctx.exit(1 if ctx.meta.get("failed") else 0)


def _report(item: ImportedItem) -> None:
    for line in (item.problem, *item.notices):
        if line:
            click.echo(line, err=True)


@contextmanager
def _progress(title: str, total: int) -> Iterator[Any]:
    """Show a progress bar on stderr; give a function that counts one item."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)


def _legs(legs: Sequence[str]) -> tuple[list[Role], list[Path]]:
    roles, paths = [], []
    for leg in legs:
        role, _equals, path = leg.partition("=")
        if role not in (Role.CALLER, Role.AGENT) or not path:
            raise BadInput(_("--leg %(leg)s: write caller=FILE or agent=FILE", leg=leg))
        roles.append(Role(role))
        paths.append(Path(path))
    if len(set(roles)) != len(roles):
        raise BadInput(_("both legs were given the same role"))
    return roles, paths


def _call_id(session: Session, call: str | None) -> int | None:
    if call is None:
        return None
    known_as = [Call.provider_call_id == call, *([Call.id == int(call)] if call.isdecimal() else [])]
    found = session.scalars(select(Call).where(or_(*known_as)).limit(2)).all()
    exact = [one for one in found if one.provider_call_id == call] or list(found)
    if len(exact) != 1:
        raise NotFound(_("there is no call %(call)s in the call log", call=call))
    return exact[0].id


def _agent_id(session: Session, agent: str | None) -> int | None:
    if agent is None:
        return None
    found = session.scalar(select(Agent.id).where(Agent.code == agent))
    if found is None:
        raise NotFound(_("there is no agent with the code %(code)s", code=agent))
    return found


def _wanted(installation: Installation, ids: Sequence[int]) -> Sequence[int]:
    with installation.unit_of_work(read_only=True) as session:
        if not ids:
            return pending_recordings(session)
        known = set(session.scalars(select(Recording.id).where(Recording.id.in_(ids))))
    if missing := [str(one) for one in ids if one not in known]:
        raise NotFound(_("there is no recording %(ids)s", ids=", ".join(missing)))
    return list(dict.fromkeys(ids))


def _transcript_document(
    installation: Installation, recording_id: int, transcript_id: int | None
) -> dict[str, Any]:
    with installation.unit_of_work(read_only=True) as session:
        row = session.get(Recording, recording_id)
        transcript = session.get(Transcript, transcript_id) if transcript_id is not None else None
        if transcript is None:
            problem = row.problem if row is not None else _("it was deleted meanwhile")
            return {"recording_id": recording_id, "transcript_id": None, "problem": problem}
        return {
            "recording_id": recording_id,
            "transcript_id": transcript.id,
            "confidence": transcript.confidence,
            "utterances": [
                {"channel": u.channel, "role": u.role, "start_s": u.start_s, "end_s": u.end_s, "text": u.text}
                for u in transcript.utterances
            ],
        }


def _print_transcript(document: dict[str, Any]) -> None:
    if "problem" in document:
        line = _("recording %(id)s: %(problem)s", id=document["recording_id"], problem=document["problem"])
        click.echo(line, err=True)
        return
    click.echo(_("recording %(id)s", id=document["recording_id"]))
    for one in document["utterances"]:
        click.echo(f"  {one['start_s']:8.2f} {one['end_s']:8.2f}  {one['role']:7}  {one['text']}")
