"""`sansheng twilio`: set up the account, look whether all is well, and say where agents are reached."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Final, cast

import click
from sqlalchemy import select

from core.errors import BadInput, ExitCode, NotFound
from core.i18n import gettext as _
from core.installation import Installation
from ivr.models import Agent
from ivr.twilio.account import RestAccount
from ivr.twilio.duty import State, set_state
from ivr.twilio.models import TwilioAgent
from ivr.twilio.setup import Finding, examine, set_up

_ADDRESS: Final = re.compile(r"\+[1-9][0-9]{6,14}|sip:[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9.-]{1,128}")


@click.group()
def twilio() -> None:
    """Calls through Twilio: set-up, checks, agents' telephones."""


@twilio.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be changed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def setup(ctx: click.Context, dry_run: bool, as_json: bool) -> None:
    """Set the number's webhooks and make the flow's queues; what is right already stays as it is."""
    installation: Installation = ctx.obj
    account = RestAccount(installation.settings)
    _tell(ctx, set_up(account, installation.settings, dry_run=dry_run), as_json=as_json)


@twilio.command()
@click.option("--offline", is_flag=True, help="Do not ask Twilio.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def doctor(ctx: click.Context, offline: bool, as_json: bool) -> None:
    """Look at settings, number, media, agents, recordings on their way and refused webhooks; change nothing."""
    installation: Installation = ctx.obj
    account = None if offline else RestAccount(installation.settings)
    with installation.unit_of_work(read_only=True) as session:
        findings = list(examine(session, account, installation.settings))
    _tell(ctx, findings, as_json=as_json)


@twilio.command()
@click.argument("code")
@click.option("--address", help="Where the agent is rung: +8613..., or sip:user@host.")
@click.option("--state", type=click.Choice(["ready", "paused", "away"]), help="Whether calls may come.")
@click.pass_obj
def agent(installation: Installation, code: str, address: str | None, state: str | None) -> None:
    """Say where the agent with the work number CODE is rung, and whether calls may come."""
    if address is not None and not _ADDRESS.fullmatch(address):
        raise BadInput(_("--address must be a number with + and country code, or sip:user@host"))
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        known = session.scalar(select(Agent).where(Agent.code == code))
        if known is None:
            raise NotFound(_("there is no agent with the work number %(code)s", code=code[:40]))
        row = session.get(TwilioAgent, known.id)
        if row is None and address is None:
            raise BadInput(_("agent %(code)s has no telephone yet: give --address", code=code))
        if row is None:
            row = TwilioAgent(agent_id=known.id, address=address, state="away", idle_since=now)
            session.add(row)
        row.address = address or row.address
        session.flush()
        set_state(session, installation.settings.twilio, row, cast("State", state or row.state), now)
        click.echo(_("agent %(code)s: %(state)s", code=code, state=row.state))


def _tell(ctx: click.Context, found: Iterable[Finding], *, as_json: bool) -> None:
    findings = []
    for finding in found:
        findings.append(finding)
        if not as_json:
            click.echo(f"{finding.state:<8} {finding.part}: {finding.text}")
    if as_json:
        click.echo(json.dumps({"findings": [asdict(f) for f in findings]}, ensure_ascii=False))
    if any(finding.state == "missing" for finding in findings):
        ctx.exit(ExitCode.MISSING_PART)
