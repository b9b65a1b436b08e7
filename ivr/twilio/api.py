"""What is asked of Twilio's REST API: one port, and the library behind it.

The library logs addresses and headers at INFO (with telephone numbers) and has no time-out of its own: both are
set here. Media are fetched without it, because it would hold a whole recording in memory as text.
"""

from __future__ import annotations

import base64
import logging
import urllib.error
import urllib.request
from email.utils import format_datetime
from pathlib import Path
from typing import IO, Final, Protocol

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from core.errors import BadInput, MissingPart, RetryLater
from core.i18n import gettext as _
from core.settings import Settings
from ivr.twilio.webhook import Webhook

TIMEOUT_S: Final = 10.0
_MEDIA_TIMEOUT_S: Final = 60.0
LARGEST_MEDIA: Final = 512 * 1024 * 1024
"""Bytes of the longest recording: four hours, after which Twilio ends a call, of two channels of 16 kB a second."""

_CHUNK: Final = 64 * 1024
_TOO_LARGE: Final = 413
_GONE: Final = 404
_NOT_IN_PROGRESS: Final = 21220
"""Twilio's number for a call that is over."""
_PASSING: Final = 500
_TOO_MANY: Final = 429
_MOST_RECORDINGS: Final = 50

FAILURES: Final = (TwilioException, OSError)
"""What a request to Twilio fails with: its library lets through what the network failed with, an OSError."""

logging.getLogger("twilio.http_client").setLevel(logging.WARNING)


class TwilioApi(Protocol):
    """Twilio, as far as we need it. Every method raises RetryLater for what may pass, BadInput for a refusal."""

    def place_call(self, *, to: str, caller: str, url: str, status_url: str, ring_s: int) -> str:
        """Ring somebody; return the leg's SID."""

    def end_call(self, call_sid: str) -> None:
        """End a leg, ringing or not; one that has ended is no error."""

    def fetch_media(self, recording_sid: str, *, channels: int, target: Path) -> tuple[int, str]:
        """Write a recording's WAV into a file; return HTTP status and content type."""

    def recordings_of(self, call_sid: str) -> list[Webhook]:
        """Return what the callbacks of a leg's finished recordings would have said."""

    def silence_recording(self, call_sid: str, *, silent: bool) -> bool:
        """Have the recording of a leg that goes on be silence, or sound again; False when nothing is recorded."""

    def delete_recording(self, recording_sid: str) -> None:
        """Delete a recording; one that is gone is no error."""


