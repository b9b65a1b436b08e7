"""Machine verdicts against the scripts' truth, by character error rate.

    python -m bench.verdicts [--json]

The demo's scripted calls are heard with synthetic, seeded errors (see `bench.phrases`) and judged by the
shipped scorecard. A wrong verdict is a pass or N/A for a fail, a fail for a pass, and so on; leaving the
answer to a person is no error, but it is work.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from dataclasses import replace

from bench.phrases import misheard
from qa.heard import HeardCall, HeardUtterance
from qa.models import Verdict
from qa.phrases import SpokenWord
from qa.publishing import shipped_document
from qa.scorecard import Scorecard, read_scorecard
from qa.scoring import judge
from recording.models import Role
from sansheng.demo.calls import ScriptedCall, scripted_calls

RATES = (0.0, 0.05, 0.1, 0.2, 0.3)
SYLLABLE_S = 0.22
CONFIDENCE, CONFIDENCE_OF_ERRORS = 0.95, 0.6
SLOTS = {"company": ("云帆科技",), "department": ("客服中心", "售后服务部", "投诉部")}


def heard_script(call: ScriptedCall) -> HeardCall:
    """Return a scripted call as a recogniser without errors hears it, timed like natural speech."""
    at, utterances, holds = 0.8, list[HeardUtterance](), list[tuple[float, float]]()
    for line in call.lines:
        at = max(0.0, at + (0.4 if line.pause_s is None else line.pause_s) - line.overlap_s)
        start, words = at, []
        for text in line.words:
            words.append(SpokenWord(text, at, at + SYLLABLE_S * len(text), CONFIDENCE))
            at += SYLLABLE_S * len(text)
        utterances.append(HeardUtterance(Role(line.role.value), start, at, tuple(words)))
        if line.hold_s:
            holds.append((at + 0.5, at + 0.5 + line.hold_s))
            at += line.hold_s + 1.0
    own = {"name": (call.agent.name,), "code": (call.agent.code,)} if call.agent else {}
    return HeardCall(
        duration_s=at + 0.5,
        roles_known=True,
        utterances=tuple(utterances),
        speech={
            role: tuple((u.start_s, u.end_s) for u in utterances if u.role == role)
            for role in (Role.AGENT, Role.CALLER)
        },
        kind="voicemail" if call.is_voicemail else "conversation",
        answered_at_s=0.0,
        holds=tuple(holds),
        ring_s=call.ring_s,
        ended_by=call.hung_up_by.value,
        slots={**SLOTS, **own},
    )


def misheard_call(call: HeardCall, rate: float, rng: random.Random) -> HeardCall:
    """Return the call with errors in its words; what is wrong is also less confident."""
    return replace(call, utterances=tuple(_misheard(u, rate, rng) for u in call.utterances))


def _misheard(utterance: HeardUtterance, rate: float, rng: random.Random) -> HeardUtterance:
    words = []
    for word in utterance.words:
        text = misheard(word.text, rate, rng)
        if text:
            confidence = CONFIDENCE if text == word.text else CONFIDENCE_OF_ERRORS
            words.append(replace(word, text=text, confidence=confidence))
    return replace(utterance, words=tuple(words))


def outcomes(scorecard: Scorecard, rate: float, *, rounds: int, seed: int = 3) -> Counter[str]:
    """Count right, abstained and wrong verdicts over all scripted conversations."""
    rng = random.Random(seed)
    counted: Counter[str] = Counter()
    for _round in range(rounds):
        for call in scripted_calls():
            if call.is_voicemail:  # every verdict is trivially N/A
                continue
            answers = judge(scorecard, misheard_call(heard_script(call), rate, rng))
            for key, expected in call.expected.items():
                counted[_outcome(answers[key].verdict, expected.value)] += 1
    return counted


def _outcome(verdict: Verdict, expected: str) -> str:
    if verdict.value == expected:
        return "right"
    return "abstained" if verdict == Verdict.HUMAN else "wrong"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    scorecard = read_scorecard(shipped_document())
    table = {}
    for rate in RATES:
        counted = outcomes(scorecard, rate, rounds=10)
        table[f"{rate:.0%}"] = {
            k: round(counted[k] / counted.total(), 4) for k in ("right", "abstained", "wrong")
        }
    calls = [heard_script(call) for call in scripted_calls()]
    started = time.perf_counter()
    for call in calls:
        judge(scorecard, call)
    per_call_ms = 1000 * (time.perf_counter() - started) / len(calls)
    if arguments.json:
        print(json.dumps({"by_rate": table, "judge_ms": round(per_call_ms, 3)}))
        return
    print(f"{'CER':>5}{'right':>10}{'abstained':>12}{'wrong':>8}")
    for rate_name, row in table.items():
        print(f"{rate_name:>5}{row['right']:>10.1%}{row['abstained']:>12.1%}{row['wrong']:>8.1%}")
    print(f"judging takes {per_call_ms:.1f} ms a call, without the database")


if __name__ == "__main__":
    main()
