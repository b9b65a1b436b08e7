"""Phones, HMM states and transition ids of the demo model: what network, graph and labels must agree on.

Silence and initials have one HMM state, finals two; all are position independent (98 outputs of the network).
Vosk takes word times from position-dependent phones (`a_B`, `a_E`, `a_I`, `a_S`); the four share their outputs.
"""

from __future__ import annotations

from sansheng.demo.lexicon import BASE_PHONES, INITIALS, SILENCE


def state_count(base_phone: str) -> int:
    """Emitting HMM states of a phone."""
    return 1 if base_phone == SILENCE or base_phone in INITIALS else 2


def _outputs() -> dict[str, tuple[int, ...]]:
    outputs, first = {}, 0
    for phone in BASE_PHONES:
        outputs[phone] = tuple(range(first, first + state_count(phone)))
        first += state_count(phone)
    return outputs


OUTPUTS = _outputs()  # base phone -> network outputs of its states, in order
OUTPUT_COUNT = sum(len(states) for states in OUTPUTS.values())

POSITION_PHONES = (SILENCE, *(f"{base}_{place}" for base in BASE_PHONES[1:] for place in "BEIS"))
PHONE_ID = {phone: index for index, phone in enumerate(POSITION_PHONES, start=1)}


def base_of(position_phone: str) -> str:
    """`uang_E` gives `uang`."""
    return position_phone if position_phone == SILENCE else position_phone[:-2]


def spell(phones: tuple[str, ...]) -> list[int]:
    """Ids of a word's phones with their place in the word."""
    last = len(phones) - 1
    places = ["S"] if last == 0 else ["B", *["I"] * (last - 1), "E"]
    return [PHONE_ID[f"{phone}_{place}"] for phone, place in zip(phones, places, strict=True)]


# (phone id, HMM state, output), in Kaldi's sorted order. Each has two transition ids: stay, then go on.
TRIPLES = tuple(
    (PHONE_ID[phone], state, OUTPUTS[base_of(phone)][state])
    for phone in POSITION_PHONES
    for state in range(state_count(base_of(phone)))
)
STAY = {(phone, state): 2 * i + 1 for i, (phone, state, _) in enumerate(TRIPLES)}
GO_ON = {(phone, state): 2 * i + 2 for i, (phone, state, _) in enumerate(TRIPLES)}