class RestApi:
    """Twilio over its own library."""

    def __init__(self, settings: Settings) -> None:
        twilio = settings.twilio
        user = twilio.api_key_sid or twilio.account_sid
        secret = twilio.api_key_secret if twilio.api_key_sid else twilio.auth_token
        self._account_sid = twilio.account_sid
        self._opener = urllib.request.build_opener()
        self._authorization = base64.b64encode(f"{user}:{secret.get_secret_value()}".encode()).decode()
        self.client = Client(
            user,
            secret.get_secret_value(),
            account_sid=twilio.account_sid,
            http_client=TwilioHttpClient(timeout=TIMEOUT_S),
        )

    def place_call(self, *, to: str, caller: str, url: str, status_url: str, ring_s: int) -> str:
        """Ring somebody; return the leg's SID."""
        try:
            call = self.client.calls.create(
                to=to,
                from_=caller,
                url=url,
                method="POST",
                status_callback=status_url,
                status_callback_method="POST",
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                timeout=ring_s,
            )
        except FAILURES as error:
            raise problem_of(error) from None
        return str(call.sid)

    def end_call(self, call_sid: str) -> None:
        """End a leg, ringing or not; one that has ended is no error."""
        try:
            self.client.calls(call_sid).update(status="completed")
        except TwilioRestException as error:
            if error.code != _NOT_IN_PROGRESS and error.status != _GONE:
                raise problem_of(error) from None
        except FAILURES as error:
            raise problem_of(error) from None

    def fetch_media(self, recording_sid: str, *, channels: int, target: Path) -> tuple[int, str]:
        """Write a recording's WAV into a file; return HTTP status and content type.

        The credentials stay with Twilio's host: a redirect to a content network goes on without them. What is
        larger than any recording can be is not fetched to its end: status 413.
        """
        request = urllib.request.Request(
            f"https://api.twilio.com/2010-04-01/Accounts/{self._account_sid}/Recordings/{recording_sid}.wav"
            f"?RequestedChannels={channels}"
        )
        request.add_unredirected_header("Authorization", f"Basic {self._authorization}")
        try:
            with (
                self._opener.open(request, timeout=_MEDIA_TIMEOUT_S) as answer,
                target.open("wb") as file,
            ):
                whole = _copy(answer, file, LARGEST_MEDIA)
                return answer.status if whole else _TOO_LARGE, answer.headers.get_content_type()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers.get_content_type()
        except OSError as error:
            raise RetryLater(_("Twilio cannot be reached: %(reason)s", reason=type(error).__name__)) from None

    def recordings_of(self, call_sid: str) -> list[Webhook]:
        """Return what the callbacks of a leg's finished recordings would have said."""
        try:
            found = self.client.calls(call_sid).recordings.list(limit=_MOST_RECORDINGS)
        except FAILURES as error:
            raise problem_of(error) from None
        return [
            Webhook(
                {
                    "CallSid": call_sid,
                    "RecordingSid": recording.sid,
                    "RecordingStatus": recording.status,
                    "RecordingChannels": str(recording.channels),
                    "RecordingDuration": str(recording.duration),
                    "RecordingSource": recording.source,
                    "RecordingStartTime": format_datetime(recording.start_time),
                }
            )
            for recording in found
            if recording.status in {"completed", "absent"}
        ]

    def silence_recording(self, call_sid: str, *, silent: bool) -> bool:
        """Have the recording of a leg that goes on be silence, or sound again; False when nothing is recorded.

        Left out instead, as is Twilio's default, what follows would stand at another time than it was said.
        """
        asked = {"status": "paused", "pause_behavior": "silence"} if silent else {"status": "in-progress"}
        try:
            self.client.calls(call_sid).recordings("Twilio.CURRENT").update(**asked)
        except TwilioRestException as error:
            if error.status == _GONE or error.code == _NOT_IN_PROGRESS:
                return False
            raise problem_of(error) from None
        except FAILURES as error:
            raise problem_of(error) from None
        return True

    def delete_recording(self, recording_sid: str) -> None:
        """Delete a recording; one that is gone is no error."""
        try:
            self.client.recordings(recording_sid).delete()
        except TwilioRestException as error:
            if error.status != _GONE:
                raise problem_of(error) from None
        except FAILURES as error:
            raise problem_of(error) from None


def _copy(source: IO[bytes], target: IO[bytes], most: int) -> bool:
    """Copy a stream; False when it is longer than that and was left there."""
    left = most
    while chunk := source.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            return False
        target.write(chunk)
    return True


def connect(settings: Settings) -> RestApi:
    """Return the API of the account in the settings; raises MissingPart when there is none."""
    if not settings.twilio.account_sid or not any(settings.twilio.auth_tokens):
        raise MissingPart(
            _(
                "no Twilio account is configured: set SANSHENG_TWILIO_ACCOUNT_SID and SANSHENG_TWILIO_AUTH_TOKEN"
            )
        )
    return RestApi(settings)


def problem_of(error: Exception) -> RetryLater | BadInput:
    """Return Twilio's refusal by its number: its sentence may quote a telephone number."""
    if not isinstance(error, TwilioRestException):
        return RetryLater(_("Twilio cannot be reached: %(reason)s", reason=type(error).__name__))
    told = _("Twilio refused: HTTP %(status)s, error %(code)s", status=error.status, code=error.code)
    return RetryLater(told) if error.status >= _PASSING or error.status == _TOO_MANY else BadInput(told)
