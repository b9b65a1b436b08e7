"""Rows of agents' presence. Both are derived (`ivr.presence.machine`) and can be rebuilt at any time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db import Base, UTCDateTime
from ivr.models import Agent, Queue


class AgentSession(Base):
    """A stretch an agent was logged in to a queue; without a queue: to any, whatever came and went meanwhile."""

    __tablename__ = "agent_session"
    __table_args__ = (
        Index("ix_agent_session_agent_id_settled_at", "agent_id", "settled_at"),
        Index("ix_agent_session_began_at", "began_at"),
        Index("ix_agent_session_queue_id_ended_at", "queue_id", "ended_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queue.id"))
    began_at: Mapped[datetime] = mapped_column(UTCDateTime)
    began_by: Mapped[str] = mapped_column(String(8))
    """`login`; `unknown`: only the end was told, and the session is as long as that says."""
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by: Mapped[str] = mapped_column(String(8), default="")
    """`logout`; `restart`: a restart of the telephony forgot the agent; `unknown`: the end was never
    told, and the session counts to the last that was heard of the agent."""
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the end was told: later than `ended_at` where another log-in showed it."""
    restarts: Mapped[int] = mapped_column(default=0)
    """Restarts of the telephony that the session outlived."""
    agent: Mapped[Agent] = relationship()
    queue: Mapped[Queue | None] = relationship()


class AgentPause(Base):
    """A stretch an agent took no calls of a queue; without a queue: of none."""

    __tablename__ = "agent_pause"
    __table_args__ = (
        Index("ix_agent_pause_agent_id_settled_at", "agent_id", "settled_at"),
        Index("ix_agent_pause_began_at", "began_at"),
        Index("ix_agent_pause_queue_id_ended_at", "queue_id", "ended_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queue.id"))
    began_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the end was told, as in `AgentSession`."""
    reason: Mapped[str] = mapped_column(String(80), default="")
    agent: Mapped[Agent] = relationship()
    queue: Mapped[Queue | None] = relationship()
