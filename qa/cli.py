"""Commands of the qa room: score calls, check and publish scorecards, draw and verify samples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import AppError, BadInput, NotFound
from core.i18n import gettext as _
from core.installation import Installation
from qa.hearing import hear, transcript_for_scoring
from qa.jobs import renew_score, write_score
from qa.measures import MEASURE_VERSION
from qa.measures.summary import call_numbers
from qa.models import AutoScore, Draw, ScorecardVersion
from qa.periods import parse_period, running_period
from qa.publishing import current_version, find_version, publish, scorecard_of
from qa.reasons import explain
from qa.rescoring import Rescore, newest_transcripts, rescored
from qa.sampling import draw_sample, verify_draw
from qa.scorecard import Scorecard, check_scorecard, read_scorecard
from recording.models import Recording

_as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
_FILE = click.Path(path_type=Path)


@click.command("score")
@click.argument("ids", type=int, nargs=-1)
@click.option("--pending", is_flag=True, help="All transcribed recordings without this score.")
@click.option("--scorecard", "reference", metavar="NAME[@VERSION]", help="Default: the setting qa.scorecard.")
@_as_json
@click.pass_context
def score(
    ctx: click.Context, ids: tuple[int, ...], pending: bool, reference: str | None, as_json: bool
) -> None:
    """Score recordings IDS, or all that are pending; exit 1 when one could not be."""
    installation: Installation = ctx.obj
    if bool(ids) == pending:
        raise click.UsageError(_("give the numbers of recordings, or --pending"))
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        if reference:
            version = find_version(session, reference)
        else:
            version = current_version(session, at=now, name=installation.settings.qa.scorecard)
        transcripts, problems = _wanted(session, ids, version)
    documents = []
    for transcript_id in transcripts:
        try:
            with installation.unit_of_work() as session:
                made = write_score(session, transcript_id, version, at=now)
                numbers = call_numbers(hear(transcript_for_scoring(session, transcript_id)))
                documents.append({**_score_document(made), "measures": asdict(numbers)})
        except AppError as error:
            problems.append(str(error))
            continue
        if not as_json:
            _print_score(documents[-1])
    for problem in problems:
        click.echo(problem, err=True)
    if as_json:
        _print_json({"scorecard": f"{version.name}@{version.version}", "scores": documents})
    ctx.exit(1 if problems else 0)


@click.command("rescore")
@click.option("--scorecard", "reference", required=True, metavar="NAME[@VERSION]|FILE")
@click.option("--dry-run", is_flag=True, help="Show the difference, write nothing.")
@_as_json
@click.pass_context
def rescore(ctx: click.Context, reference: str, dry_run: bool, as_json: bool) -> None:
    """Score every transcribed recording again, or with another scorecard; with --dry-run a file will do.

    The machine's answers are replaced where they differ; what people answered stays.
    """
    installation: Installation = ctx.obj
    if not dry_run and Path(reference).is_file():
        raise BadInput(_("publish %(file)s first, or use --dry-run", file=reference))
    with installation.unit_of_work(read_only=True) as session:
        scorecard, version = _scorecard(session, reference)
        transcripts = newest_transcripts(session)
        found = list(rescored(session, scorecard, transcripts, version))
    problems: list[str] = []
    written = 0
    if not dry_run and version is not None:
        written = _rescore_all(installation, version, transcripts, problems)
    changed = [r for r in found if r.changes]
    if as_json:
        document = {"scored": len(found), "changed": [asdict(r) for r in changed], "written": written}
        _print_json(document)
    else:
        for one in changed:
            _print_rescore(one)
        count = {"changed": len(changed), "all": len(found), "written": written}
        click.echo(_("%(changed)s of %(all)s scores differ; scores written: %(written)s", **count))
    for problem in problems:
        click.echo(problem, err=True)
    ctx.exit(1 if problems else 0)


@click.group("scorecard")
def scorecard() -> None:
    """Scorecards: check a file, publish it."""


@scorecard.command("check")
@click.argument("file", type=_FILE)
@click.pass_context
def scorecard_check(ctx: click.Context, file: Path) -> None:
    """Check FILE; one line for each finding, exit 1 when there is an error."""
    _found, findings = check_scorecard(_read(file), str(file))
    for finding in findings:
        click.echo(str(finding))
    if any(not f.warning for f in findings):
        ctx.exit(1)
    click.echo(_("%(name)s: in order", name=file), err=True)


@scorecard.command("publish")
@click.argument("file", type=_FILE)
@_as_json
@click.pass_obj
def scorecard_publish(installation: Installation, file: Path, as_json: bool) -> None:
    """Publish FILE as the next version of its scorecard; an unchanged file stays the same version."""
    text = _read(file)
    read_scorecard(text, str(file))
    with installation.unit_of_work() as session:
        version = publish(session, text, installation.clock.now())
        reference = f"{version.name}@{version.version}"
    if as_json:
        _print_json({"name": version.name, "version": version.version, "sha256": version.sha256})
    else:
        click.echo(_("published: %(reference)s", reference=reference))


@click.group("sample")
def sample() -> None:
    """The random sample: draw it, verify it."""


@sample.command("draw")
@click.argument("plan")
@click.option("--period", help="2026-11-22, 2026-W47, 2026-11 or DAY..DAY; default: the running one.")
@click.option("--per-agent", default=5, show_default=True, type=click.IntRange(1, 1000))
@click.option("--seed", help="Default: the installation's own for this plan and period.")
@_as_json
@click.pass_obj
def sample_draw(
    installation: Installation, plan: str, period: str | None, per_agent: int, seed: str | None, as_json: bool
) -> None:
    """Draw the sample of PLAN (daily, weekly, monthly or another name) and give it to the evaluators."""
    zone = ZoneInfo(installation.settings.web.time_zone)
    now = installation.clock.now()
    between = parse_period(period, zone) if period else running_period(plan, now, zone)
    with installation.unit_of_work() as session:
        draw = draw_sample(session, plan=plan, period=between, per_agent=per_agent, seed=seed, at=now)
        document = _draw_document(draw)
    if as_json:
        _print_json(document)
        return
    told = _(
        "draw %(id)s: %(drawn)s of %(eligible)s calls, seed %(seed)s",
        id=document["id"],
        drawn=len(document["samples"]),
        eligible=document["eligible"],
        seed=document["seed"],
    )
    click.echo(told)
    for drawn in document["samples"]:
        click.echo(
            _(
                "recording %(recording)s, agent %(agent)s → %(evaluator)s",
                recording=drawn["recording"],
                agent=drawn["agent"],
                evaluator=drawn["evaluator"] or "-",
            )
        )


@sample.command("verify")
@click.argument("draw", type=int)
@_as_json
@click.pass_context
def sample_verify(ctx: click.Context, draw: int, as_json: bool) -> None:
    """Draw number DRAW again from its seed and frame; exit 1 when the sample is not what was drawn."""
    installation: Installation = ctx.obj
    with installation.unit_of_work(read_only=True) as session:
        found = session.get(Draw, draw)
        if found is None:
            raise NotFound(_("there is no draw %(id)s", id=draw))
        differences = verify_draw(found)
    if as_json:
        _print_json({"draw": draw, "verified": not differences, "differences": differences})
    else:
        for difference in differences:
            click.echo(difference)
        if not differences:
            click.echo(_("draw %(id)s is what its seed and frame give", id=draw))
    ctx.exit(1 if differences else 0)


def _wanted(session: Session, ids: Sequence[int], version: ScorecardVersion) -> tuple[list[int], list[str]]:
    """Return the transcripts to score, and a sentence for every recording that has none."""
    if not ids:
        scored = select(AutoScore.transcript_id).where(
            AutoScore.scorecard_version_id == version.id, AutoScore.measure_version == MEASURE_VERSION
        )
        done = set(session.scalars(scored))
        return [t for t in newest_transcripts(session) if t not in done], []
    found, problems = [], []
    for recording_id in ids:
        transcripts = newest_transcripts(session, [recording_id])
        found += transcripts
        if session.get(Recording, recording_id) is None:
            problems.append(_("there is no recording %(id)s", id=recording_id))
        elif not transcripts:
            problems.append(_("recording %(id)s is not transcribed yet", id=recording_id))
    return found, problems


def _scorecard(session: Session, reference: str) -> tuple[Scorecard, ScorecardVersion | None]:
    """Return the scorecard of a file, or of a published version with that version."""
    path = Path(reference)
    if path.is_file():
        return read_scorecard(_read(path), reference), None
    version = find_version(session, reference)
    return scorecard_of(version), version


def _rescore_all(
    installation: Installation, version: ScorecardVersion, transcripts: Sequence[int], problems: list[str]
) -> int:
    """Return how many scores were made or changed; what went wrong is added to problems."""
    written = 0
    for transcript_id in transcripts:
        try:
            with installation.unit_of_work() as session:
                written += renew_score(session, transcript_id, version, at=installation.clock.now())
        except NotFound as error:  # its recording was deleted meanwhile
            problems.append(str(error))
    return written


def _score_document(made: AutoScore) -> dict[str, Any]:
    return {
        "recording": made.recording_id,
        "transcript": made.transcript_id,
        "points": made.points,
        "coverage": made.coverage,
        "critical": made.critical,
        "answers": [
            {
                "criterion": a.criterion,
                "verdict": str(a.verdict),
                "reason": a.reason,
                "explanation": explain(a.reason, a.reason_values),
                "evidence": a.evidence,
            }
            for a in made.answers
        ],
    }


def _print_score(document: dict[str, Any]) -> None:
    points = "-" if document["points"] is None else f"{document['points']:.1f}"
    told = _(
        "recording %(id)s: %(points)s points, %(coverage)s decided",
        id=document["recording"],
        points=points,
        coverage=f"{document['coverage']:.0%}",
    )
    click.echo(told)
    for answer in document["answers"]:
        click.echo(f"  {answer['verdict']:5}  {answer['criterion']:20}  {answer['explanation']}")


def _print_rescore(one: Rescore) -> None:
    def shown(points: float | None) -> str:
        return "-" if points is None else f"{points:.1f}"

    told = _(
        "recording %(id)s: %(before)s → %(after)s points",
        id=one.recording_id,
        before=shown(one.points_before),
        after=shown(one.points_after),
    )
    click.echo(told)
    for key, (before, after) in one.changes.items():
        click.echo(f"  {key:20}  {before or '-'} → {after or '-'}")


def _draw_document(draw: Draw) -> dict[str, Any]:
    return {
        "id": draw.id,
        "plan": draw.plan,
        "period": [draw.period_start.isoformat(), draw.period_end.isoformat()],
        "per_agent": draw.per_agent,
        "seed": draw.seed,
        "frame_hash": draw.frame_hash,
        "eligible": len(draw.frame),
        "excluded": draw.excluded,
        "samples": [
            {
                "id": s.id,
                "recording": s.recording_id,
                "agent": s.agent.code if s.agent else s.agent_id,
                "evaluator": s.evaluator.username if s.evaluator else None,
            }
            for s in draw.samples
        ],
    }


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput(_("%(file)s is not UTF-8 text", file=file)) from None
    except OSError as error:
        raise BadInput(_("%(name)s: cannot be read (%(reason)s)", name=file, reason=error.strerror)) from None


def _print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False))
