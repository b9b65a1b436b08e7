"""Rows of the call log: who can be called, what happened on every call, and the raw facts behind it.

`CallEvent` is append-only and is the truth; `Call`, `QueueVisit` and `RingAttempt` are derived from
it by one state machine (`ivr.ledger`) and can be rebuilt at any time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db import Base, EncryptedText, JSONValue, UTCDateTime

_BigId = BigInteger().with_variant(Integer, "sqlite")


class Agent(Base):
    """Somebody who answers calls; `code` is the work number (工号) spoken in the greeting."""

    __tablename__ = "agent"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    interface: Mapped[str] = mapped_column(String(120), unique=True)
    """The name queue_log and the telephony know the agent by."""
    active: Mapped[bool] = mapped_column(default=True)


class Queue(Base):
    """A queue, with the names its agents greet with."""

    __tablename__ = "queue"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    """Name in flows and in queue_log."""
    title_zh: Mapped[str] = mapped_column(String(80))
    title_en: Mapped[str] = mapped_column(String(80))
    company: Mapped[str] = mapped_column(String(80), default="")
    departments: Mapped[list[str]] = mapped_column(JSONValue, default=list)
    """Department names an agent of this queue may greet with."""
    service_level_s: Mapped[float] = mapped_column(default=20.0)
    language: Mapped[str] = mapped_column(String(8), default="zh")
    members: Mapped[list[QueueMember]] = relationship(back_populates="queue", cascade="all, delete-orphan")


class QueueMember(Base):
    """An agent's place in a queue; the lowest penalty is rung first."""

    __tablename__ = "queue_member"

    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True, index=True)
    penalty: Mapped[int] = mapped_column(default=0)
    queue: Mapped[Queue] = relationship(back_populates="members")
    agent: Mapped[Agent] = relationship()


