"""The figures, against numbers that were published or can be reckoned by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.metrics.columns import OUTCOMES, VISIT
from ivr.metrics.counts import calls_again, rings_begun
from ivr.metrics.definitions import GOVERNMENT, PRESETS, STANDARD
from ivr.metrics.figures import counted_visits, every_service_level, figures_of

ANSWERED, ABANDONED = OUTCOMES.index("answered"), OUTCOMES.index("abandoned")


def rows_of(*visits):
    """Visits from dictionaries; what is not said is unknown."""
    rows = np.zeros(len(visits), VISIT)
    for name in ("wait", "talk", "hold", "ring", "wrap_up"):
        rows[name] = -1
    rows["queue"] = 1
    rows["call"] = np.arange(len(visits)) + 1
    for place, visit in enumerate(visits):
        for name, value in visit.items():
            rows[place][name] = value
    return rows


def total(rows, definition=STANDARD, within_s=20.0, reach=0):
    again = calls_again(rows, definition.repeat_days)
    counted = counted_visits(rows, {1: within_s}, again, definition, reach)
    return figures_of(counted, np.zeros(len(rows), np.int64), 1)


def published_day():
    """1000 answered, 860 of them within 20 s; 60 abandoned, 20 within 20 s and of these 10 within 5 s."""
    waits = [
        (ANSWERED, 860, 20),
        (ANSWERED, 140, 21),
        (ABANDONED, 10, 5),
        (ABANDONED, 10, 20),
        (ABANDONED, 40, 45),
    ]
    return rows_of(*({"outcome": o, "wait": s * 1000} for o, count, s in waits for _ in range(count)))


@pytest.mark.parametrize(
    ("form", "percent"),
    [
        ("of_offered", 81.13),
        ("with_abandoned", 83.02),
        ("of_answered", 86.00),
        ("without_early_abandoned", 82.69),
        ("short_as_served", 82.08),
        ("without_short", 81.90),
    ],
)
def test_one_day_has_six_published_service_levels(form, percent):
    rows = published_day()
    definition = STANDARD.model_copy(update={"service_level": form})

    assert round(100 * total(rows, definition).of(0)["service_level"], 2) == percent
    assert round(100 * every_service_level(total(rows).counts)[form], 2) == percent


def test_the_government_preset_asks_for_fifteen_seconds():
    rows = rows_of({"outcome": ANSWERED, "wait": 15_000}, {"outcome": ANSWERED, "wait": 15_001})

    assert total(rows, GOVERNMENT).of(0)["service_level"] == 0.5
    assert (GOVERNMENT.within_s, GOVERNMENT.answer_rate_target) == (15, 0.95)


@pytest.mark.parametrize(
    ("ring_s", "rings"), [(0, 0), (1, 1), (9.9, 2), (10.0, 3), (14.9, 3), (15.0, 4), (25.0, 6)]
)
def test_rings_are_counted_at_the_edges_of_the_cadence(ring_s, rings):
    (begun,) = rings_begun(np.array([ring_s * 1000], np.int32), STANDARD)

    assert begun == rings


def test_rings_are_held_against_target_limit_and_tolerance():
    rows = rows_of(*({"outcome": ANSWERED, "ring": s * 1000} for s in (4, 9, 14, 24, 25)))
    figures = total(rows).of(0)

    over = [figures[f"rings_over_{name}"] for name in ("target", "limit", "tolerance")]
    assert over == [3, 2, 1]
    assert figures["rings"] == pytest.approx((1 + 2 + 3 + 5 + 6) / 5)


def test_percentiles_are_waits_of_real_calls():
    rows = rows_of(*({"outcome": ANSWERED, "wait": s * 1000} for s in range(1, 101)))
    rows = np.concatenate([rows, rows_of({"outcome": ABANDONED, "wait": 300_000})])
    figures = total(rows).of(0)

    assert [figures[f"wait_p{p}_s"] for p in (50, 90, 95)] == [50, 90, 95]
    assert (figures["asa_s"], figures["longest_wait_s"]) == (50.5, 300)


def test_a_handling_time_that_is_too_short_deviates_as_well():
    handled = ((200, 9), (200, 10), (330, 0), (300, 31))
    rows = rows_of(*({"outcome": ANSWERED, "talk": t * 1000, "wrap_up": w * 1000} for t, w in handled))
    figures = total(rows).of(0)

    assert (figures["handled"], figures["handled_too_short"], figures["handled_too_long"]) == (4, 1, 1)
    assert figures["aht_s"] == 270


def test_the_first_version_of_the_standard_still_counts_the_talk_alone():
    rows = rows_of(
        *({"outcome": ANSWERED, "talk": s * 1000, "wrap_up": 60_000} for s in (209, 210, 330, 331))
    )
    figures = total(rows, PRESETS[0]).of(0)

    assert PRESETS[0].label == "standard@1"
    assert (figures["handled"], figures["handled_too_short"], figures["handled_too_long"]) == (4, 1, 1)
    assert figures["aht_s"] == 270


def test_handling_whose_work_after_the_call_is_not_known_is_not_known():
    rows = rows_of({"outcome": ANSWERED, "talk": 100_000})
    figures = total(rows).of(0)

    assert (figures["handled"], figures["wrap_up_unknown"], figures["mean_talk_s"]) == (0, 1, 100)
    assert (figures["aht_s"], figures["wrap_up_s"]) == (None, None)


def test_time_on_hold_is_of_those_whose_holds_were_told():
    rows = rows_of(
        *({"outcome": ANSWERED, "talk": 100_000, "hold": hold} for hold in (-1, 0, 20_000, 40_000)),
    )
    figures = total(rows).of(0)

    assert (figures["held"], figures["hold_s"], figures["mean_hold_s"]) == (3, 60, 20)
    untold = total(rows_of({"outcome": ANSWERED, "talk": 100_000})).of(0)
    assert (untold["held"], untold["hold_s"], untold["mean_hold_s"]) == (0, None, None)


def test_first_call_resolution_waits_until_the_days_have_passed():
    day = 86_400_000
    rows = rows_of(
        {"outcome": ANSWERED, "caller": 5, "entered": 20 * day, "call": 1},
        {"outcome": ANSWERED, "caller": 5, "entered": 27 * day, "call": 2},
        {"outcome": ANSWERED, "caller": 6, "entered": 20 * day, "call": 3},
        {"outcome": ANSWERED, "caller": 0, "entered": 20 * day, "call": 4},
        {"outcome": ABANDONED, "caller": 7, "entered": 20 * day, "call": 5},
        {"outcome": ANSWERED, "caller": 8, "entered": 20 * day + 1, "call": 6},
    )

    figures = total(rows, reach=27 * day).of(0)
    assert (figures["judged"], figures["resolved"], figures["first_call_resolution"]) == (2, 1, 0.5)
    assert total(rows, reach=27 * day - 1).of(0)["first_call_resolution"] is None


def test_of_nothing_no_mean_and_no_share_is_claimed():
    figures = total(rows_of()).of(0)

    assert figures["offered"] == 0
    assert {figures[name] for name in ("service_level", "asa_s", "aht_s", "rings", "wait_p90_s")} == {None}


def test_a_caller_who_calls_again_within_the_days_is_a_repeat_caller():
    day = 86_400_000
    rows = rows_of(
        {"caller": 5, "entered": 20 * day, "call": 1},
        {"caller": 5, "entered": 20 * day + 60_000, "call": 1},  # the same call in a second queue
        {"caller": 5, "entered": 27 * day, "call": 2},
        {"caller": 5, "entered": 35 * day, "call": 3},
        {"caller": 6, "entered": 27 * day, "call": 4},
        {"caller": 0, "entered": 27 * day, "call": 5},
        {"caller": 0, "entered": 27 * day, "call": 6},
    )

    again = calls_again(rows, 7)
    assert again.before.tolist() == [False, False, True, False, False, False, False]
    assert again.after.tolist() == [True, True, False, False, False, False, False]


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 30)),
        max_size=12,
    ),
    st.lists(st.sampled_from([0, 5, 5 + (1 << 40), 9 << 50]), min_size=6, max_size=6),
)
def test_repeated_calls_are_those_a_plain_search_finds(visits, callers):
    day = 86_400_000
    rows = rows_of(*({"call": c, "entered": d * day, "caller": callers[c - 1]} for c, d in visits))
    begun = {}
    for call, at in visits:
        if callers[call - 1]:
            begun[call] = min(at, begun.get(call, at))
    order = sorted(begun, key=lambda call: (begun[call], call))
    pairs = [
        (a, b)
        for n, b in enumerate(order)
        for a in order[:n]
        if callers[a - 1] == callers[b - 1] and begun[b] - begun[a] <= 7
    ]
    again = calls_again(rows, 7)

    assert again.before.tolist() == [any(b == call for _a, b in pairs) for call, _at in visits]
    assert again.after.tolist() == [any(a == call for a, _b in pairs) for call, _at in visits]


def test_groups_keep_their_own_percentiles():
    rows = rows_of(*({"outcome": ANSWERED, "wait": s * 1000} for s in (5, 50, 1, 2, 3)))
    counted = counted_visits(rows, {1: 20}, calls_again(rows, 7), STANDARD, 0)
    figures = figures_of(counted, np.array([0, 0, 2, 2, -1]), 3)

    assert [row["wait_p50_s"] for row in figures.rows()] == [5, None, 1]
    assert figures.counts["offered"].tolist() == [2, 0, 2]


@given(st.lists(st.tuples(st.integers(-1, 90_000), st.sampled_from([ANSWERED, ABANDONED])), max_size=40))
def test_one_group_alone_gives_what_it_gives_among_others(visits):
    rows = rows_of(*({"outcome": outcome, "wait": wait, "ring": wait // 3} for wait, outcome in visits))
    counted = counted_visits(rows, {1: 20.0}, calls_again(rows, 7), STANDARD, 0)
    alone = figures_of(counted, np.zeros(len(rows), np.int64), 1)
    among = figures_of(counted, np.zeros(len(rows), np.int64), 2)

    assert alone.of(0) == among.of(0)
