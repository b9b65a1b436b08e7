"""`sansheng queue predictions`: what callers were told of their wait, and what came."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from core.i18n import gettext as _
from core.installation import Installation
from ivr.metrics.command import period
from ivr.waiting.judging import Judgement, judge


@click.command()
@click.option("--queue", "name", default="", help="Only this queue.")
@click.option("--from", "since", help="First moment, like 2026-11-20 or 2026-11-20T09:00 (default: today).")
@click.option("--to", "until", help="First moment after it; a date means its midnight (default: now).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def predictions(
    installation: Installation, *, name: str, since: str | None, until: str | None, as_json: bool
) -> None:
    """Judge the waits that callers were told by those that came."""
    begin, end = period(installation, since, until)
    with installation.unit_of_work(read_only=True) as session:
        found = judge(session, since=begin, until=end, queue=name)
    if as_json:
        document = {
            "from": begin.isoformat(),
            "to": end.isoformat(),
            "queues": [{**asdict(one), "held_share": one.held_share} for one in found],
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    for one in found:
        click.echo(_sentence(one))
    if not found:
        click.echo(_("No wait was announced in this time."))


def _sentence(one: Judgement) -> str:
    if one.held_share is None:
        return _(
            "%(queue)s (%(version)s): %(announced)s announcements, %(unsaid)s of them without a range; "
            "of none is known what came",
            queue=one.queue,
            version=one.version,
            announced=one.announced,
            unsaid=one.unsaid,
        )
    return _(
        "%(queue)s (%(version)s): %(announced)s announcements, %(unsaid)s of them without a range; of %(judged)s "
        "known ones %(held)s held and %(short)s were too short; %(off)s s off the middle, ranges of %(width)s min",
        queue=one.queue,
        version=one.version,
        announced=one.announced,
        unsaid=one.unsaid,
        judged=one.judged,
        held=f"{one.held_share:.1%}",
        short=f"{one.too_short / one.judged:.1%}",
        off="–" if one.off_s is None else f"{one.off_s:.0f}",
        width="–" if one.width_min is None else f"{one.width_min:.1f}",
    )
