"""Rows of calls in progress on Twilio. They are working notes: what happened is in the call log (`ivr.ledger`).

What callers typed and their numbers are in the flow's state and in spoken read-backs, so both are encrypted, and
gone soon after the call.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db import Base, EncryptedText, UTCDateTime
from ivr.models import Agent


class TwilioCall(Base):
    """A caller's leg, or a stand-in for one who was promised a callback (`ivr.twilio.callbacks`).

    Attributes:
        state: the interpreter's state; none once the call is over.
        waiting: what the answer of `sequence` waits for: `digits`, `queue`, `dial`, `record`; empty: nothing.
        sequence: number of the last document given.
        steps: flow steps told to the ledger so far.
        queue, line, priority: the queue the caller is in, the name Twilio knows it by, and the place in it.
        leaving: why we had the caller leave the queue: `timeout`, `callback`, `left`.
        completed_at: when Twilio said that the leg has ended.
    """

    __tablename__ = "twilio_call"
    __table_args__ = (
        Index("ix_twilio_call_line_entered_at", "line", "entered_at"),
        Index("ix_twilio_call_waiting", "waiting"),  # few calls go on, and the rows of all others stay
    )

    call_sid: Mapped[str] = mapped_column(String(34), primary_key=True)
    state: Mapped[str | None] = mapped_column(EncryptedText)
    waiting: Mapped[str] = mapped_column(String(16), default="")
    sequence: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int] = mapped_column(default=0)
    queue: Mapped[str] = mapped_column(String(80), default="")
    line: Mapped[str] = mapped_column(String(64), default="")
    priority: Mapped[int] = mapped_column(default=0)
    leaving: Mapped[str] = mapped_column(String(16), default="")
    entered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    connected_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class TwilioAnswer(Base):
    """The document a request was answered with: the same request gets it again, without a second effect."""

    __tablename__ = "twilio_answer"

    call_sid: Mapped[str] = mapped_column(
        ForeignKey("twilio_call.call_sid", ondelete="CASCADE"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(EncryptedText)


class TwilioAgent(Base):
    """Where an agent is reached and whether calls may come: `away`, `ready`, `paused`."""

    __tablename__ = "twilio_agent"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    address: Mapped[str] = mapped_column(EncryptedText)
    """A number (+ and digits) or `sip:user@host`."""
    state: Mapped[str] = mapped_column(String(8), default="away")
    idle_since: Mapped[datetime] = mapped_column(UTCDateTime)
    agent: Mapped[Agent] = relationship()


class TwilioOffer(Base):
    """An agent's phone rung for a line.

    States: `placed` (to be dialled), `ringing`, `answered`, `accepted`, `bridged`, `ended`.

    Attributes:
        leg_sid: the agent's leg, once Twilio has made it.
        caller_sid: whose call the agent got.
        talk_s: length of the conversation as Twilio tells it.
    """

    __tablename__ = "twilio_offer"
    __table_args__ = (
        Index("ix_twilio_offer_line_state", "line", "state"),
        Index("ix_twilio_offer_state", "state"),  # every stretch of waiting looks for those that go on
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    line: Mapped[str] = mapped_column(String(64))
    for_sid: Mapped[str] = mapped_column(String(34), index=True)
    """The caller whose waiting made us ring."""
    leg_sid: Mapped[str | None] = mapped_column(String(34), unique=True)
    caller_sid: Mapped[str | None] = mapped_column(String(34), index=True)
    state: Mapped[str] = mapped_column(String(8), default="placed")
    placed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ringing_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    talk_s: Mapped[float | None]
    agent: Mapped[Agent] = relationship()


class TwilioRecording(Base):
    """A recording at Twilio on its way to us.

    States: `started`, `completed` (to be fetched), `fetched` (in the spool), `stored` (with us, to be deleted
    there), `deleted`, `absent` (Twilio kept nothing), `failed`.
    """

    __tablename__ = "twilio_recording"

    sid: Mapped[str] = mapped_column(String(34), primary_key=True)
    call_sid: Mapped[str] = mapped_column(String(34), index=True)
    """The caller's leg, also where Twilio named the agent's."""
    kind: Mapped[str] = mapped_column(String(16))
    """`conversation` or `voicemail`."""
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    agent_channel: Mapped[int | None]
    channels: Mapped[int]
    duration_s: Mapped[float | None]
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(16), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(String(200), default="")
    noted_at: Mapped[datetime] = mapped_column(UTCDateTime)


class TwilioRefusal(Base):
    """How often a webhook was refused, and why; `sansheng twilio doctor` shows it."""

    __tablename__ = "twilio_refusal"

    reason: Mapped[str] = mapped_column(String(32), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
