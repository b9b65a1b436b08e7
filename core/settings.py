"""Typed settings: the only place that reads the environment.

Sources, strongest first: variables `SANSHENG_<SECTION>_<NAME>`, the file `sansheng.toml` (in the
working directory, or in the data folder), the defaults below. An unknown name in the file is an error;
an unknown variable is not, because orchestrators set `SANSHENG_*` variables of their own (a Kubernetes
service called `sansheng` does).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from core.errors import BadInput

PREFIX = "SANSHENG_"
MIN_SECRET_LENGTH = 16


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(_Section):
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


class PublicSettings(_Section):
    """How the outside world reaches the web."""

    base_url: str = Field(default="", description="public https address, for webhooks and links")

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, base_url: str) -> str:
        if base_url and not base_url.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        return base_url.rstrip("/")


class WebSettings(_Section):
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


class JobSettings(_Section):
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


class AsrSettings(_Section):
    """Speech recognition."""

    model: str = Field(default="", description="folder of a Vosk model; empty: the bundled demo model")
    threads: int = Field(default=0, description="tracks decoded at once; 0: one for each core", ge=0)


class RecordingSettings(_Section):
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


class QaSettings(_Section):
    """Judging calls."""

    scorecard: str = Field(
        default="hotline-etiquette", description="name of the scorecard whose latest version judges new calls"
    )


class AgiSettings(_Section):
    """FastAGI server."""

    host: str = Field(default="127.0.0.1", description="address Asterisk connects to")
    port: int = Field(default=4573, description="FastAGI port", ge=0, le=65535)
    threads: int = Field(default=400, description="calls that are spoken to at once", ge=1)
    flow: str = Field(
        default="", description="file of the call flow; empty: the one that comes with Sansheng"
    )


class AmiSettings(_Section):
    """Asterisk Manager Interface."""

    host: str = Field(default="127.0.0.1", description="Asterisk's address")
    port: int = Field(default=5038, description="AMI port", ge=1, le=65535)
    user: str = Field(default="sansheng", description="AMI user")
    secret: SecretStr = Field(default=SecretStr(""), description="AMI secret; empty: no AMI")
    login: Literal["md5", "plain"] = Field(
        default="md5", description="how to log in; md5 never sends the secret itself"
    )
    timeout_s: float = Field(default=10.0, description="longest wait for an answer in seconds", gt=0)
    keepalive_s: float = Field(
        default=1.0, description="seconds between tests of the line; live state is never older", gt=0
    )
    max_backoff_s: float = Field(default=10.0, description="longest wait between tries to connect", gt=0)


class AsteriskSettings(_Section):
    """Asterisk beside us."""

    queue_log: str = Field(
        default="/var/log/asterisk/queue_log", description="its queue_log, which is followed into the ledger"
    )


class SipSettings(_Section):
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


class TwilioSettings(_Section):
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

    @property
    def auth_tokens(self) -> tuple[str, str]:
        """Return the tokens that may have signed a webhook; the second one is usually empty."""
        return self.auth_token.get_secret_value(), self.next_auth_token.get_secret_value()


def _default_home() -> Path:
    return Path.home() / ".local" / "share" / "sansheng"


class Settings(_Section):
    """Every setting of an installation."""

    home: Path = Field(default_factory=_default_home, description="data folder: database, recordings, spool")
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="secret behind sessions and encrypted columns; empty: secret.key in the data folder",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="least level that is logged"
    )
    database: DatabaseSettings = DatabaseSettings()
    public: PublicSettings = PublicSettings()
    web: WebSettings = WebSettings()
    jobs: JobSettings = JobSettings()
    asr: AsrSettings = AsrSettings()
    recording: RecordingSettings = RecordingSettings()
    qa: QaSettings = QaSettings()
    agi: AgiSettings = AgiSettings()
    ami: AmiSettings = AmiSettings()
    sip: SipSettings = SipSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    twilio: TwilioSettings = TwilioSettings()

    @field_validator("home")
    @classmethod
    def _is_absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("secret_key")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr) -> SecretStr:
        if 0 < len(secret) < MIN_SECRET_LENGTH:
            raise ValueError(f"needs at least {MIN_SECRET_LENGTH} characters")
        return secret

    @property
    def database_url(self) -> str:
        """The database URL, with SQLite in the data folder as the default."""
        return self.database.url or f"sqlite:///{self.home / 'sansheng.db'}"

    @property
    def blob_root(self) -> Path:
        """Folder of the blob store."""
        return self.home / "blobs"

    @property
    def spool(self) -> Path:
        """Folder where recordings wait to be taken in."""
        return Path(self.recording.spool) if self.recording.spool else self.home / "spool"


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """One setting as `sansheng doctor` shows it; a secret's value is never shown."""

    name: str
    variable: str
    value: str
    origin: str
    description: str


