"""Agents, queues and who answers which, as an administrator sets them. Every change is an audit entry.

The call log adds agents and queues it has not seen before under the telephony's names; here they get the
names people use, which greetings are judged against.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from core.audit import record_audit
from core.errors import BadInput, Conflict, NotFound
from core.i18n import gettext as _
from ivr.models import Agent, Queue, QueueMember

LANGUAGES: Final = ("zh", "en")
MOST_PENALTY: Final = 100

_QUEUE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")  # what Asterisk's dial plan can name
_CODE: Final = re.compile(r"[0-9A-Za-z_-]{1,32}")
_INTERFACE: Final = re.compile(r"[^\s|,&]{1,120}")  # what queue_log and the dial plan use as separators
_MOST_NAME: Final = 80
_LONGEST_WAIT_S: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChange:
    """What is to be set on an agent; None leaves it as it is."""

    code: str | None = None
    name: str | None = None
    interface: str | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChange:
    """What is to be set on a queue; None leaves it as it is. An empty company or list takes it away."""

    title_zh: str | None = None
    title_en: str | None = None
    company: str | None = None
    departments: Sequence[str] | None = None
    service_level_s: float | None = None
    language: str | None = None


def list_agents(session: Session) -> Sequence[Agent]:
    """Return all agents by code."""
    return session.scalars(select(Agent).order_by(Agent.code)).all()


def list_queues(session: Session) -> Sequence[Queue]:
    """Return all queues by name, their members loaded."""
    members = selectinload(Queue.members).joinedload(QueueMember.agent)
    return session.scalars(select(Queue).options(members).order_by(Queue.name)).all()


def find_agent(session: Session, who: str) -> Agent:
    """Return an agent by work number or by interface; raises NotFound."""
    found = session.scalar(select(Agent).where(Agent.code == who)) or session.scalar(
        select(Agent).where(Agent.interface == who)
    )
    if found is None:
        raise NotFound(
            _(
                "there is no agent with the work number or interface %(who)s; see: sansheng agent list",
                who=who,
            )
        )
    return found


def find_queue(session: Session, name: str) -> Queue:
    """Return a queue by its name in flows and queue_log; raises NotFound."""
    found = session.scalar(select(Queue).where(Queue.name == name))
    if found is None:
        raise NotFound(_("there is no queue %(name)s", name=name))
    return found


def add_agent(
    session: Session, *, code: str, name: str, interface: str, at: datetime, by: int | None = None
) -> Agent:
    """Add an agent; raises as `set_agent`."""
    agent = Agent(code=code, name=name, interface=interface, active=True)
    wanted = AgentChange(code=code, name=name, interface=interface)
    _check_agent(session, agent, wanted)
    session.add(agent)
    session.flush()
    _note(session, "agent_added", f"agent:{agent.id}", _given(wanted), at, by)
    return agent


def set_agent(
    session: Session, agent: Agent, change: AgentChange, *, at: datetime, by: int | None = None
) -> bool:
    """Change an agent; False when nothing differs.

    Raises:
        BadInput: a value cannot be used.
        Conflict: the work number or the interface is another agent's.
    """
    _check_agent(session, agent, change)
    changed = _apply(agent, _given(change))
    if changed:
        session.flush()
        _note(session, "agent_changed", f"agent:{agent.id}", changed, at, by)
    return bool(changed)


def add_queue(
    session: Session, name: str, change: QueueChange, *, at: datetime, by: int | None = None
) -> Queue:
    """Add a queue; its titles are its name unless given. Raises as `set_queue`, and Conflict if it is there."""
    if not _QUEUE_NAME.fullmatch(name):
        raise BadInput(_("%(name)s: a queue is named with letters, digits, _ and -", name=name[:_MOST_NAME]))
    if session.scalar(select(Queue.id).where(Queue.name == name)) is not None:
        raise Conflict(_("there is a queue %(name)s already", name=name))
    _check_queue(change)
    queue = Queue(
        name=name,
        title_zh=name,
        title_en=name,
        company="",
        departments=[],
        service_level_s=20.0,
        language="zh",
    )
    _apply(queue, _given(change))
    session.add(queue)
    session.flush()
    _note(session, "queue_added", f"queue:{queue.id}", {"name": name, **_given(change)}, at, by)
    return queue


def set_queue(
    session: Session, queue: Queue, change: QueueChange, *, at: datetime, by: int | None = None
) -> bool:
    """Change a queue; False when nothing differs. Raises BadInput for a value that cannot be used."""
    _check_queue(change)
    changed = _apply(queue, _given(change))
    if changed:
        session.flush()
        _note(session, "queue_changed", f"queue:{queue.id}", changed, at, by)
    return bool(changed)


def set_member(
    session: Session, queue: Queue, agent: Agent, penalty: int | None, *, at: datetime, by: int | None = None
) -> bool:
    """Let an agent answer a queue with a penalty (the lowest is rung first), or no longer (None).

    Returns False when it was so before. An agent who is logged in keeps the old places until the next log-in.

    Raises:
        BadInput: the penalty is out of range.
    """
    if penalty is not None and not 0 <= penalty <= MOST_PENALTY:
        raise BadInput(_("a penalty is 0 to %(most)s", most=MOST_PENALTY))
    member = session.get(QueueMember, (queue.id, agent.id))
    before = None if member is None else member.penalty
    if before == penalty:
        return False
    if penalty is None:
        session.delete(member)
    elif member is None:
        session.add(QueueMember(queue_id=queue.id, agent_id=agent.id, penalty=penalty))
    else:
        member.penalty = penalty
    session.flush()
    detail = {"agent": agent.id, "penalty": [before, penalty]}
    _note(session, "queue_member_changed", f"queue:{queue.id}", detail, at, by)
    return True


def _given(change: AgentChange | QueueChange) -> dict[str, Any]:
    return {name: value for name, value in asdict(change).items() if value is not None}


def _apply(row: Agent | Queue, wanted: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Set what differs; return field → [before, after]."""
    changed = {}
    for field, value in wanted.items():
        before = getattr(row, field)
        if before != value:
            changed[field] = [before, value]
            setattr(row, field, value)
    return changed


