"""What an account at Twilio has: its number with the webhooks, its queues, and whether its media are open to anybody."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from core.errors import RetryLater
from core.i18n import gettext as _
from core.settings import Settings
from ivr.twilio.api import FAILURES, TIMEOUT_S, connect, problem_of

QUEUE_SIZE: Final = 1000
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class HotlineNumber:
    """A number of the account, with what Twilio calls when it is called."""

    sid: str
    webhooks: Mapping[str, str] = field(default_factory=dict)


class Account(Protocol):
    """An account as set-up and checks see it. Methods raise RetryLater and BadInput as `TwilioApi`'s do."""

    def number(self, number: str) -> HotlineNumber | None:
        """Return a number of ours; None when the account does not have it."""

    def configure(self, number_sid: str, webhooks: Mapping[str, str]) -> None:
        """Set a number's webhooks."""

    def queue_names(self) -> set[str]:
        """Return the names of the account's queues."""

    def create_queue(self, name: str) -> None:
        """Make a queue."""

    def newest_recording(self) -> str:
        """Return the SID of a recording; empty when there is none."""

    def media_are_open(self, recording_sid: str) -> bool:
        """Whether a recording can be fetched by anybody who knows its address."""


WEBHOOKS: Final = (
    "voice_url",
    "voice_method",
    "voice_fallback_url",
    "voice_fallback_method",
    "status_callback",
    "status_callback_method",
)


class RestAccount:
    """An account over Twilio's own library."""

    def __init__(self, settings: Settings) -> None:
        self._client = connect(settings).client
        self._account_sid = settings.twilio.account_sid

    def number(self, number: str) -> HotlineNumber | None:
        """Return a number of ours; None when the account does not have it."""
        found = _asked(lambda: self._client.incoming_phone_numbers.list(phone_number=number, limit=1))
        if not found:
            return None
        return HotlineNumber(found[0].sid, {name: getattr(found[0], name) or "" for name in WEBHOOKS})

    def configure(self, number_sid: str, webhooks: Mapping[str, str]) -> None:
        """Set a number's webhooks."""
        _asked(lambda: self._client.incoming_phone_numbers(number_sid).update(**webhooks))

    def queue_names(self) -> set[str]:
        """Return the names of the account's queues."""
        return {queue.friendly_name for queue in _asked(lambda: self._client.queues.list(limit=_MOST))}

    def create_queue(self, name: str) -> None:
        """Make a queue."""
        _asked(lambda: self._client.queues.create(friendly_name=name, max_size=QUEUE_SIZE))

    def newest_recording(self) -> str:
        """Return the SID of a recording; empty when there is none."""
        found = _asked(lambda: self._client.recordings.list(limit=1))
        return str(found[0].sid) if found else ""

    def media_are_open(self, recording_sid: str) -> bool:
        """Whether a recording can be fetched by anybody who knows its address: asked without credentials."""
        address = (
            f"https://api.twilio.com/2010-04-01/Accounts/{self._account_sid}/Recordings/{recording_sid}.wav"
        )
        request = urllib.request.Request(address, method="HEAD")
        try:
            with urllib.request.build_opener().open(request, timeout=TIMEOUT_S):
                return True
        except urllib.error.HTTPError as error:
            with error:
                return False
        except OSError as error:
            raise RetryLater(_("Twilio cannot be reached: %(reason)s", reason=type(error).__name__)) from None


def _asked(ask: Any) -> Any:
    try:
        return ask()
    except FAILURES as error:
        raise problem_of(error) from None
