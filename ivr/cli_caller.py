"""`sansheng caller list|block|mark|unlist`: who is refused, and who is answered before others."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import click

from core.i18n import gettext as _
from core.installation import Installation
from core.phone import mask_number
from ivr.callers import lists
from ivr.callers.models import ListedCaller

_reason = click.option("--reason", required=True, help="Why; it is shown beside the number.")
_until = click.option("--until", default="", help="Last day, 2026-12-31 (default: for good).")


@click.group()
def caller() -> None:
    """Lists of callers: blocked ones are refused, important ones are answered first."""


@caller.command("list")
@click.option("--numbers", is_flag=True, help="Show whole numbers, not masked ones.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def show(installation: Installation, numbers: bool, as_json: bool) -> None:
    """Show the lists, the latest first."""
    with installation.unit_of_work(read_only=True) as session:
        rows, count = lists.listed_callers(session)
        listed = [_document(row, whole=numbers) for row in rows]
    if as_json:
        click.echo(json.dumps({"count": count, "callers": listed}, ensure_ascii=False, indent=2))
        return
    zone = ZoneInfo(installation.settings.web.time_zone)
    for row in rows:
        until = f"  {_('until')} {row.until.astimezone(zone):%Y-%m-%d %H:%M}" if row.until else ""
        number = row.number if numbers else mask_number(row.number)
        click.echo(f"{number:<16} {_(lists.KINDS[row.kind])}  {row.reason}{until}")
    if count > len(rows):
        click.echo(_("and %(count)s more", count=count - len(rows)))


@caller.command()
@click.argument("number")
@_reason
@_until
@click.pass_obj
def block(installation: Installation, number: str, reason: str, until: str) -> None:
    """Refuse calls from NUMBER before they are answered."""
    _put(installation, number, "blocked", reason, until)


@caller.command()
@click.argument("number")
@_reason
@_until
@click.pass_obj
def mark(installation: Installation, number: str, reason: str, until: str) -> None:
    """Mark NUMBER as important: its calls go before others in every queue."""
    _put(installation, number, "important", reason, until)


@caller.command()
@click.argument("number")
@click.pass_obj
def unlist(installation: Installation, number: str) -> None:
    """Take NUMBER off its list."""
    with installation.unit_of_work() as session:
        listing = lists.listing_of(session, number=number)
        lists.unlist_caller(session, listing, at=installation.clock.now())
    click.echo(_("%(number)s is on no list any more", number=mask_number(listing.number)))


def _put(installation: Installation, number: str, kind: str, reason: str, until: str) -> None:
    ends = lists.end_of_day(until, ZoneInfo(installation.settings.web.time_zone))
    with installation.unit_of_work() as session:
        row = lists.list_caller(session, number, kind, reason=reason, at=installation.clock.now(), until=ends)
    click.echo(f"{mask_number(row.number)}: {_(lists.KINDS[kind])}")


def _document(row: ListedCaller, *, whole: bool) -> dict[str, Any]:
    return {
        "number": row.number if whole else mask_number(row.number),
        "kind": row.kind,
        "reason": row.reason,
        "listed_at": row.listed_at.isoformat(),
        "listed_by": row.listed_by.username if row.listed_by else None,
        "until": row.until.isoformat() if row.until else None,
    }
