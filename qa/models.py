"""Rows of judging: scorecards, what the machine answered, what was sampled, what people answered.

Automatic and human answers are stored side by side and never overwrite each other.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.accounts import User
from core.db import Base, JSONValue, UTCDateTime
from ivr.models import Agent
from recording.models import Recording, Transcript


class Verdict(StrEnum):
    """An answer to one criterion. `human` means: the machine abstains and a person must decide."""

    PASS = "pass"  # noqa: S105  (an answer, not a password)
    FAIL = "fail"
    HUMAN = "human"
    NA = "na"


class ScorecardVersion(Base):
    """A published scorecard. Immutable: a change is a new version, help texts included."""

    __tablename__ = "scorecard_version"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    version: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    document: Mapped[str]
    """The YAML as published."""
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)


class AutoScore(Base):
    """One machine score of one transcript by one scorecard version."""

    __tablename__ = "auto_score"
    __table_args__ = (UniqueConstraint("transcript_id", "scorecard_version_id", "measure_version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"), index=True)
    transcript_id: Mapped[int] = mapped_column(ForeignKey("transcript.id", ondelete="CASCADE"))
    scorecard_version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id"))
    measure_version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    points: Mapped[float | None]
    """0 to 100 over the criteria the machine decided; None when it decided none."""
    coverage: Mapped[float]
    """Share of the applicable weight the machine decided, 0 to 1."""
    critical: Mapped[bool] = mapped_column(default=False)
    """A critical error was found; it waits for a person to confirm it."""
    recording: Mapped[Recording] = relationship()
    transcript: Mapped[Transcript] = relationship()
    scorecard_version: Mapped[ScorecardVersion] = relationship()
    answers: Mapped[list[AutoAnswer]] = relationship(
        back_populates="score", cascade="all, delete-orphan", order_by="AutoAnswer.id"
    )


class AutoAnswer(Base):
    """The machine's answer to one criterion, with its evidence."""

    __tablename__ = "auto_answer"
    __table_args__ = (UniqueConstraint("score_id", "criterion"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    score_id: Mapped[int] = mapped_column(ForeignKey("auto_score.id", ondelete="CASCADE"))
    criterion: Mapped[str] = mapped_column(String(80))
    verdict: Mapped[str] = mapped_column(String(8), index=True)
    reason: Mapped[str] = mapped_column(String(80))
    """Stable id of why, e.g. `phrase_missing`; `qa.reasons` has the sentence in both languages."""
    reason_values: Mapped[dict[str, Any]] = mapped_column(JSONValue, default=dict)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONValue, default=list)
    """Objects with start_s, end_s, role, quote, similarity, confidence (those that apply)."""
    score: Mapped[AutoScore] = relationship(back_populates="answers")


class Draw(Base):
    """A reproducible random draw: with the seed and the frame anybody can draw it again."""

    __tablename__ = "draw"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan: Mapped[str] = mapped_column(String(80))
    period_start: Mapped[datetime] = mapped_column(UTCDateTime)
    period_end: Mapped[datetime] = mapped_column(UTCDateTime)
    per_agent: Mapped[int]
    seed: Mapped[str] = mapped_column(String(64))
    frame_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 over the sorted ids of all eligible calls."""
    frame: Mapped[list[list[int]]] = mapped_column(JSONValue)
    """[recording id, agent id] of every eligible call."""
    excluded: Mapped[dict[str, int]] = mapped_column(JSONValue, default=dict)
    """Why calls of the period were not eligible, counted."""
    drawn_at: Mapped[datetime] = mapped_column(UTCDateTime)
    drawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    samples: Mapped[list[Sample]] = relationship(
        back_populates="draw", cascade="all, delete-orphan", order_by="Sample.id"
    )


class Sample(Base):
    """One drawn call and who is to grade it."""

    __tablename__ = "sample"
    __table_args__ = (UniqueConstraint("draw_id", "recording_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id", ondelete="CASCADE"))
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    evaluator_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    draw: Mapped[Draw] = relationship(back_populates="samples")
    recording: Mapped[Recording] = relationship()
    agent: Mapped[Agent] = relationship()
    evaluator: Mapped[User | None] = relationship()


class Evaluation(Base):
    """A person's grade of one call.

    States: `draft` → `submitted` → `acknowledged` or `disputed` → `closed`.
    """

    __tablename__ = "evaluation"
    __table_args__ = (UniqueConstraint("recording_id", "evaluator_id", "scorecard_version_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"), index=True)
    sample_id: Mapped[int | None] = mapped_column(ForeignKey("sample.id"), index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    scorecard_version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id"))
    evaluator_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default="draft", index=True)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    points: Mapped[float | None]
    """0 to 100, set at submission."""
    critical: Mapped[bool] = mapped_column(default=False)
    summary: Mapped[str] = mapped_column(default="")
    recording: Mapped[Recording] = relationship()
    sample: Mapped[Sample | None] = relationship()
    agent: Mapped[Agent | None] = relationship()
    scorecard_version: Mapped[ScorecardVersion] = relationship()
    evaluator: Mapped[User] = relationship()
    answers: Mapped[list[Answer]] = relationship(back_populates="evaluation", cascade="all, delete-orphan")
    comments: Mapped[list[Comment]] = relationship(
        back_populates="evaluation", cascade="all, delete-orphan", order_by="Comment.at_s"
    )
    dispute: Mapped[Dispute | None] = relationship(back_populates="evaluation", cascade="all, delete-orphan")


class Answer(Base):
    """A person's answer to one criterion; a reason is due where it differs from the machine's."""

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("evaluation_id", "criterion"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id", ondelete="CASCADE"))
    criterion: Mapped[str] = mapped_column(String(80))
    verdict: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(default="")
    evaluation: Mapped[Evaluation] = relationship(back_populates="answers")


class Comment(Base):
    """A remark pinned to a moment of the recording."""

    __tablename__ = "comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    at_s: Mapped[float]
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    evaluation: Mapped[Evaluation] = relationship(back_populates="comments")
    author: Mapped[User] = relationship()


class Dispute(Base):
    """An agent's objection to a submitted evaluation and what became of it."""

    __tablename__ = "dispute"

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id", ondelete="CASCADE"), unique=True)
    raised_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    raised_at: Mapped[datetime] = mapped_column(UTCDateTime)
    criteria: Mapped[list[str]] = mapped_column(JSONValue, default=list)
    reason: Mapped[str]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    upheld: Mapped[bool | None]
    """True: the agent was right and the evaluation was corrected."""
    decision: Mapped[str] = mapped_column(default="")
    evaluation: Mapped[Evaluation] = relationship(back_populates="dispute")
