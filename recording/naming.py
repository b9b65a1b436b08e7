"""What file names tell: which files are the legs of one call, and hints about whose call it was.

A name is a hint, never authority: a call is joined only if the call log knows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from core.errors import BadInput
from core.i18n import gettext as _
from core.phone import mask_number
from recording.models import Role

_UNIQUEID: Final = r"(?P<call>(?:[\w.]+-)?\d{9,10}\.\d+)"
_STAMP: Final = r"(?P<stamp>\d{8}-\d{6})"
PATTERNS: Final = {
    "plain": re.compile(r".*"),
    "asterisk": re.compile(rf"(?:.*_)?{_UNIQUEID}"),
    "freepbx": re.compile(
        rf"(?P<kind>[a-z]+)-(?P<to>[^-]*)-(?P<by>[^-]*)-{_STAMP}-(?P<call>\d{{9,10}}\.\d+)(?:\.[0-9a-f]+)?"
    ),
    "vicidial": re.compile(rf"{_STAMP}(?:_(?P<agent>[^_]*[^_\d][^_]*|\d{{1,6}}))?_(?P<phone>\d+)(?:-all)?"),
}
"""Name of a pattern → the whole stem. `asterisk`: <uniqueid>, as our own dial plan and most others write it.
`freepbx`: <kind>-<to>-<by>-YYYYMMDD-HHMMSS-<uniqueid>. `vicidial`: FULLDATE_AGENT_CUSTPHONE, FULLDATE_CUSTPHONE."""
PATTERNS["issabel"] = PATTERNS["freepbx"]

_LEG: Final = re.compile(r"(?P<stem>.+)-(?P<leg>rx|tx|mix|in|out)", re.IGNORECASE)
_PAIRS: Final = (("rx", "tx"), ("in", "out"))
"""What the caller says, what the caller hears: MixMonitor's options r and t, and Monitor's two files."""
_PHONE: Final = re.compile(r"(?<![\d.])(?:\+|00)?\d{7,15}(?![\d.]\d)(?!\d)")
_DATE: Final = re.compile(r"(?:19|20)\d{6}(?=[-_]\d{6}(?!\d))")


@dataclass(frozen=True, slots=True)
class NameHint:
    """What a name says: the telephony's call id, the agent's extension or code, when it began (UTC)."""

    provider_call_id: str | None = None
    agent: str | None = None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileSet:
    """The files of one recording in channel order; roles where the names of the legs tell; `problem` if unusable."""

    files: tuple[Path, ...]
    stem: str
    roles: tuple[Role, ...] | None = None
    problem: str = ""


def read_name(stem: str, pattern: str, zone: str) -> NameHint:
    """Read the hints in a file's stem; a name that does not fit gives none. Raises BadInput: unknown pattern."""
    if pattern not in PATTERNS:
        raise BadInput(
            _(
                "unknown pattern %(pattern)r; there are %(known)s",
                pattern=pattern,
                known=", ".join(sorted(PATTERNS)),
            )
        )
    match = PATTERNS[pattern].fullmatch(stem)
    found = match.groupdict() if match else {}
    agent = found.get("agent")
    if found.get("kind") == "exten":
        agent = found["to"]
    elif found.get("kind") in ("out", "force"):
        agent = found["by"]
    return NameHint(found.get("call"), agent or None, _time(found.get("stamp"), zone))


def group_files(paths: Iterable[Path]) -> list[FileSet]:
    """Group paths into recordings: legs of one stem together, every other file alone."""
    groups: dict[tuple[Path, str, str], dict[str, Path]] = {}
    sets: list[FileSet] = []
    for path in sorted(paths):
        match = _LEG.fullmatch(path.stem)
        if match:
            key = (path.parent, match["stem"], path.suffix.lower())
            groups.setdefault(key, {})[match["leg"].lower()] = path
        else:
            sets.append(FileSet((path,), path.stem))
    for (_folder, stem, _suffix), legs in groups.items():
        sets += _sets_of(stem, legs)
    return sorted(sets, key=lambda s: s.files)


def stored_name(name: str) -> str:
    """Return a name as it may be kept: telephone numbers in it are masked."""
    dates = {match.span() for match in _DATE.finditer(name)}
    return _PHONE.sub(lambda m: m.group() if m.span() in dates else mask_number(m.group()), name)[-255:]


def _sets_of(stem: str, legs: dict[str, Path]) -> list[FileSet]:
    for caller, agent in _PAIRS:
        if caller in legs and agent in legs:
            return [FileSet((legs[caller], legs[agent]), stem, (Role.CALLER, Role.AGENT))]
    lone = legs.get("rx") or legs.get("tx")
    if lone is not None:
        other = "tx" if "rx" in legs else "rx"
        return [
            FileSet(
                (lone,),
                stem,
                problem=_(
                    "%(name)s: the other leg, %(other)s, is missing",
                    name=lone.name,
                    other=f"{stem}-{other}{lone.suffix}",
                ),
            )
        ]
    return [FileSet((path,), stem if leg == "mix" else path.stem) for leg, path in legs.items()]


def _time(stamp: str | None, zone: str) -> datetime | None:
    if stamp is None:
        return None
    try:
        return datetime.strptime(stamp, "%Y%m%d-%H%M%S").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        return None
