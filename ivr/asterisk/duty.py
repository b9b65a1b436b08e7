"""Agents come on duty, pause and leave, through Asterisk's queues.

Asterisk is where it is kept who is there, whether they came by a key or through us; queue_log tells it to
the ledger. Every act can be repeated: to log in who is there already is no fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from core.audit import record_audit
from core.errors import BadInput, Conflict, NotFound
from core.i18n import N_
from core.i18n import gettext as _
from core.installation import Installation
from ivr.asterisk.ami.connection import AmiConnection
from ivr.asterisk.ami.errors import AmiRefused
from ivr.asterisk.ami.opening import asterisk_line
from ivr.models import Agent, Queue, QueueMember

PAUSE_REASONS: Final = {
    "short_break": N_("short break"),
    "lunch": N_("lunch"),
    "training": N_("training"),
    "after_call_work": N_("after-call work"),
}
"""Why an agent takes no calls for a while: the word in queue_log and on the keys, and how it is called."""

_INTERFACE: Final = re.compile(r"PJSIP/[A-Za-z0-9_.-]{1,80}", re.ASCII)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """An agent with what Asterisk needs to know: queues by name with the penalty there."""

    code: str
    interface: str
    queues: dict[str, int]


def log_in(installation: Installation, code: str, *, user_id: int | None = None) -> OnDuty:
    """Bring an agent into all queues of theirs; who is paused goes on.

    Raises:
        NotFound: there is no such agent.
        Conflict: the agent belongs to no queue, or Asterisk does not know one of them.
        MissingPart, AmiLost: see `asterisk_line`.
    """
    agent = agent_on_duty(installation, code)
    if not agent.queues:
        raise Conflict(_("agent %(code)s belongs to no queue", code=code))

    def add(line: AmiConnection) -> None:
        for queue, penalty in agent.queues.items():
            # MemberName is what queue_log says, and the ledger knows agents by the interface.
            told = {"Interface": agent.interface, "MemberName": agent.interface, "Penalty": penalty}
            _unless(line, "Already there", "QueueAdd", Queue=queue, Paused="false", **told)
        line.action("QueuePause", Interface=agent.interface, Paused="false")

    _act(installation, add, "agent_logged_in", agent, user_id)
    return agent


def log_out(installation: Installation, code: str, *, user_id: int | None = None) -> OnDuty:
    """Take an agent out of all queues, also of those that are no longer theirs; raises as `log_in`."""
    agent = agent_on_duty(installation, code)

    def remove(line: AmiConnection) -> None:
        for queue in sorted(_queues_of(line, agent.interface)):
            _unless(line, "Not there", "QueueRemove", Queue=queue, Interface=agent.interface)

    _act(installation, remove, "agent_logged_out", agent, user_id)
    return agent


def pause(installation: Installation, code: str, reason: str, *, user_id: int | None = None) -> OnDuty:
    """Give an agent no calls for a while.

    Raises:
        BadInput: the reason is none of `PAUSE_REASONS`.
        Conflict: the agent is not logged in.
        NotFound, MissingPart, AmiLost: as `log_in`.
    """
    if reason not in PAUSE_REASONS:
        raise BadInput(
            _(
                "%(reason)r is no reason for a pause; there are %(known)s",
                reason=reason,
                known=", ".join(PAUSE_REASONS),
            )
        )
    agent = agent_on_duty(installation, code)
    _act(
        installation, lambda line: _pause(line, agent, reason), "agent_paused", agent, user_id, reason=reason
    )
    return agent


def resume(installation: Installation, code: str, *, user_id: int | None = None) -> OnDuty:
    """Give an agent calls again; raises as `pause`."""
    agent = agent_on_duty(installation, code)
    _act(installation, lambda line: _pause(line, agent, None), "agent_resumed", agent, user_id)
    return agent


def agent_on_duty(installation: Installation, code: str) -> OnDuty:
    """Return an active agent by code; raises NotFound, or Conflict for an interface that is no telephone."""
    with installation.unit_of_work(read_only=True) as session:
        agent = session.scalar(select(Agent).where(Agent.code == code, Agent.active.is_(True)))
        if agent is None:
            raise NotFound(_("there is no agent with the code %(code)s", code=code))
        places = session.execute(
            select(Queue.name, QueueMember.penalty)
            .join(QueueMember.queue)
            .where(QueueMember.agent_id == agent.id)
            .order_by(Queue.name)
        )
        queues = {place.name: place.penalty for place in places}
    return OnDuty(code, telephone(agent.interface), queues)


def telephone(interface: str) -> str:
    """Return an interface that is one of our telephones; anything Asterisk could dial out by is refused."""
    if not _INTERFACE.fullmatch(interface):
        raise Conflict(
            _(
                "%(interface)r is no telephone of this installation; write PJSIP/1001",
                interface=interface[:80],
            )
        )
    return interface


def _pause(line: AmiConnection, agent: OnDuty, reason: str | None) -> None:
    told = {"Paused": "true", "Reason": reason} if reason else {"Paused": "false"}
    try:
        line.action("QueuePause", Interface=agent.interface, **told)
    except AmiRefused as error:
        if error.reason != "Interface not found":
            raise
        raise Conflict(_("agent %(code)s is not logged in", code=agent.code)) from None


def _queues_of(line: AmiConnection, interface: str) -> set[str]:
    members = line.listing("QueueStatus", until="QueueStatusComplete", Member=interface)
    return {
        member.get("Queue")
        for member in members
        if member.event == "QueueMember" and member.get("Location") == interface
    }


def _unless(line: AmiConnection, fine: str, action: str, **headers: object) -> None:
    """Do something whose refusal for one reason means that it was done before."""
    try:
        line.action(action, **headers)
    except AmiRefused as error:
        if error.reason.endswith("No such queue"):
            raise Conflict(
                _(
                    "Asterisk does not know the queue %(queue)s; write its configuration again: "
                    "sansheng asterisk config",
                    queue=headers["Queue"],
                )
            ) from None
        if not error.reason.endswith(fine):
            raise


def _act(
    installation: Installation,
    act: Callable[[AmiConnection], None],
    told: str,
    agent: OnDuty,
    user_id: int | None,
    **detail: str,
) -> None:
    with asterisk_line(installation) as line:
        act(line)
    with installation.unit_of_work() as session:
        record_audit(
            session,
            at=installation.clock.now(),
            user_id=user_id,
            action=told,
            subject=f"agent:{agent.code}",
            **detail,
        )
