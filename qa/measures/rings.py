"""How often the agent's phone rang.

The log knows seconds, the standard counts rings. The mainland Chinese cadence is one second on, four
off, so ring n begins at 5·(n-1) s; a phone that is picked up at 10.0 s is in its third ring.
"""

from __future__ import annotations

from typing import Final

RING_PERIOD_S: Final = 5.0


def rings(ring_s: float) -> int:
    """Return the number of rings that had begun when the phone was picked up after `ring_s` seconds."""
    return int(ring_s // RING_PERIOD_S) + 1
