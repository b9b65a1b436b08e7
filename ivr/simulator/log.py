"""Writing queue_log as Asterisk writes it: whole seconds, fields in its order, NONE for nothing."""

from __future__ import annotations

from datetime import datetime
from itertools import count

NONE = "NONE"
MANAGER = "MANAGER"


class QueueLog:
    """The lines of one day and the numbers of its channels."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._channels = count(1)

    def channel(self, at: datetime) -> str:
        """Return the unique id of a new channel."""
        return f"{int(at.timestamp())}.{next(self._channels)}"

    def write(
        self,
        at: datetime,
        call: str,
        queue: str,
        agent: str,
        event: str,
        *fields: object,
    ) -> None:
        """Write a line; a time is cut to its second, as Asterisk cuts it."""
        head = (int(at.timestamp()), call, queue or NONE, agent or NONE, event)
        self.lines.append("|".join(str(part) for part in (*head, *(fields or ("",)))))
