"""Commands about this moment: who waits and who is on duty, agents coming and going, listening in."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

import click
from sqlalchemy import select

from core.accounts import User
from core.errors import NotFound
from core.i18n import gettext as _
from core.installation import Installation
from ivr.asterisk import duty
from ivr.asterisk.listening import listen_in
from ivr.cli_people import agent_add, agent_list, agent_set
from ivr.floor import live_floor
from ivr.live import AGENT_STATES, LiveState


@click.command("live")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def live(installation: Installation, as_json: bool) -> None:
    """Show who waits, rings and talks at this moment, and how old that is."""
    now = installation.clock.now()
    with installation.unit_of_work(read_only=True) as session:
        state = live_floor(session, now)
    if as_json:
        document = {"age_s": state.age_s(now), "stale": state.is_stale(now), **asdict(state)}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=datetime.isoformat))
        return
    click.echo(_age(state, now))
    for queue in state.floor.queues:
        click.echo(_("%(queue)s: %(count)s waiting", queue=queue.name, count=len(queue.waiting)))
        for caller in queue.waiting:
            waited_s = round((now - caller.since).total_seconds())
            ringing = f"  → {', '.join(caller.ringing)}" if caller.ringing else ""
            click.echo(f"  {caller.position:3} {caller.caller or '–':14} {waited_s:5} s{ringing}")
    for agent in state.floor.agents:
        doing_s = round((now - agent.since).total_seconds())
        why = f" ({agent.reason})" if agent.reason else ""
        click.echo(f"{agent.agent:24} {_(AGENT_STATES[agent.state])}{why} {doing_s} s")


def _age(state: LiveState, now: datetime) -> str:
    age_s = state.age_s(now)
    if age_s is None:
        told = _("nothing was heard of the telephony yet; is sansheng ivr running?")
    else:
        told = _("as it was %(seconds).1f s ago", seconds=age_s)
    return f"{told} ({state.problem})" if state.problem else told


@click.group()
def agent() -> None:
    """Agents: their names and numbers; log in, pause, log out."""


@agent.command("log-in")
@click.argument("code")
@click.pass_obj
def agent_log_in(installation: Installation, code: str) -> None:
    """Bring the agent with the work number CODE into all queues of theirs."""
    queues = ", ".join(duty.log_in(installation, code).queues)
    click.echo(_("agent %(code)s takes calls in %(queues)s", code=code, queues=queues))


@agent.command("log-out")
@click.argument("code")
@click.pass_obj
def agent_log_out(installation: Installation, code: str) -> None:
    """Take the agent out of all queues."""
    duty.log_out(installation, code)
    click.echo(_("agent %(code)s is logged out", code=code))


@agent.command("pause")
@click.argument("code")
@click.option("--reason", required=True, type=click.Choice(sorted(duty.PAUSE_REASONS)))
@click.pass_obj
def agent_pause(installation: Installation, code: str, reason: str) -> None:
    """Give the agent no calls for a while."""
    duty.pause(installation, code, reason)
    told = _("agent %(code)s is paused: %(reason)s", code=code, reason=_(duty.PAUSE_REASONS[reason]))
    click.echo(told)


@agent.command("resume")
@click.argument("code")
@click.pass_obj
def agent_resume(installation: Installation, code: str) -> None:
    """Give the agent calls again."""
    duty.resume(installation, code)
    click.echo(_("agent %(code)s takes calls again", code=code))


@click.command("listen")
@click.argument("code")
@click.option("--as", "username", required=True, help="Account of who listens; it needs the right to.")
@click.option(
    "--phone", default="", help="Telephone that is to ring, like PJSIP/2001 (default: the account's)."
)
@click.pass_obj
def listen(installation: Installation, code: str, username: str, phone: str) -> None:
    """Listen in on the call of the agent CODE, silently; it is noted in the audit trail."""
    with installation.unit_of_work(read_only=True) as session:
        user_id = session.scalar(select(User.id).where(User.username == username))
    if user_id is None:
        raise NotFound(_("there is no user “%(name)s”", name=username))
    call = listen_in(installation, user_id, code, phone=phone)
    click.echo(_("listening in on call %(call)s", call=call))


for command in (agent_list, agent_add, agent_set):
    agent.add_command(command)
