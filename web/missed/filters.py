"""What the missed-call list is filtered by, read from the query string and written back to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from core.accounts import User
from ivr.missed.listing import TaskFilter
from ivr.missed.tasks import KINDS
from web.access import own_agent_id


@dataclass(frozen=True, slots=True)
class Choice:
    """The choices of the form; empty text and None filter nothing."""

    is_open: bool = True
    queue: int | None = None
    kind: str = ""
    overdue: bool = False
    mine: bool = False

    @property
    def is_default(self) -> bool:
        """Whether nothing but the half of the list was chosen."""
        return self == Choice(is_open=self.is_open)

    def query(self, **changes: str) -> str:
        """Return the query string of these choices."""
        values = {
            "state": "" if self.is_open else "closed",
            "queue": str(self.queue or ""),
            "kind": self.kind,
            "overdue": "1" if self.overdue else "",
            "mine": "1" if self.mine else "",
        }
        return urlencode({name: value for name, value in (values | changes).items() if value})

    def tasks(self, user: User) -> TaskFilter:
        """Return what these choices leave of what an account may see."""
        return TaskFilter(
            is_open=self.is_open,
            queue=self.queue,
            kind=self.kind,
            overdue=self.overdue and self.is_open,
            own=user.id if self.mine else None,
            limited_to=None if own_agent_id(user) is None else user.id,
        )


def read_choice(values: Mapping[str, str]) -> Choice:
    """Read a query string; what cannot be understood filters nothing."""
    queue, kind = values.get("queue", ""), values.get("kind", "")
    return Choice(
        is_open=values.get("state") != "closed",
        queue=int(queue) if queue.isascii() and queue.isdecimal() and len(queue) < 10 else None,
        kind=kind if kind in KINDS else "",
        overdue=bool(values.get("overdue")),
        mine=bool(values.get("mine")),
    )
