"""How long callers wait before they give up, by Kaplan and Meier's estimator (1958).

Whoever was answered would have waited longer still: these waits are censored, and leaving them out, as
the mean wait of the abandoned does, makes callers look far less patient than they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Patience:
    """The share of callers who would still wait after so many seconds.

    Attributes:
        times_s: moments at which somebody gave up, rising.
        still_waiting: the share still waiting after each.
        mean_s: mean patience under an exponential law: all waiting time ÷ callers who gave up; None when
            nobody did.
        given_up, answered: the waits behind it.
    """

    times_s: NDArray[np.float64]
    still_waiting: NDArray[np.float64]
    mean_s: float | None
    given_up: int
    answered: int

    @property
    def median_s(self) -> float | None:
        """When half the callers have given up; None when that was not reached."""
        gone = np.flatnonzero(self.still_waiting <= 0.5)
        return float(self.times_s[gone[0]]) if len(gone) else None


def patience_of(abandoned_s: NDArray[Any], censored_s: NDArray[Any]) -> Patience:
    """Return the patience behind waits that ended by giving up, and waits that ended otherwise."""
    waits = np.concatenate([abandoned_s, censored_s]).astype(float)
    times, deaths = np.unique(np.asarray(abandoned_s, float), return_counts=True)
    at_risk = len(waits) - np.searchsorted(np.sort(waits), times, side="left")
    curve = np.cumprod(1 - deaths / at_risk, dtype=np.float64)
    mean = float(waits.sum() / len(abandoned_s)) if len(abandoned_s) else None
    return Patience(times, curve, mean, len(abandoned_s), len(censored_s))
