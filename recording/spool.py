"""The spool: where Asterisk leaves recordings (see `ivr.asterisk.recorder`), and how they are taken in.

A note says that the files of its stem are closed; it becomes a job, and goes away only when the recording
is kept. So a recording waits for as long as nobody is there to take it in, and is taken in once however
often we die over it. Files whose note was lost (Asterisk was killed before it could leave one) are found by
the sweep when they have rested; their headers, which a recorder writes last, are repaired in reading.

A recording waits a little until the call log knows how its call went, because what is judged is judged by
that. Where the call log is late it is taken in all the same, and joined to its call by `link_recordings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.errors import BadInput
from core.i18n import gettext as _
from core.installation import Installation
from core.jobs import enqueue
from core.rounds import Work, go_round
from ivr.asterisk.recorder import NOTE_SUFFIX, VOICEMAIL_PREFIX, read_note
from ivr.ledger.holds import holds_of
from ivr.ledger.machine import STALE_AFTER_S
from ivr.models import Call
from recording.ingest import CONVERSATION, VOICEMAIL, RecordingFacts, add_recording, audio_files
from recording.models import Recording, RecordingFile
from recording.naming import FileSet, group_files

INGEST: Final = "ingest_spooled"
"""Name of the job; its argument is the stem."""

PATIENCE_S: Final = 120.0
"""So long a recording waits for the call log, and a note that cannot be read for its end."""

LINKED_WITHIN: Final = timedelta(days=1)
"""A recording whose call the call log does not know after so long belongs to no call of ours."""

LOOK_EVERY_S: Final = 1.0
LINK_EVERY_S: Final = 60.0

_ASTERISK: Final = "asterisk"
_SOUND: Final = ".wav"


class Spool:
    """Looks for what is ready. One object for each process; several may look at one folder."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._folder = installation.settings.spool
        self._promised: set[tuple[str, int]] = set()

    def look(self) -> int:
        """Promise a job for each recording that is ready and was not promised before; return how many."""
        now = self._installation.clock.now()
        ready = dict(self._ready(now)) if self._folder.is_dir() else {}
        fresh = {key for key in ready.items() if key not in self._promised}
        if fresh:
            with self._installation.unit_of_work() as session:
                for stem, version in sorted(fresh):
                    enqueue(session, INGEST, key=f"{stem}:{version}", at=now, stem=stem)
        self._promised = set(ready.items())
        return len(fresh)

    def _ready(self, now: datetime) -> Iterator[tuple[str, int]]:
        """Yield stem and version (its time of change in ns) of what is announced, then of what was forgotten."""
        announced = set()
        for note in self._folder.glob(f"[!.]*{NOTE_SUFFIX}"):
            stem = note.name.removesuffix(NOTE_SUFFIX)
            announced.add(stem)
            changed_ns = _changed_ns(note)
            if changed_ns is None:
                continue
            idle_s = now.timestamp() - changed_ns / 1e9
            if idle_s >= PATIENCE_S or (_is_readable(note) and self._is_over(stem)):
                yield stem, changed_ns
        for files in group_files(self._folder.glob(f"[!.]*{_SOUND}")):
            changed = [_changed_ns(path) for path in files.files]
            latest_ns = max((ns for ns in changed if ns is not None), default=None)
            if files.stem not in announced and latest_ns is not None and self._rests(files, latest_ns, now):
                yield files.stem, latest_ns

    def _is_over(self, stem: str) -> bool:
        with self._installation.unit_of_work(read_only=True) as session:
            call = _call_of(session, stem)
            return call is not None and call.outcome != "open"

    def _rests(self, files: FileSet, changed_ns: int, now: datetime) -> bool:
        """Whether nobody writes these files: they rest, and their call is over or forgotten."""
        idle_s = now.timestamp() - changed_ns / 1e9
        if idle_s < self._installation.settings.recording.sweep_after_s:
            return False
        with self._installation.unit_of_work(read_only=True) as session:
            call = _call_of(session, files.stem)
            return call is None or call.outcome != "open" or idle_s >= STALE_AFTER_S


def spool_works(installation: Installation) -> list[Work]:
    """Return what goes on in the background beside the jobs of this room."""
    return [
        go_round("spool", Spool(installation).look, every_s=LOOK_EVERY_S),
        go_round("link_recordings", partial(link_recordings, installation), every_s=LINK_EVERY_S),
    ]


