"""The groups of settings: each name with its type, its default, its limits and what it does.

Where their values come from is `core.settings`'s business.
"""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

_SPAN: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d")


class Section(BaseModel):
    """A group of settings; an unknown name in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(Section):
    """Where the rows are."""

    url: str = Field(  # may hold a password, so it is left out of the repr
        default="", description="SQLAlchemy URL; empty: SQLite in the data folder", repr=False
    )

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, url: str) -> str:
        try:
            _ = url and make_url(url)
        except ArgumentError:
            raise ValueError("not a database URL such as postgresql://user:password@host/name") from None
        return url


class PublicSettings(Section):
    """How the outside world reaches the web."""

    base_url: str = Field(default="", description="public https address, for webhooks and links")

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, base_url: str) -> str:
        if base_url and not base_url.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        return base_url.rstrip("/")


class WebSettings(Section):
    """The web server."""

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, description="port to listen on", ge=0, le=65535)
    threads: int = Field(default=8, description="request threads", ge=2)
    secure_cookies: bool = Field(
        default=False, description="send cookies over https only (set it behind TLS)"
    )
    locale: Literal["zh_CN", "en"] = Field(
        default="zh_CN", description="language before somebody chooses one"
    )
    time_zone: str = Field(
        default="Asia/Shanghai", description="IANA zone that pages and reports show times in"
    )

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, time_zone: str) -> str:
        try:
            ZoneInfo(time_zone)
        except (LookupError, ValueError, OSError):
            raise ValueError("not a time zone this machine knows, such as Asia/Shanghai") from None
        return time_zone


class JobSettings(Section):
    """Background work."""

    threads: int = Field(default=2, description="worker threads of one process", ge=1)
    lease_s: float = Field(
        default=60.0, description="seconds until a silent worker's job is given to another", gt=0
    )
    max_retries: int = Field(default=6, description="retries before a job is put on the dead list", ge=0)
    max_crashes: int = Field(
        default=20, description="times a job's worker may die before the job is put on the dead list", ge=1
    )
    min_backoff_s: float = Field(default=2.0, description="seconds before the first retry", gt=0)
    max_backoff_s: float = Field(default=600.0, description="longest wait between retries", gt=0)
    poll_s: float = Field(default=0.2, description="seconds between looks for new work", gt=0)


class AsrSettings(Section):
    """Speech recognition."""

    model: str = Field(default="", description="folder of a Vosk model; empty: the bundled demo model")
    threads: int = Field(default=0, description="tracks decoded at once; 0: one for each core", ge=0)


class RecordingSettings(Section):
    """Recordings."""

    max_duration_s: float = Field(default=12 * 3600.0, description="longest recording that is taken in", gt=0)
    spool: str = Field(
        default="", description="folder Asterisk records into; empty: the folder spool in the data folder"
    )
    sweep_after_s: float = Field(
        default=600.0,
        description="seconds a file in the spool rests before it is taken in although nothing announced it",
        ge=60,
    )

    @field_validator("spool")
    @classmethod
    def _is_absolute(cls, spool: str) -> str:
        if spool and not Path(spool).is_absolute():
            raise ValueError("must be an absolute path: Asterisk and Sansheng use the same one")
        return spool


class QaSettings(Section):
    """Judging calls."""

    scorecard: str = Field(
        default="hotline-etiquette", description="name of the scorecard whose latest version judges new calls"
    )


class AgiSettings(Section):
    """FastAGI server."""

    host: str = Field(default="127.0.0.1", description="address Asterisk connects to")
    port: int = Field(default=4573, description="FastAGI port", ge=0, le=65535)
    threads: int = Field(default=400, description="calls that are spoken to at once", ge=1)
    flow: str = Field(
        default="", description="file of the call flow; empty: the one that comes with Sansheng"
    )


class AmiSettings(Section):
    """Asterisk Manager Interface."""

    host: str = Field(default="127.0.0.1", description="Asterisk's address")
    port: int = Field(default=5038, description="AMI port", ge=1, le=65535)
    listen: str = Field(
        default="",
        description="address Asterisk listens on for AMI; empty: ami.host",
        pattern=r"^[0-9a-f.:]*$",
    )
    permit: str = Field(
        default="127.0.0.0/8",
        description="networks that may use AMI, separated by commas, such as 172.30.77.0/24",
        pattern=r"^[0-9a-f.:]+/[0-9]{1,3}(?:,[0-9a-f.:]+/[0-9]{1,3})*$",
    )
    user: str = Field(default="sansheng", description="AMI user")
    secret: SecretStr = Field(default=SecretStr(""), description="AMI secret; empty: no AMI")
    login: Literal["md5", "plain"] = Field(
        default="md5", description="how to log in; md5 never sends the secret itself"
    )
    timeout_s: float = Field(default=10.0, description="longest wait for an answer in seconds", gt=0)
    keepalive_s: float = Field(
        default=0.5, description="seconds between tests of the line; live state is never older", gt=0
    )
    max_backoff_s: float = Field(default=10.0, description="longest wait between tries to connect", gt=0)


class AsteriskSettings(Section):
    """Asterisk beside us."""

    queue_log: str = Field(
        default="/var/log/asterisk/queue_log", description="its queue_log, which is followed into the ledger"
    )


class SipSettings(Section):
    """SIP and media of the Asterisk that `sansheng asterisk config` writes for."""

    host: str = Field(default="0.0.0.0", description="address Asterisk listens on")  # noqa: S104  (telephones are elsewhere)
    port: int = Field(default=5060, description="SIP port", ge=1, le=65535)
    trunk: str = Field(
        default="", description="carrier's host[:port]", pattern=r"^(?:[A-Za-z0-9.-]+(?::[0-9]{1,5})?)?$"
    )
    external_address: str = Field(
        default="", description="public address, if Asterisk is behind NAT", pattern=r"^[A-Za-z0-9.:-]*$"
    )
    rtp_start: int = Field(default=10000, description="first media port", ge=1024, le=65535)
    rtp_end: int = Field(
        default=19999, description="last media port; a queued call takes four", ge=1024, le=65535
    )


class TwilioSettings(Section):
    """Twilio account."""

    account_sid: str = Field(default="", description="account SID")
    auth_token: SecretStr = Field(default=SecretStr(""), description="auth token")
    next_auth_token: SecretStr = Field(
        default=SecretStr(""), description="second auth token that is good too, while the first is replaced"
    )
    api_key_sid: str = Field(
        default="", description="SID of an API key for REST requests; empty: the account's token"
    )
    api_key_secret: SecretStr = Field(default=SecretStr(""), description="secret of the API key")
    number: str = Field(
        default="", description="the hotline's number, +86...; agents see it when they are rung"
    )
    flow: str = Field(default="", description="call flow for Twilio's calls; empty: the shipped one")
    ring_s: int = Field(default=20, description="seconds an agent's telephone rings", ge=5, le=120)
    ring_at_once: int = Field(default=1, description="agents rung at once for one caller", ge=1, le=10)
    delete_recordings: bool = Field(
        default=True, description="delete recordings at Twilio once they are stored here"
    )
    parent_channel: int = Field(
        default=0, description="channel of the leg that dialled; Twilio documents 0, the first", ge=0, le=1
    )

    @property
    def auth_tokens(self) -> tuple[str, str]:
        """Return the tokens that may have signed a webhook; the second one is usually empty."""
        return self.auth_token.get_secret_value(), self.next_auth_token.get_secret_value()


class WallSettings(Section):
    """When the wall raises an alarm, and when it ends one."""

    queue_length: int = Field(default=5, description="callers waiting in a queue that raise an alarm", ge=1)
    queue_length_calm: int = Field(default=2, description="callers waiting that end it", ge=0)
    longest_wait_s: float = Field(default=60.0, description="seconds of waiting that raise an alarm", gt=0)
    longest_wait_calm_s: float = Field(
        default=20.0, description="seconds of waiting of the longest waiting caller that end it", ge=0
    )
    long_talk_s: float = Field(default=1000.0, description="seconds of one talk that raise an alarm", gt=0)
    rings_in_vain: int = Field(
        default=2, description="rings in a row an available agent lets pass that raise an alarm", ge=1
    )

    @model_validator(mode="after")
    def _ends_below(self) -> Self:
        if self.queue_length_calm >= self.queue_length or self.longest_wait_calm_s >= self.longest_wait_s:
            raise ValueError("an alarm must end at less than what raises it")
        return self


class CallbackSettings(Section):
    """How booked callbacks are kept."""

    tries: int = Field(
        default=3, description="how often a caller is dialled before a person takes over", ge=1, le=10
    )
    pause_s: float = Field(default=600.0, description="seconds between two tries of one caller", ge=0)
    ring_s: int = Field(default=30, description="seconds the caller's telephone rings", ge=5, le=120)


class ShiftSettings(Section):
    """When people are on duty."""

    hours: str = Field(
        default="08:30-17:30",
        description="shifts of a day as begin-end, several with commas; missed calls are due before their end",
    )
    morning: time = Field(
        default=time(10), description="until when what came in while nobody was on duty is to be answered"
    )

    @field_validator("hours")
    @classmethod
    def _are_spans(cls, hours: str) -> str:
        spans = [span.strip() for span in hours.split(",")]
        if not all(_SPAN.fullmatch(span) for span in spans):
            raise ValueError("must be spans such as 08:00-16:00,16:00-00:00")
        return ",".join(spans)

    @property
    def spans(self) -> tuple[tuple[time, time], ...]:
        """The shifts as (begin, end); an end at or before the begin is on the next day."""
        found = [span.split("-") for span in self.hours.split(",")]
        return tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in found)
