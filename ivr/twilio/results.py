"""What the webhook that ends a document says, as the flow's event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from ivr.flow.events import DialOutcome, DialResult, Digits, HungUp, NoInput, RecordResult
from ivr.twilio.calls import Reading, Told
from ivr.twilio.hotline import Waiting
from ivr.twilio.leaving import leave_queue
from ivr.twilio.models import TwilioCall
from ivr.twilio.webhook import Webhook

_DIALLED: Final[Mapping[str, DialOutcome]] = {
    "completed": "answered",
    "answered": "answered",
    "busy": "busy",
    "no-answer": "noanswer",
    "failed": "failed",
}


def reading(waiting: Waiting, webhook: Webhook, now: datetime) -> Reading:
    """Return how the event of a webhook is made, once it is known that the call waits for it."""

    def digits(_session: Session, _call: TwilioCall) -> Told:
        keys = webhook.get("Digits")
        return Told(Digits(digits=keys, at=now) if keys else NoInput(at=now))

    def queue(session: Session, call: TwilioCall) -> Told:
        by_caller = call.completed_at is not None
        result, noted = leave_queue(session, call, webhook["QueueResult"], now=now, by_caller=by_caller)
        return Told(result, noted)

    def dial(_session: Session, _call: TwilioCall) -> Told:
        return Told(_dialled(webhook, now))

    def record(_session: Session, _call: TwilioCall) -> Told:
        return Told(RecordResult(seconds=webhook.seconds("RecordingDuration") or 0.0, at=now))

    readings: dict[Waiting, Reading] = {"digits": digits, "queue": queue, "dial": dial, "record": record}
    return readings[waiting]


def _dialled(webhook: Webhook, now: datetime) -> DialResult | HungUp:
    status = webhook["DialCallStatus"]
    if status == "canceled":  # the caller did not wait for the answer
        return HungUp(at=now)
    outcome = _DIALLED[status]
    if (
        outcome == "answered" and webhook.get("DialBridged") == "false"
    ):  # a mailbox, or nobody pressed the key
        outcome = "noanswer"
    return DialResult(result=outcome, at=now, talk_s=webhook.seconds("DialCallDuration") or 0.0)
