"""`sansheng user` and `sansheng audit`."""

from __future__ import annotations

import click
from sqlalchemy import select

from core.accounts import Role, User, add_user, disable_user
from core.audit import broken_entries, record_audit
from core.errors import ExitCode, NotFound
from core.i18n import gettext as _
from core.installation import Installation
from ivr.models import Agent


@click.group()
def user() -> None:
    """Manage the accounts of people."""


@user.command("add")
@click.argument("username")
@click.option("--role", type=click.Choice([r.value for r in Role]), required=True)
@click.option("--name", "display_name", default="", help="Name on screen (default: the user name).")
@click.option("--agent", "agent_code", help="Work number of the agent this account belongs to.")
@click.password_option(help="Asked for when it is not given.")
@click.pass_obj
def user_add(
    installation: Installation,
    username: str,
    role: str,
    display_name: str,
    agent_code: str | None,
    password: str,
) -> None:
    """Add an account."""
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        agent_id = None
        if agent_code is not None:
            agent_id = session.scalar(select(Agent.id).where(Agent.code == agent_code))
            if agent_id is None:
                raise NotFound(_("There is no agent with the work number %(code)s.", code=agent_code))
        added = add_user(
            session,
            username=username,
            display_name=display_name or username,
            role=Role(role),
            password=password,
            now=now,
            agent_id=agent_id,
        )
        record_audit(
            session, at=now, user_id=None, action="user_added", subject=f"user:{added.username}", role=role
        )
    click.echo(_("added %(name)s (%(role)s)", name=username, role=role))


@user.command("list")
@click.pass_obj
def user_list(installation: Installation) -> None:
    """List all accounts."""
    with installation.unit_of_work(read_only=True) as session:
        for row in session.scalars(select(User).order_by(User.username)):
            click.echo(
                f"{row.username:<20} {row.role:<12} {_('active') if row.active else _('disabled'):<9} {row.display_name}"
            )


@user.command("disable")
@click.argument("username")
@click.pass_obj
def user_disable(installation: Installation, username: str) -> None:
    """Close an account and end its sessions."""
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        closed = disable_user(session, username)
        record_audit(session, at=now, user_id=None, action="user_disabled", subject=f"user:{closed.username}")
    click.echo(_("disabled %(name)s", name=username))


@click.group()
def audit() -> None:
    """Work with the audit trail."""


@audit.command("verify")
@click.pass_context
def audit_verify(ctx: click.Context) -> None:
    """Check the chain of hashes; exit 1 and one line for every break."""
    installation: Installation = ctx.obj
    with installation.unit_of_work(read_only=True) as session:
        broken = list(broken_entries(session))
    for number, problem in broken:
        click.echo(_("audit entry %(number)s: %(problem)s", number=number, problem=problem))
    if broken:
        ctx.exit(ExitCode.BAD_INPUT)
    click.echo(_("the audit trail is whole"))
