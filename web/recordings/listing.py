"""The recordings that belong to no call: taken in by hand or from a folder, so no call list shows them.

One page at a time by keyset on the recording's number, which follows the order they were taken in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.errors import BadInput
from core.i18n import gettext as _
from qa.models import AutoScore, Evaluation
from recording.models import Recording
from web.calls.queries import latest_grades, latest_scores

PAGE_SIZE: Final = 50
STATES: Final = ("stored", "transcribed", "failed")


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """One line of the list."""

    recording: Recording
    score: AutoScore | None
    evaluation: Evaluation | None

    @property
    def names(self) -> list[str]:
        """Names of its files as they may be shown."""
        return [shown_name(file.name) for file in self.recording.files]


@dataclass(frozen=True, slots=True)
class RecordingListPage:
    """A page of the list and where the next one starts (empty: there is none)."""

    rows: list[RecordingRow]
    next_cursor: str


def list_recordings(
    session: Session, own_agent: int | None, *, state: str = "", cursor: str = "", limit: int = PAGE_SIZE
) -> RecordingListPage:
    """Return one page of the recordings without a call, the latest taken in first.

    `own_agent` is the agent the viewer is limited to; a `state` that is none of STATES filters nothing.

    Raises:
        BadInput: `cursor` is not what a page before gave.
    """
    wanted = select(Recording).where(Recording.call_id.is_(None))
    if own_agent is not None:
        wanted = wanted.where(Recording.agent_id == own_agent)
    if state in STATES:
        wanted = wanted.where(Recording.state == state)
    if cursor:
        wanted = wanted.where(Recording.id < _place(cursor))
    options = (joinedload(Recording.agent), selectinload(Recording.files), selectinload(Recording.tracks))
    ordered = wanted.options(*options).order_by(Recording.id.desc()).limit(limit + 1)
    found = list(session.scalars(ordered))
    shown = found[:limit]
    ids = [recording.id for recording in shown]
    scores, grades = latest_scores(session, ids), latest_grades(session, ids)
    rows = [RecordingRow(r, scores.get(r.id), grades.get(r.id)) for r in shown]
    return RecordingListPage(rows, str(shown[-1].id) if len(found) > limit else "")


def shown_name(name: str) -> str:
    """Return a file's name with everything invisible, as marks that turn the direction of writing, made visible."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


def _place(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        raise BadInput(_("This address names no place in the list; start from its first page."))
    return int(cursor)
