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

from pydantic import Field, SecretStr, ValidationError, field_validator
from sqlalchemy import make_url

from core.errors import BadInput
from core.setting_sections import (
    AgiSettings,
    AmiSettings,
    AsrSettings,
    AsteriskSettings,
    CallbackSettings,
    DatabaseSettings,
    JobSettings,
    PublicSettings,
    QaSettings,
    RecordingSettings,
    Section,
    ShiftSettings,
    SipSettings,
    TwilioSettings,
    WallSettings,
    WebSettings,
)

PREFIX = "SANSHENG_"
MIN_SECRET_LENGTH = 16


def _default_home() -> Path:
    return Path.home() / ".local" / "share" / "sansheng"


class Settings(Section):
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
    wall: WallSettings = WallSettings()
    shift: ShiftSettings = ShiftSettings()
    callbacks: CallbackSettings = CallbackSettings()

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
        if isinstance(section, type) and issubclass(section, Section):
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
