"""Asterisk's recorder and where it leaves its work: the agreement between the dial plan and the recording room.

A call is recorded by `MixMonitor` as two files in the spool folder, what the caller says and what the
caller hears. When both are closed, MixMonitor runs a command that leaves a note beside them. The note is
the trigger: it is a file, so it waits when nobody is there to read it.

    <stem>-rx.wav       what the caller says
    <stem>-tx.wav       what the caller hears: prompts, music, the agent
    <stem>.closed       the note: when the recording began, in seconds since 1970

A stem is the call's unique id; `voicemail_` before it marks a message, which is one file, `<stem>.wav`.
Nothing that a caller supplies is in a name or in the command, because a shell runs it. In a dial plan the
same is, with FOLDER the spool's path (`${EPOCH}` is expanded when the recorder starts, as it should be):

    MixMonitor(,r(FOLDER/${UNIQUEID}-rx.wav)t(FOLDER/${UNIQUEID}-tx.wav),echo ${EPOCH} > FOLDER/${UNIQUEID}.closed)
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core.errors import BadInput
from core.i18n import gettext as _

NOTE_SUFFIX: Final = ".closed"
VOICEMAIL_PREFIX: Final = "voicemail_"

_CALL_ID: Final = re.compile(r"(?:[A-Za-z0-9][\w-]{0,31}-)?\d{9,10}\.\d{1,10}", re.ASCII)
_FOLDER: Final = re.compile(r"/[\w./-]+", re.ASCII)
_NOTE: Final = re.compile(rb"(\d{9,10}(?:\.\d{1,6})?)\r?\n")


def mixmonitor_arguments(spool: Path, call_id: str, started_at: datetime) -> str:
    """Return the arguments of `MixMonitor` for a call.

    Args:
        spool: folder as Asterisk sees it.
        call_id: the channel's unique id.
        started_at: when the recording begins.

    Raises:
        BadInput: the folder's path or the id is not fit for a command line.
    """
    stem = _checked(spool, call_id) / call_id
    note = f"echo {started_at.timestamp():.3f} > {stem}{NOTE_SUFFIX}"
    return f",r({stem}-rx.wav)t({stem}-tx.wav),{note}"


def voicemail_stem(spool: Path, call_id: str) -> Path:
    """Return the path of a message without its suffix; raises as `mixmonitor_arguments`."""
    return _checked(spool, call_id) / f"{VOICEMAIL_PREFIX}{call_id}"


def leave_note(stem: Path, started_at: datetime) -> None:
    """Leave the note of files that are closed: for a recorder that is not MixMonitor."""
    part = stem.with_name(f".{stem.name}{NOTE_SUFFIX}")
    part.write_text(f"{started_at.timestamp():.3f}\n", encoding="ascii")
    part.replace(stem.with_name(stem.name + NOTE_SUFFIX))


def read_note(note: Path) -> datetime | None:
    """Return when the recording began; None when the note is not, or not yet, readable.

    Raises:
        FileNotFoundError: the note is gone.
    """
    with note.open("rb") as file:
        told = _NOTE.fullmatch(file.read(64))
    return datetime.fromtimestamp(float(told[1]), UTC) if told else None


def _checked(spool: Path, call_id: str) -> Path:
    if not _CALL_ID.fullmatch(call_id):
        raise BadInput(_("%(id)r is not the unique id of a call", id=call_id[:80]))
    if not _FOLDER.fullmatch(str(spool)):
        raise BadInput(
            _(
                "Asterisk cannot record into %(folder)s: use letters, digits, . _ and - only",
                folder=spool,
            )
        )
    return spool
