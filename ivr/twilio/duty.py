"""Agents come on duty, pause and leave on Twilio's line, where our own rows say whom we ring.

The ledger is told in queue_log's words, so that the hours of both lines' agents are counted alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.audit import record_audit
from core.errors import Conflict
from core.i18n import gettext as _
from core.installation import Installation
from core.setting_sections import TwilioSettings
from ivr.models import Agent, Queue, QueueMember
from ivr.presence.models import AgentSession
from ivr.twilio.dispatch import dispatch
from ivr.twilio.facts import PROVIDER, QueueEvent, record_presence
from ivr.twilio.models import TwilioAgent

State = Literal["ready", "paused", "away"]

_TOLD: Final = {"ready": "agent_resumed", "paused": "agent_paused", "away": "agent_logged_out"}


def is_on_twilio(session: Session, agent_id: int) -> bool:
    """Whether an agent is rung through Twilio."""
    return session.get(TwilioAgent, agent_id) is not None


def set_state(
    session: Session,
    settings: TwilioSettings,
    agent: TwilioAgent,
    state: State,
    now: datetime,
    *,
    reason: str = "",
) -> None:
    """Say whether calls may come to an agent; who has become ready is rung for those who wait."""
    if agent.state != state or reason:
        record_presence(session, _told(session, agent, state, now, reason))
    if agent.state != state:
        agent.state, agent.idle_since = state, now
    session.flush()
    dispatch(session, settings, now)


def change_duty(
    installation: Installation, code: str, state: State, *, user_id: int | None = None, reason: str = ""
) -> None:
    """Let an agent come, pause, go on or leave; it is noted with the reason.

    Raises:
        Conflict: the agent has no telephone at Twilio, or pauses without being on duty.
    """
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        agent = session.scalar(
            select(TwilioAgent).join(TwilioAgent.agent).where(Agent.code == code, Agent.active.is_(True))
        )
        if agent is None:
            raise Conflict(_("agent %(code)s has no telephone yet: give --address", code=code))
        if agent.state == "away" and state == "paused":
            raise Conflict(_("agent %(code)s is not logged in", code=code))
        told = "agent_logged_in" if agent.state == "away" and state == "ready" else _TOLD[state]
        set_state(session, installation.settings.twilio, agent, state, now, reason=reason)
        detail = {"reason": reason} if reason else {}
        record_audit(session, at=now, user_id=user_id, action=told, subject=f"agent:{code}", **detail)


def _told(session: Session, agent: TwilioAgent, state: State, now: datetime, reason: str) -> list[QueueEvent]:
    """Return what Asterisk would have written into queue_log."""
    who = agent.agent.interface
    there = session.scalar(
        select(AgentSession.id)
        .where(
            AgentSession.provider == PROVIDER,
            AgentSession.agent_id == agent.agent_id,
            AgentSession.settled_at.is_(None),
        )
        .limit(1)
    )
    if state == "away":
        return [QueueEvent("REMOVEMEMBER", now, "", who)] if there else []
    came = [] if there else [QueueEvent("ADDMEMBER", now, queue, who) for queue in _queues(session, agent)]
    if state == "paused":
        return [*came, QueueEvent("PAUSE", now, "", who, (reason,))]
    return [*came, QueueEvent("UNPAUSE", now, "", who)]


def _queues(session: Session, agent: TwilioAgent) -> list[str]:
    """Return the queues an agent serves; the empty name for one who serves none."""
    names = select(Queue.name).join(Queue.members).where(QueueMember.agent_id == agent.agent_id)
    return list(session.scalars(names.order_by(Queue.name))) or [""]
