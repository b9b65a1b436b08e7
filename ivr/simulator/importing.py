"""A simulated day on its way into an installation: through the ledger, as a real one would come."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.installation import Installation
from ivr.ledger.steps import record_flow_steps
from ivr.ledger.store import import_queue_log
from ivr.models import Agent, Queue, QueueMember
from ivr.simulator.day import SimulatedDay
from ivr.simulator.plan import SimulatedAgent

PROVIDER = "simulator"


def working_agents(session: Session) -> tuple[SimulatedAgent, ...]:
    """Return the installation's active agents with their queues, as a plan wants them."""
    members = select(Agent.code, Agent.interface, Queue.name, QueueMember.penalty).where(
        QueueMember.agent_id == Agent.id, QueueMember.queue_id == Queue.id, Agent.active
    )
    queues: dict[tuple[str, str], dict[str, int]] = {}
    for code, interface, queue, penalty in session.execute(members.order_by(Agent.code, Queue.id)):
        queues.setdefault((code, interface), {})[queue] = penalty
    return tuple(
        SimulatedAgent(code=code, interface=interface, queues=served)
        for (code, interface), served in queues.items()
    )


def import_day(installation: Installation, day: SimulatedDay) -> Path:
    """Take a day's flow steps and its queue_log into the ledger; return where the log was written.

    A day that was taken in before changes nothing.
    """
    for call in day.calls:
        with installation.unit_of_work() as session:
            record_flow_steps(
                session,
                call.call_id,
                call.steps,
                now=call.steps[-1].at,
                provider=PROVIDER,
                caller=call.caller,
                dialled=call.dialled,
            )
    path = installation.settings.home / PROVIDER / f"queue_log-{day.plan.day}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in day.queue_log_lines()), encoding="utf-8")
    import_queue_log(installation, [path], provider=PROVIDER)
    return path
