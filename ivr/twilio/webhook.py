"""What a webhook says, read strictly: a parameter with another shape than Twilio's is refused.

The signature knows no delimiters, so a captured one also fits other parameters made of the same characters.
Exact shapes, and no parameter given twice, leave no room for that. Parameters nobody asks for are left alone:
Twilio sends undocumented ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_CALL: Final = r"CA[0-9a-f]{32}"
_WHOLE: Final = r"[0-9]{1,9}"
_PARTY: Final = r"[0-9A-Za-z+@:;=._~*#-]{0,160}"

SHAPES: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(shape)
    for name, shape in {
        "AccountSid": r"AC[0-9a-f]{32}",
        "AnsweredBy": r"[a-z_]{1,32}",
        "CallDuration": _WHOLE,
        "CallSid": _CALL,
        "CallStatus": r"queued|initiated|ringing|in-progress|completed|busy|failed|no-answer|canceled",
        "DequeingCallSid": _CALL,
        "DialCallDuration": _WHOLE,
        "DialCallStatus": r"completed|answered|busy|no-answer|failed|canceled",
        "Digits": r"[0-9*#]{0,32}|hangup",
        "Direction": r"inbound|outbound-api|outbound-dial",
        "From": _PARTY,
        "QueuePosition": _WHOLE,
        "QueueResult": (
            r"bridged|bridging-in-process|error|hangup|leave|redirected|redirected-from-bridged|queue-full|system-error"
        ),
        "QueueTime": _WHOLE,
        "RecordingChannels": r"[12]",
        "RecordingDuration": r"[0-9]{1,9}|-1",
        "RecordingSid": r"RE[0-9a-f]{32}",
        "RecordingStatus": r"in-progress|completed|absent|failed",
        "SequenceNumber": _WHOLE,
        "To": _PARTY,
    }.items()
}

_EVERY_LEG: Final = frozenset(
    {"AccountSid", "ApiVersion", "CallSid", "CallStatus", "Direction", "From", "To"}
)
_QUEUED: Final = _EVERY_LEG | {"QueueSid", "QueueTime"}
EXPECTED: Final[Mapping[str, frozenset[str]]] = {
    # parameters Twilio documents for each of our addresses
    "voice": _EVERY_LEG,
    "flow/digits": _EVERY_LEG | {"Digits"},
    "flow/queue": _QUEUED | {"QueueResult"},
    "flow/dial": _EVERY_LEG | {"DialCallStatus", "DialCallSid", "DialCallDuration", "DialBridged"},
    "flow/record": _EVERY_LEG | {"RecordingSid", "RecordingUrl", "RecordingDuration", "Digits"},
    "wait": _QUEUED | {"QueuePosition", "AvgQueueTime", "CurrentQueueSize", "MaxQueueSize"},
    "connecting": _QUEUED | {"DequeingCallSid"},
    "agent": _EVERY_LEG,
    "status": _EVERY_LEG | {"Timestamp", "SequenceNumber", "CallbackSource"},
    "recording": frozenset(
        {"AccountSid", "CallSid", "RecordingSid", "RecordingStatus", "RecordingChannels", "RecordingSource"}
    ),
}


class Refused(Exception):
    """A webhook is not what it should be; `reason` is counted and never told to whoever asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook whose signature was good and whose parameters have Twilio's shapes."""

    values: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> str:
        """Return a parameter this webhook cannot do without."""
        if name not in self.values:
            raise Refused("missing_parameter")
        return self.values[name]

    def get(self, name: str, default: str = "") -> str:
        """Return a parameter that may be missing."""
        return self.values.get(name, default)

    def differences(self, address: str) -> tuple[list[str], list[str]]:
        """Return the names of parameters that were expected and did not come, and of those nobody expected."""
        expected = EXPECTED.get(address, frozenset())
        return sorted(expected - self.values.keys()), sorted(self.values.keys() - expected)

    def seconds(self, name: str) -> float | None:
        """Return a whole number of seconds; None when it was not sent."""
        value = self.values.get(name)
        return float(value) if value and not value.startswith("-") else None

    def time(self, name: str) -> datetime | None:
        """Return an RFC 2822 time; None when it was not sent."""
        if name not in self.values:
            return None
        try:
            at = parsedate_to_datetime(self.values[name])
        except ValueError:
            raise Refused("bad_parameter") from None
        return at if at.tzinfo else at.replace(tzinfo=UTC)


def read_webhook(parameters: Iterable[tuple[str, str]], *, account_sid: str) -> Webhook:
    """Return the webhook that form parameters make.

    Raises:
        Refused: a parameter is missing, given twice or misshapen, or the account is not ours.
    """
    parameters = list(parameters)
    counts = Counter(name for name, _value in parameters)
    if any(counts[name] > 1 for name in (*SHAPES, "Timestamp", "RecordingStartTime")):
        raise Refused("repeated_parameter")
    values = dict(parameters)
    if any(name in values and not shape.fullmatch(values[name]) for name, shape in SHAPES.items()):
        raise Refused("bad_parameter")
    webhook = Webhook(values)
    if webhook["AccountSid"] != account_sid or not account_sid:
        raise Refused("other_account")
    _ = webhook["CallSid"]
    return webhook
