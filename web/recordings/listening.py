"""Leaves the trace of listening: one audit entry for each session and recording, one for each download."""

from __future__ import annotations

from typing import Final

from flask import session as cookie

from core.accounts import User
from core.audit import record_audit
from web.context import installation, now

_REMEMBERED: Final = 50


def note_listening(user: User, recording_id: int) -> None:
    """Record that somebody listens to a recording, once a session; committed before a byte is sent."""
    heard: list[int] = cookie.get("heard", [])
    if recording_id in heard:
        return
    note(user, "recording_played", recording_id)
    cookie["heard"] = [*heard, recording_id][-_REMEMBERED:]


def note(user: User, action: str, recording_id: int) -> None:
    """Record an act on a recording in its own transaction, as reading requests change nothing."""
    with installation().unit_of_work() as writing:
        record_audit(writing, at=now(), user_id=user.id, action=action, subject=f"recording:{recording_id}")
