"""The rows of the administration pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts import User
from core.audit import AuditEntry
from core.errors import BadInput
from core.i18n import gettext as _
from ivr.models import Agent

PAGE_SIZE: Final = 100


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of the audit trail: entries with the name of who acted, the actions to choose from."""

    rows: Sequence[tuple[AuditEntry, str | None]]
    action: str
    actions: Sequence[str]
    next_before: int | None


def accounts(session: Session) -> list[tuple[User, Agent | None]]:
    """Return all accounts with the agent each belongs to, the active ones first."""
    rows = session.execute(
        select(User, Agent)
        .outerjoin(Agent, Agent.id == User.agent_id)
        .order_by(User.active.desc(), User.username)
    )
    return [(user, agent) for user, agent in rows]


def agent_id_of(session: Session, code: str) -> int | None:
    """Return the agent of a work number, None for no number; raises BadInput for an unknown one."""
    if not code:
        return None
    found = session.scalar(select(Agent.id).where(Agent.code == code))
    if found is None:
        raise BadInput(_("There is no agent with the work number %(code)s.", code=code))
    return found


def audit_page(session: Session, *, before: int | None, action: str) -> AuditPage:
    """Return one page of the audit trail, the latest entries first."""
    entries = select(AuditEntry, User.display_name).outerjoin(User, User.id == AuditEntry.user_id)
    if before is not None:
        entries = entries.where(AuditEntry.number < before)
    if action:
        entries = entries.where(AuditEntry.action == action)
    rows = session.execute(entries.order_by(AuditEntry.number.desc()).limit(PAGE_SIZE + 1)).all()
    shown = [(entry, name) for entry, name in rows[:PAGE_SIZE]]
    more = len(rows) > PAGE_SIZE
    actions = session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)).all()
    return AuditPage(shown, action, actions, shown[-1][0].number if more else None)
