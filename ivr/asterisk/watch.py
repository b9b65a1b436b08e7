"""What goes on in the background beside an Asterisk: its live state is watched, its queue_log followed."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Final

from core.installation import Installation
from core.logging import get_logger
from core.rounds import Work, go_round
from ivr.asterisk.ami.watch import AmiWatch
from ivr.asterisk.follower import QueueLogFollower

FOLLOW_EVERY_S: Final = 0.5

_log = get_logger(__name__)


def asterisk_works(installation: Installation) -> list[Work]:
    """Return the works for the Asterisk of an installation; none when no AMI secret is set."""
    if not installation.settings.ami.secret.get_secret_value():
        _log.info("no_asterisk", missing="SANSHENG_AMI_SECRET")
        return []
    return [AmiWatch(installation).run, follow_queue_log(installation)]


def follow_queue_log(installation: Installation) -> Work:
    """Return the work that takes the queue_log into the ledger as it grows."""
    path = Path(installation.settings.asterisk.queue_log)
    follower = QueueLogFollower(installation, path)
    return go_round("queue_log", lambda: deque(follower.look(), maxlen=0), every_s=FOLLOW_EVERY_S)
