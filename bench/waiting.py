"""How often the announced range holds the wait that came, and how far off it is, beside Asterisk's own estimate.

    python -m bench.waiting [--days N] [--json]

A queue is simulated, not measured: arrivals are Poisson, conversations log-normal, callers hang up when their
patience ends. Each caller who finds nobody free is told a wait, and again every 30 seconds; what came is known
afterwards. Asterisk's estimate is the average of past waits that it keeps (3/4 old, 1/4 new).
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from ivr.waiting.predictor import Line, Waited, WaitRange, predict

HOURS = 10
AGAIN_S = 30.0
RECENT = 100
PATIENCE_S = 900.0
TALK_S = 180.0
AFTER_CALL_S = 10.0


@dataclass(frozen=True)
class Scenario:
    """A kind of day.

    Attributes:
        staff: agents of a full shift.
        load: arrivals over what a full shift can answer, by the hour.
        agents: on duty, by the hour.
        patience_s: mean of the exponential patience; infinite: nobody hangs up.
    """

    name: str
    staff: int
    load: Callable[[float], float]
    agents: Callable[[float], int]
    patience_s: float = PATIENCE_S


SCENARIOS = (
    Scenario("steady, 10 agents", 10, lambda _hour: 0.97, lambda _hour: 10),
    Scenario("steady, 3 agents", 3, lambda _hour: 0.95, lambda _hour: 3),
    Scenario("steady, nobody hangs up", 6, lambda _hour: 0.93, lambda _hour: 6, math.inf),
    Scenario("rush of two hours", 8, lambda hour: 1.35 if 4 <= hour < 6 else 0.75, lambda _hour: 8),
    Scenario("half the agents at lunch", 8, lambda _hour: 0.7, lambda hour: 4 if 4 <= hour < 5 else 8),
)


@dataclass
class Told:
    """One announcement: what we said, what Asterisk would have, and what came."""

    at_s: float
    said: WaitRange | None
    average_s: float
    came_s: float | None = None


@dataclass
class _Caller:
    entered_s: float
    leaves_s: float
    told: list[Told] = field(default_factory=list)


class Day:
    """One simulated day of one queue, event by event."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.random = random.Random(seed)
        self.now_s = 0.0
        self.busy = 0
        self.line: list[_Caller] = []
        self.waited: list[Waited] = []
        self.average_s = 0.0
        self.told: list[Told] = []
        self.events: list[tuple[float, int, str, int]] = []
        self.number = 0
        self.callers: list[_Caller] = []

    @property
    def hour(self) -> float:
        """Hours since the day began."""
        return self.now_s / 3600

    def run(self) -> list[Told]:
        """Return every announcement whose caller was answered."""
        self._plan(self._until_next(), "arrive")
        while self.events:
            self.now_s, _order, kind, number = heapq.heappop(self.events)
            getattr(self, f"_{kind}")(number)
            self._serve()
        return [told for told in self.told if told.came_s is not None]

    def _plan(self, in_s: float, kind: str, number: int = 0) -> None:
        self.number += 1
        heapq.heappush(self.events, (self.now_s + in_s, self.number, kind, number))

    def _until_next(self) -> float:
        rate = self.scenario.load(self.hour) * self.scenario.staff / (TALK_S + AFTER_CALL_S)
        return self.random.expovariate(rate)

    def _arrive(self, _number: int) -> None:
        if self.hour < HOURS:
            self._plan(self._until_next(), "arrive")
        patience_s = self.scenario.patience_s
        leaves_s = math.inf if patience_s == math.inf else self.random.expovariate(1 / patience_s)
        caller = _Caller(self.now_s, self.now_s + leaves_s)
        self.line.append(caller)
        number = len(self.callers)
        self.callers.append(caller)
        if self.busy >= self.scenario.agents(self.hour):
            self._tell(number)
        if leaves_s < math.inf:
            self._plan(leaves_s, "abandon", number)

    def _tell(self, number: int) -> None:
        caller = self.callers[number]
        if caller not in self.line:
            return
        place = self.line.index(caller) + 1
        line = Line(self.now_s, place, self.line[0].entered_s, self.scenario.agents(self.hour))
        waited_s = self.now_s - caller.entered_s
        told = Told(self.now_s, predict(line, self.waited[-RECENT:]), max(0.0, self.average_s - waited_s))
        caller.told.append(told)
        self.told.append(told)
        self._plan(AGAIN_S, "tell", number)

    def _abandon(self, number: int) -> None:
        caller = self.callers[number]
        if caller in self.line:
            self.line.remove(caller)
            self.waited.append(Waited(caller.entered_s, self.now_s, answered=False))

    def _serve(self) -> None:
        while self.line and self.busy < self.scenario.agents(self.hour):
            caller = self.line.pop(0)
            self.busy += 1
            wait_s = self.now_s - caller.entered_s
            for told in caller.told:
                told.came_s = self.now_s - told.at_s
            self.average_s = (3 * self.average_s + wait_s) / 4
            talk_s = self.random.lognormvariate(math.log(TALK_S) - 0.32, 0.8)
            self.waited.append(Waited(caller.entered_s, self.now_s))
            self._plan(talk_s, "end", len(self.waited) - 1)

    def _end(self, number: int) -> None:
        answered = self.waited[number]
        self.waited[number] = replace(answered, talk_s=self.now_s - answered.left_s)
        self._plan(AFTER_CALL_S, "free")

    def _free(self, _number: int) -> None:
        self.busy -= 1


@dataclass(frozen=True)
class Score:
    """What came of a scenario's announcements.

    Attributes:
        held: share of ranges that held the wait.
        too_short: share of ranges whose end was passed.
        width_min: mean width of the ranges.
        off_s: mean distance of the wait from the range's middle.
        asterisk_off_s: of Asterisk's estimate, for the same announcements.
        unsaid: share of announcements without a range.
    """

    scenario: str
    announcements: int
    unsaid: float
    held: float
    too_short: float
    width_min: float
    off_s: float
    asterisk_off_s: float


def score(scenario: Scenario, days: int) -> Score:
    """Return the score of a scenario over some days."""
    told = [one for seed in range(days) for one in Day(scenario, seed).run()]
    pairs = [(t, t.said, t.came_s) for t in told if t.said is not None and t.came_s is not None]
    count = max(1, len(pairs))
    return Score(
        scenario=scenario.name,
        announcements=len(told),
        unsaid=1 - len(pairs) / max(1, len(told)),
        held=sum(said.holds(came) for _t, said, came in pairs) / count,
        too_short=sum(came > said.high * 60 for _t, said, came in pairs) / count,
        width_min=sum(said.high - said.low for _t, said, _came in pairs) / count,
        off_s=sum(abs(30 * (said.low + said.high) - came) for _t, said, came in pairs) / count,
        asterisk_off_s=sum(abs(t.average_s - came) for t, _said, came in pairs) / count,
    )


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    scores = [score(scenario, arguments.days) for scenario in SCENARIOS]
    if arguments.json:
        print(json.dumps([asdict(one) for one in scores], indent=2))
        return
    print(f"{'scenario':28}{'said':>8}{'held':>8}{'too short':>11}{'width':>8}{'off':>8}{'Asterisk off':>14}")
    for s in scores:
        print(
            f"{s.scenario:28}{s.announcements:8}{s.held:8.1%}{s.too_short:11.1%}{s.width_min:6.1f} m"
            f"{s.off_s:6.0f} s{s.asterisk_off_s:12.0f} s"
        )


if __name__ == "__main__":
    main()
