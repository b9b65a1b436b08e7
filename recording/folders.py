"""Takes in whole folders: once (`import`), or for as long as it runs (`watch`).

One bad item is reported and the rest taken. Only a passing condition (disk full, database busy)
ends an import; running it again goes on where it stopped, because everything is keyed by content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import or_, select

from core.errors import BadInput, Conflict, RetryLater
from core.i18n import gettext as _
from core.installation import Installation
from ivr.models import Agent, Call
from recording.audio.reading import SUFFIXES
from recording.ingest import RecordingFacts, add_recording, audio_files
from recording.naming import FileSet, NameHint, group_files, read_name


@dataclass(frozen=True, slots=True)
class ImportedItem:
    """What became of one recording of a folder; `problem` says why it was skipped."""

    files: tuple[Path, ...]
    recording_id: int | None = None
    created: bool = False
    problem: str = ""
    notices: tuple[str, ...] = ()


def find_recordings(folder: Path) -> list[FileSet]:
    """Return the recordings below a folder; raises BadInput when it is not one."""
    _check_folder(folder)
    return group_files(_sound_files(folder))


def import_recordings(
    installation: Installation, sets: Iterable[FileSet], pattern: str, *, agent_channel: int | None = None
) -> Iterator[ImportedItem]:
    """Take in recordings one after the other; raises RetryLater, or BadInput for an unknown pattern."""
    for files in sets:
        hint = read_name(files.stem, pattern, installation.settings.web.time_zone)
        yield _import(installation, files, hint, agent_channel)


def import_folder(
    installation: Installation, folder: Path, pattern: str = "plain", *, agent_channel: int | None = None
) -> Iterator[ImportedItem]:
    """Take in every recording below a folder."""
    yield from import_recordings(installation, find_recordings(folder), pattern, agent_channel=agent_channel)


@dataclass(slots=True)
class FolderWatch:
    """A folder that recorders write into. A file is taken when two looks see the same size and time of change."""

    installation: Installation
    folder: Path
    pattern: str = "plain"
    agent_channel: int | None = None
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _done: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _lone: set[tuple[Path, ...]] = field(default_factory=set)

    def look(self) -> Iterator[ImportedItem]:
        """Take in what has come to rest since the last look."""
        now = {path: state for path in _sound_files(self.folder) if (state := _state(path)) is not None}
        resting = {path for path, state in now.items() if self._seen.get(path) == state}
        self._seen = now
        self._done = {path: state for path, state in self._done.items() if now.get(path) == state}
        for files in group_files(now):
            if not resting.issuperset(files.files) or all(path in self._done for path in files.files):
                continue
            if files.problem and files.files not in self._lone:  # its other leg may be a moment late
                self._lone.add(files.files)
                continue
            try:
                yield from import_recordings(
                    self.installation, [files], self.pattern, agent_channel=self.agent_channel
                )
            except RetryLater as error:  # it passes; this and the others are taken at a later look
                yield ImportedItem(files.files, problem=str(error))
                return
            self._done |= {path: now[path] for path in files.files}

    def run(self, pause: Callable[[], bool]) -> Iterator[ImportedItem]:
        """Look again and again; `pause` waits and says whether to go on. Raises BadInput when it is no folder."""
        _check_folder(self.folder)
        while True:
            yield from self.look()
            if not pause():
                return


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise BadInput(_("%(path)s is not a folder", path=folder))


def _sound_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
            yield path


def _state(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:  # taken away between the listing and now
        return None
    return stat.st_size, stat.st_mtime_ns


def _import(
    installation: Installation, files: FileSet, hint: NameHint, agent_channel: int | None
) -> ImportedItem:
    if files.problem:
        return ImportedItem(files.files, problem=files.problem)
    call_id, agent_id = _look_up(installation, hint)
    facts = RecordingFacts(
        call_id=call_id,
        agent_id=agent_id,
        agent_channel=None if files.roles else agent_channel,
        roles=files.roles,
        started_at=hint.started_at,
    )
    try:
        added = add_recording(installation, audio_files(files.files), facts)
    except (BadInput, Conflict) as error:
        return ImportedItem(files.files, problem=str(error))
    return ImportedItem(files.files, added.recording.id, added.created, notices=added.notices)


def _look_up(installation: Installation, hint: NameHint) -> tuple[int | None, int | None]:
    """Find the call and the agent a name hints at; a call's own agent is stronger than the name's."""
    with installation.unit_of_work(read_only=True) as session:
        calls = select(Call).where(Call.provider_call_id == (hint.provider_call_id or "")).limit(2)
        found = session.scalars(calls).all() if hint.provider_call_id else []
        call = found[0] if len(found) == 1 else None
        if call is not None and call.agent_id is not None:
            return call.id, call.agent_id
        agent_id = None
        if hint.agent:
            named = or_(
                Agent.code == hint.agent, Agent.interface.in_([f"PJSIP/{hint.agent}", f"SIP/{hint.agent}"])
            )
            agent_id = session.scalar(select(Agent.id).where(named).order_by(Agent.id).limit(1))
        return (call.id if call else None), agent_id