class Call(Base):
    """One call of one caller, from ring to hang-up.

    Outcomes: `answered`, `abandoned` (hung up in a queue), `voicemail`, `callback` (asked to be
    called), `hung_up` (left in the IVR), `closed` (told that nobody is there), `blocked`,
    `failed`, `unreached` (we called back in vain), `open` (still going on).
    """

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("provider", "provider_call_id"),
        Index("ix_call_agent_id_started_at", "agent_id", "started_at"),
        Index("ix_call_queue_id_started_at", "queue_id", "started_at"),
        Index("ix_call_outcome_started_at", "outcome", "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    """`asterisk`, `twilio` or `simulator`."""
    provider_call_id: Mapped[str] = mapped_column(String(80))
    caller: Mapped[str | None] = mapped_column(EncryptedText)
    caller_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    dialled: Mapped[str] = mapped_column(String(40), default="")
    language: Mapped[str] = mapped_column(String(8), default="zh")
    flow: Mapped[str] = mapped_column(String(80), default="")
    flow_version: Mapped[str] = mapped_column(String(64), default="")
    recording_allowed: Mapped[bool] = mapped_column(default=True)
    """False when the caller declined the consent announcement."""
    outcome: Mapped[str] = mapped_column(String(16), default="open")
    started_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queue.id"))
    """The last queue visited."""
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    """The agent who talked last."""
    wait_s: Mapped[float | None]
    """Seconds in queues, all visits together."""
    ring_s: Mapped[float | None]
    """Seconds the answering agent's phone rang."""
    talk_s: Mapped[float | None]
    survey_score: Mapped[int | None]
    facts_version: Mapped[int] = mapped_column(default=0)
    """Version of the state machine that derived this row."""
    end_published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the others were told that the call is over; they are told once."""

    queue: Mapped[Queue | None] = relationship()
    agent: Mapped[Agent | None] = relationship()
    visits: Mapped[list[QueueVisit]] = relationship(
        back_populates="call", cascade="all, delete-orphan", order_by="QueueVisit.number"
    )


class CallEvent(Base):
    """One fact as it reached us, never changed: a queue_log line, a step of the flow, a callback.

    (origin, position) is its identity: file identity and line number for queue_log, call and
    sequence number for a flow. The same fact read twice is one row. An origin begins with the
    provider and a slash. Callers' numbers and typed digits are never among the fields.
    """

    __tablename__ = "call_event"
    __table_args__ = (
        UniqueConstraint("origin", "position"),
        Index("ix_call_event_provider_call_id_at", "provider_call_id", "at"),
        Index(
            "ix_call_event_agent_at",
            "agent",
            "at",
            sqlite_where=text("provider_call_id = ''"),
            postgresql_where=text("provider_call_id = ''"),
        ),
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True)
    source: Mapped[str] = mapped_column(String(16))
    """`queue_log`, `flow`, `ami` (a hold, a crash, or a call that is gone) or `twilio`."""
    origin: Mapped[str] = mapped_column(String(120))
    position: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    provider_call_id: Mapped[str] = mapped_column(String(80))
    queue: Mapped[str] = mapped_column(String(80), default="")
    agent: Mapped[str] = mapped_column(String(120), default="")
    kind: Mapped[str] = mapped_column(String(32))
    fields: Mapped[Any] = mapped_column(JSONValue, default=list)
    """queue_log: the list data1..data5; flow: an object (node, outcome, variables without digits)."""


class QueueLogFile(Base):
    """A queue_log that was read, and how far; a file's identity survives renaming and compression."""

    __tablename__ = "queue_log_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(500))
    """Path it was last read under, or the table's address without a password."""
    lines: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    """Offset after the last line read; of a table, the last row's id."""
    read_at: Mapped[datetime] = mapped_column(UTCDateTime)


class QueueLogProblem(Base):
    """A line of a queue_log that could not be read, or shows a loss."""

    __tablename__ = "queue_log_problem"

    file_id: Mapped[int] = mapped_column(
        ForeignKey("queue_log_file.id", ondelete="CASCADE"), primary_key=True
    )
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    problem: Mapped[str] = mapped_column(String(16))
    """A key of `ivr.ledger.reading.PROBLEMS`."""
    detail: Mapped[str] = mapped_column(String(80), default="")
    file: Mapped[QueueLogFile] = relationship()


class QueueVisit(Base):
    """One stay of a call in one queue.

    Outcomes: `answered`, `abandoned`, `timeout`, `key` (pressed a key to leave), `empty`, `full`,
    `waiting` (not over), `orphan` (what ended it was never seen).
    """

    __tablename__ = "queue_visit"
    __table_args__ = (
        UniqueConstraint("call_id", "number"),
        Index("ix_queue_visit_queue_id_entered_at", "queue_id", "entered_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"))
    number: Mapped[int]
    """1 for the call's first visit."""
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"))
    entered_at: Mapped[datetime] = mapped_column(UTCDateTime)
    left_queue_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When an agent answered, or the caller left."""
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[str] = mapped_column(String(16))
    wait_s: Mapped[float | None]
    talk_s: Mapped[float | None]
    hold_s: Mapped[float | None]
    """Seconds of the talk in which the agent had the caller on hold; none when nobody told of any."""
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    original_position: Mapped[int | None]
    ended_by: Mapped[str] = mapped_column(String(16), default="")
    """`agent`, `caller`, `transfer`, `crash` (the telephony went down) or empty."""
    call: Mapped[Call] = relationship(back_populates="visits")
    queue: Mapped[Queue] = relationship()
    agent: Mapped[Agent | None] = relationship()
    rings: Mapped[list[RingAttempt]] = relationship(
        back_populates="visit", cascade="all, delete-orphan", order_by="RingAttempt.number"
    )


class RingAttempt(Base):
    """One agent's phone rung for one visit. Outcomes: `answered`, `no_answer`, `cancelled`."""

    __tablename__ = "ring_attempt"
    __table_args__ = (UniqueConstraint("visit_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("queue_visit.id", ondelete="CASCADE"))
    number: Mapped[int]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ring_s: Mapped[float]
    outcome: Mapped[str] = mapped_column(String(16))
    visit: Mapped[QueueVisit] = relationship(back_populates="rings")
    agent: Mapped[Agent | None] = relationship()


class LiveRow(Base):
    """The state of this moment as one telephony's watcher saw it; see `ivr.live`."""

    __tablename__ = "live_state"

    source: Mapped[str] = mapped_column(String(16), primary_key=True)
    floor: Mapped[dict[str, Any]] = mapped_column(JSONValue)
    heard_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    problem: Mapped[str] = mapped_column(String(200), default="")
    booted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    silent_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
