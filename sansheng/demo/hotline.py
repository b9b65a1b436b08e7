"""The demo hotline's people: three queues, six agents and an account for each role."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts import Role, User, add_user
from ivr.models import Agent, Queue, QueueMember
from sansheng.demo.calls import agents

COMPANY: Final = "云帆科技"
PASSWORD: Final = "sansheng-demo"  # noqa: S105  (printed on the terminal; the demo listens on loopback only)


class DemoQueue(NamedTuple):
    """A queue of the demo hotline and who is rung for it first; the others are the second choice."""

    name: str
    title_zh: str
    title_en: str
    departments: tuple[str, ...]
    first: tuple[str, ...]


QUEUES: Final = (
    DemoQueue("consulting", "咨询", "Enquiries", ("客服中心", "客服部", "客户服务中心"), ("1001", "1002")),
    DemoQueue("after_sales", "售后", "After-sales", ("售后服务部", "售后部"), ("1003", "1004")),
    DemoQueue("complaints", "投诉", "Complaints", ("投诉部", "客服中心"), ("1005", "1006")),
)
ACCOUNTS: Final = (
    ("inspector", "孙悦", Role.INSPECTOR, None),
    ("inspector2", "周航", Role.INSPECTOR, None),
    ("lead", "林峰", Role.QA_LEAD, None),
    ("supervisor", "吴静", Role.SUPERVISOR, None),
    ("admin", "高远", Role.ADMIN, None),
    ("agent1001", "王敏", Role.AGENT, "1001"),
    ("agent1003", "张伟", Role.AGENT, "1003"),
)


def seed_people(session: Session, *, now: datetime) -> None:
    """Write queues, agents and accounts; does nothing when they are there already."""
    if session.scalar(select(User.id).limit(1)):
        return
    by_code = {}
    for scripted in agents():
        by_code[scripted.code] = Agent(
            code=scripted.code, name=scripted.name, interface=f"PJSIP/{scripted.code}"
        )
    session.add_all(by_code.values())
    for queue in QUEUES:
        row = Queue(
            name=queue.name,
            title_zh=queue.title_zh,
            title_en=queue.title_en,
            company=COMPANY,
            departments=list(queue.departments),
        )
        row.members = [
            QueueMember(agent=agent, penalty=0 if code in queue.first else 1)
            for code, agent in by_code.items()
        ]
        session.add(row)
    session.flush()
    for username, name, role, code in ACCOUNTS:
        agent_id = by_code[code].id if code else None
        add_user(
            session,
            username=username,
            display_name=name,
            role=role,
            password=PASSWORD,
            now=now,
            agent_id=agent_id,
        )
