"""The words between us and our dial plan: what it asks for, what it is told to do, what came of it.

We end every visit by setting VERDICT last. A dial plan that finds it empty knows that we failed in the
middle, whatever Asterisk's own AGISTATUS says (SUCCESS, when our process was killed), and gives the caller
to a person. The dial plan is `config/extensions.conf`; both sides are held together by a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from ivr.flow.events import DialOutcome, DialResult, QueueOutcome, QueueResult
from ivr.flow.nodes.queue import Queue

BEGIN: Final = "begin"
QUEUED: Final = "queued"
DIALLED: Final = "dialled"
GONE: Final = "gone"
REACHED: Final = "reached"
TRIED: Final = "tried"
SCRIPTS: Final = (BEGIN, QUEUED, DIALLED, GONE, REACHED, TRIED)
"""Paths of the agi:// address: a new call; back from a queue; back from a transfer; the caller has hung up; of a
callback: the caller has answered; it is over."""

VERDICT: Final = "SANSHENG_VERDICT"
Verdict = Literal["queue", "dial", "hangup", "busy", "rejected"]
VERDICTS: Final[tuple[Verdict, ...]] = ("queue", "dial", "hangup", "busy", "rejected")

QUEUE: Final = "SANSHENG_QUEUE"
MAX_WAIT: Final = "SANSHENG_MAX_WAIT"
TARGET: Final = "SANSHENG_TARGET"
TIMEOUT: Final = "SANSHENG_TIMEOUT"

_QUEUE_STATUS: Final[Mapping[str, QueueOutcome]] = {
    # app_queue's QUEUESTATUS; nobody to serve the queue counts as full, as in the ledger
    "TIMEOUT": "timeout",
    "FULL": "full",
    "JOINEMPTY": "full",
    "JOINUNAVAIL": "full",
    "LEAVEEMPTY": "timeout",
    "LEAVEUNAVAIL": "timeout",
    "WITHDRAWN": "left",
    "CONTINUE": "bridged",
}
_DIAL_STATUS: Final[Mapping[str, DialOutcome]] = {
    "ANSWER": "answered",
    "BUSY": "busy",
    "NOANSWER": "noanswer",
    "CANCEL": "noanswer",
}


@dataclass(frozen=True, slots=True)
class FromQueue:
    """What the dial plan tells of a queue.

    Attributes:
        status: QUEUESTATUS.
        key: the key that left the queue.
        agent: who was bridged (MEMBERINTERFACE); empty: nobody.
        wait_s: seconds waited until answered (QEHOLDTIME).
    """

    status: str
    key: str
    agent: str
    wait_s: float

    @classmethod
    def read(cls, arguments: Sequence[str]) -> FromQueue:
        """Read the dial plan's arguments; what is missing is empty."""
        status, key, agent, wait = (*arguments, "", "", "", "")[:4]
        return cls(status, key, agent, _seconds(wait))

    def result(self, node: Queue | None, entered_at: datetime, now: datetime) -> QueueResult:
        """Return what the flow is told.

        Args:
            node: the queue's node, which knows what a key means.
            entered_at: when the call was put into the queue.
            now: the time.
        """
        passed_s = max(0.0, (now - entered_at).total_seconds())
        if self.agent:
            wait_s = min(self.wait_s, passed_s)
            return QueueResult(result="bridged", at=now, wait_s=wait_s, talk_s=passed_s - wait_s)
        return QueueResult(result=self._left(node), at=now, wait_s=passed_s)

    def _left(self, node: Queue | None) -> QueueOutcome:
        if self.key and node is not None:
            return "callback" if self.key == node.callback_key else "left"
        return _QUEUE_STATUS.get(self.status, "error")


def dial_result(arguments: Sequence[str], started_at: datetime, now: datetime) -> DialResult:
    """Return what the flow is told of a transfer: DIALSTATUS and seconds of talk from the dial plan."""
    status, talk = (*arguments, "", "")[:2]
    passed_s, talk_s = max(0.0, (now - started_at).total_seconds()), _seconds(talk)
    return DialResult(
        result=_DIAL_STATUS.get(status, "failed"), at=now, ring_s=max(0.0, passed_s - talk_s), talk_s=talk_s
    )


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0.0