def ingest_spooled(installation: Installation, *, stem: str) -> None:
    """Job: take in the files of a stem and clear them away; nothing to do when that was done.

    Raises:
        BadInput: there is no usable recording; the files stay where they are.
        RetryLater: see `add_recording`.
    """
    folder = installation.settings.spool
    if stem != Path(stem).name or stem == "..":
        raise BadInput(_("%(stem)r is not a name in the spool", stem=stem[:80]))
    note = folder / f"{stem}{NOTE_SUFFIX}"
    files = next((found for found in group_files(_files_of(folder, stem)) if found.stem == stem), None)
    if files is None:
        if note.exists():
            raise BadInput(_("%(name)s announces a recording that is not there", name=note.name))
        return
    if files.problem:
        raise BadInput(files.problem)
    kind = VOICEMAIL if stem.startswith(VOICEMAIL_PREFIX) else CONVERSATION
    started_at = read_note(note) if note.exists() else None
    with installation.unit_of_work(read_only=True) as session:
        call = _call_of(session, stem)
        holds = _holds(session, call, started_at) if call and kind == CONVERSATION else []
    facts = RecordingFacts(
        call_id=call.id if call else None,
        agent_id=call.agent_id if call and kind == CONVERSATION else None,
        roles=files.roles,
        kind=kind,
        started_at=started_at,
        holds=holds,
    )
    add_recording(installation, audio_files(files.files), facts)
    for path in (*_files_of(folder, stem), note):
        path.unlink(missing_ok=True)


def link_recordings(installation: Installation) -> int:
    """Join recordings to calls, and to agents, that the call log came to know later; return how many."""
    since = installation.clock.now() - LINKED_WITHIN
    with installation.unit_of_work(read_only=True) as session:
        found = [*_without_call(session, since), *_without_agent(session, since)]
    if found:
        with installation.unit_of_work() as session:
            session.execute(
                update(Recording),
                [
                    {"id": recording_id, "call_id": call, "agent_id": agent}
                    for recording_id, call, agent in found
                ],
            )
    return len(found)


def _without_call(session: Session, since: datetime) -> Iterator[tuple[int, int, int | None]]:
    alone = (
        select(Recording.id, Recording.kind, RecordingFile.name)
        .join(Recording.files)
        .where(Recording.call_id.is_(None), Recording.stored_at >= since, RecordingFile.position == 0)
    )
    for recording_id, kind, name in session.execute(alone).all():
        call = _call_of(session, name.removesuffix(_SOUND).removesuffix("-rx"))
        if call is not None:
            yield recording_id, call.id, call.agent_id if kind == CONVERSATION else None


def _without_agent(session: Session, since: datetime) -> Iterator[tuple[int, int, int | None]]:
    nameless = (
        select(Recording.id, Call.id, Call.agent_id)
        .join(Recording.call)
        .where(
            Recording.agent_id.is_(None),
            Recording.kind == CONVERSATION,
            Recording.stored_at >= since,
            Call.agent_id.is_not(None),
        )
    )
    yield from session.execute(nameless).all()


def _call_of(session: Session, stem: str) -> Call | None:
    call_id = stem.removeprefix(VOICEMAIL_PREFIX)
    return session.scalar(select(Call).where(Call.provider == _ASTERISK, Call.provider_call_id == call_id))


def _holds(session: Session, call: Call, started_at: datetime | None) -> list[tuple[float, float]]:
    """Return a call's holds as seconds of its recording; none when nobody knows when that began."""
    if started_at is None:
        return []
    offsets = [[(at - started_at).total_seconds() for at in hold] for hold in holds_of(session, call)]
    return [(max(0.0, start_s), end_s) for start_s, end_s in offsets if end_s > max(0.0, start_s)]


def _files_of(folder: Path, stem: str) -> list[Path]:
    names = (f"{stem}-rx{_SOUND}", f"{stem}-tx{_SOUND}", f"{stem}-mix{_SOUND}", f"{stem}{_SOUND}")
    return [folder / name for name in names if (folder / name).is_file()]


def _is_readable(note: Path) -> bool:
    try:
        return read_note(note) is not None
    except FileNotFoundError:  # taken in by another process meanwhile
        return False


def _changed_ns(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
