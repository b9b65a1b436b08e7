"""The announced wait as a variant of the channel's language: what app_queue plays follows from it.

app_queue reads out one configured sound after the place in the line, the same for every caller; but which file
that is, it looks up in the channel's language, and a language `zh_wait_2_4` falls back to `zh` for every sound it
does not have itself. So the folder `zh_wait_2_4` holds one sound only, and a caller's wait is changed by changing
the language of a channel that stays where it is in the queue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ivr.waiting.predictor import WaitRange
from ivr.waiting.wording import PROMPT

QUIET: Final = "_wait_quiet"
"""Behind the language: the first announcement is silent, because an agent is free and will be rung at once."""

_UNKNOWN: Final = "_wait"
_VARIANT: Final = re.compile(
    r"(?P<language>[a-z]{2,3})_wait(?:_(?P<low>[0-9]{1,3})_(?P<high>[0-9]{1,3})|_quiet)?"
)


@dataclass(frozen=True, slots=True)
class WaitLanguage:
    """A channel's language where waits are announced.

    Attributes:
        language: what is spoken.
        said: the range that is announced; None: only patience is asked for.
        quiet: nothing is announced.
    """

    language: str
    said: WaitRange | None = None
    quiet: bool = False

    @classmethod
    def read(cls, name: str) -> WaitLanguage | None:
        """Return what a channel's language says; None where no waits are announced."""
        found = _VARIANT.fullmatch(name)
        if found is None:
            return None
        said = WaitRange(int(found["low"]), int(found["high"])) if found["low"] else None
        return cls(found["language"], said, quiet=name.endswith(QUIET))

    def __str__(self) -> str:
        """Write it as Asterisk's language, which is also its folder of sounds."""
        if self.quiet:
            return self.language + QUIET
        ending = f"_{self.said.low}_{self.said.high}" if self.said else ""
        return f"{self.language}{_UNKNOWN}{ending}"


SOUND: Final = PROMPT
"""Name of the sound app_queue plays after the place."""