def _check_agent(session: Session, agent: Agent, change: AgentChange) -> None:
    if change.code is not None and not _CODE.fullmatch(change.code):
        raise BadInput(
            _("%(code)s: a work number has up to 32 letters and digits", code=change.code[:_MOST_NAME])
        )
    if change.interface is not None and not _INTERFACE.fullmatch(change.interface):
        raise BadInput(
            _(
                "%(interface)s: an interface is the agent's name in queue_log, such as PJSIP/1001",
                interface=change.interface[:_MOST_NAME],
            )
        )
    if change.name is not None:
        _check_name("name", change.name)
    taken = ((Agent.code, change.code), (Agent.interface, change.interface))
    for column, value in taken:
        if value is None:
            continue
        with session.no_autoflush:
            other = session.scalar(select(Agent).where(column == value))
        if other is not None and other is not agent:
            raise Conflict(
                _(
                    "%(value)s belongs to agent %(code)s, %(name)s, already",
                    value=value,
                    code=other.code,
                    name=other.name,
                )
            )


def _check_queue(change: QueueChange) -> None:
    for field in ("title_zh", "title_en"):
        if (title := getattr(change, field)) is not None:
            _check_name(field, title)
    if change.company:
        _check_name("company", change.company)
    for department in change.departments or ():
        _check_name("department", department)
    if change.service_level_s is not None and not 0 < change.service_level_s <= _LONGEST_WAIT_S:
        raise BadInput(_("a service level is more than 0 and at most 3600 seconds"))
    if change.language is not None and change.language not in LANGUAGES:
        raise BadInput(
            _(
                "%(language)s: the languages are %(known)s",
                language=change.language[:8],
                known=", ".join(LANGUAGES),
            )
        )


def _check_name(field: str, value: str) -> None:
    if not value.strip() or value != value.strip() or len(value) > _MOST_NAME or not value.isprintable():
        raise BadInput(
            _(
                "%(field)s: write 1 to %(most)s characters, without space at either end",
                field=field,
                most=_MOST_NAME,
            )
        )


def _note(
    session: Session, action: str, subject: str, detail: Mapping[str, Any], at: datetime, by: int | None
) -> None:
    record_audit(session, at=at, user_id=by, action=action, subject=subject, **detail)
