"""Taking a message on the answering machine, into the spool where recordings wait to be taken in."""

from __future__ import annotations

import wave
from pathlib import Path

from core.clock import Clock
from core.logging import get_logger
from ivr.asterisk.agi import CallerGone, Channel, NotDone
from ivr.asterisk.recorder import leave_note, voicemail_stem
from ivr.flow.instructions import Record

_log = get_logger(__name__)


def take_message(channel: Channel, record: Record, spool: Path, clock: Clock) -> float:
    """Record a message; return its length in seconds, 0 when there is none.

    Whoever hangs up at the end of the message has left one, as most callers do: the next command finds the
    caller gone.
    """
    stem = voicemail_stem(spool, channel.call_id)
    started_at = clock.now()
    try:
        channel.record(
            str(stem), finish_keys=record.finish_key, max_s=record.max_s, silence_s=record.silence_s
        )
    except NotDone:
        _log.error("message_not_recorded", call=channel.call_id)
        return 0.0
    except CallerGone:
        _log.info("message_ended_by_hangup", call=channel.call_id)
    path = stem.with_name(stem.name + ".wav")
    seconds = message_s(path)
    if seconds > 0:
        leave_note(stem, started_at)
    return seconds


def message_s(path: Path) -> float:
    """Return the length of a message's file; 0 when it is not there, or empty."""
    try:
        with wave.open(str(path), "rb") as file:
            return file.getnframes() / file.getframerate()
    except FileNotFoundError:
        return 0.0
    except (wave.Error, EOFError) as error:
        _log.error("message_unreadable", reason=str(error))
        return 0.0