def load_settings(environment: Mapping[str, str] | None = None, file: Path | None = None) -> Settings:
    """Read the settings; raises BadInput naming the variable or the file's key that is wrong."""
    env = os.environ if environment is None else environment
    path = file or _find_file(env)
    tree = _read_file(path) if path else {}
    for _name, _description, keys in _leaves():
        if (raw := env.get(_variable(keys))) is not None:
            _assign(tree, keys, raw)
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise BadInput(_describe(error, env, path)) from None


def setting_origins(
    settings: Settings, environment: Mapping[str, str] | None = None, file: Path | None = None
) -> list[SettingOrigin]:
    """List every setting with its value and where that came from."""
    env = os.environ if environment is None else environment
    path = file or _find_file(env)
    tree = _read_file(path) if path else {}
    origins = []
    for name, description, keys in _leaves():
        value: Any = settings
        for key in keys:
            value = getattr(value, key)
        variable = _variable(keys)
        origin = variable if variable in env else str(path) if _has(tree, keys) else "default"
        origins.append(SettingOrigin(name, variable, _shown(value), origin, description))
    return origins


def _shown(value: object) -> str:
    """Return a value as people may see it: neither secrets nor the password inside a URL."""
    if isinstance(value, str) and "://" in value and "@" in value:
        return make_url(value).render_as_string(hide_password=True)
    return str(value)


def _find_file(env: Mapping[str, str]) -> Path | None:
    home = Path(env[PREFIX + "HOME"]).expanduser() if PREFIX + "HOME" in env else _default_home()
    return next((p for p in (Path("sansheng.toml"), home / "sansheng.toml") if p.is_file()), None)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not readable as TOML: {error}") from None


def _leaves() -> list[tuple[str, str, tuple[str, ...]]]:
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, _Section):
            found += [
                (f"{name}.{leaf}", f.description or "", (name, leaf))
                for leaf, f in section.model_fields.items()
            ]
        else:
            found.append((name, field.description or "", (name,)))
    return found


def _variable(keys: tuple[str, ...]) -> str:
    return PREFIX + "_".join(keys).upper()


def _assign(tree: Any, keys: tuple[str, ...], value: str) -> None:
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):  # the file has a plain value here; validation says so
            return
    tree[keys[-1]] = value


def _has(tree: Any, keys: tuple[str, ...]) -> bool:
    for key in keys:
        if not isinstance(tree, dict) or key not in tree:
            return False
        tree = tree[key]
    return True


_PROBLEMS = {"extra_forbidden": "there is no such setting (sansheng doctor lists them all)"}


def _describe(error: ValidationError, env: Mapping[str, str], path: Path | None) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        keys = tuple(str(part) for part in problem["loc"])
        variable = _variable(keys)
        where = variable if variable in env else f"{path}: {'.'.join(keys)}"
        lines.append(f"{where}: {_PROBLEMS.get(problem['type'], problem['msg'])}")
    return "\n".join(lines)
