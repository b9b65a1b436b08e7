"""Stretches of time: joining, overlapping and inverting lists of (start_s, end_s)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from qa.heard import Span


def joined(spans: Iterable[Span], *, gap_s: float = 0.0) -> list[Span]:
    """Return the spans ascending, with those joined that overlap or are at most `gap_s` apart."""
    result: list[Span] = []
    for start, end in sorted(s for s in spans if s[1] > s[0]):
        if result and start - result[-1][1] <= gap_s:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def gaps(spans: Iterable[Span], start_s: float, end_s: float) -> list[Span]:
    """Return what lies between start and end and in no span."""
    result: list[Span] = []
    at = start_s
    for start, end in joined(spans):
        if start > at:
            result.append((at, min(start, end_s)))
        at = max(at, end)
        if at >= end_s:
            return result
    return [*result, (at, end_s)] if end_s > at else result


def crossing(first: Sequence[Span], second: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    """Yield every pair of spans that overlap; each list is ascending and without overlaps of its own."""
    at = 0
    for one in first:
        while at < len(second) and second[at][1] <= one[0]:
            at += 1
        next_one = at
        while next_one < len(second) and second[next_one][0] < one[1]:
            yield one, second[next_one]
            next_one += 1


def overlap_s(first: Span, second: Span) -> float:
    """Return the seconds two spans have in common."""
    return max(0.0, min(first[1], second[1]) - max(first[0], second[0]))


def clipped(spans: Iterable[Span], start_s: float, end_s: float) -> list[Span]:
    """Return the parts of the spans between start and end."""
    cut = ((max(start, start_s), min(end, end_s)) for start, end in spans)
    return [span for span in cut if span[1] > span[0]]


def total_s(spans: Iterable[Span]) -> float:
    """Return the seconds of spans that do not overlap."""
    return sum(end - start for start, end in spans)
