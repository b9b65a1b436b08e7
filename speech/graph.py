"""The decoding graph (`graph/HCLG.fst`): words of a vocabulary as paths of transition ids.

A new vocabulary needs only this step; the network knows all syllables already:

    python -m speech.graph --sentences FILE --model DIR

G (bigram) and L (lexicon) are composed, determinised and minimised with kaldifst; context is trivial (monophones),
and every phone arc is then expanded into HMM states in Kaldi's reordered form: go-on first, its loop on the state
after it. Never import vosk in the same process: both libraries export OpenFst and the process hangs.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import kaldifst

from sansheng.demo import lexicon
from speech import sentences as templates
from speech import syllables
from speech.language_model import END, START, Bigram, estimate
from speech.phones import GO_ON, PHONE_ID, POSITION_PHONES, STAY, base_of, spell, state_count

GARBAGE = "[unk]"
GARBAGE_PROBABILITY = 0.0005
TEMPLATE_SENTENCES = 60_000
OWN_SENTENCE_WEIGHT = 200
SILENT_TURNS = 2_000

_SILENCE_PROBABILITY = 0.4
_BACK_OFF_WORD = "#0"
_BACK_OFF_PHONE = len(POSITION_PHONES) + 1
_KINDS = {"B": "begin", "E": "end", "I": "internal", "S": "singleton"}

Arc = tuple[int, int, int, int, float]  # from, to, input, output, cost


def build(
    out: Path, sentences: Iterable[Sequence[str]], vocabulary: Collection[str], *, garbage: float
) -> None:
    """Write HCLG.fst, words.txt, phones.txt and phones/word_boundary.int into a directory.

    Args:
        out: the model's `graph` directory.
        sentences: text of the language model; an empty one stands for silence.
        vocabulary: words that can be heard.
        garbage: probability of `[unk]`, one syllable of anything else; 0 leaves it out.
    """
    words = [*vocabulary, GARBAGE] if garbage else list(vocabulary)
    ids = {word: i for i, word in enumerate(["<eps>", *words, _BACK_OFF_WORD, START, END])}
    _write_symbols(out, ids)
    language = _grammar_fst(estimate(sentences, vocabulary), words, ids, garbage)
    kaldifst.arcsort(language, "ilabel")
    lexical = _lexicon_fst(words, ids)
    kaldifst.arcsort(lexical, "olabel")
    composed = kaldifst.compose(lexical, language)
    kaldifst.determinize_star(composed, use_log=True)
    kaldifst.minimize_encoded(composed)
    _Expansion(composed).expand().write(str(out / "HCLG.fst"))


def _write_symbols(out: Path, ids: Mapping[str, int]) -> None:
    (out / "phones").mkdir(parents=True, exist_ok=True)
    (out / "words.txt").write_text("".join(f"{word} {i}\n" for word, i in ids.items()), encoding="utf-8")
    phones = "".join(f"{phone} {i}\n" for phone, i in PHONE_ID.items())
    (out / "phones.txt").write_text(f"<eps> 0\n{phones}", encoding="utf-8")
    (out / "phones" / "word_boundary.int").write_text(
        "".join(f"{i} {_KINDS[phone[-1]] if '_' in phone else 'nonword'}\n" for phone, i in PHONE_ID.items()),
        encoding="utf-8",
    )


def _cost(probability: float) -> float:
    return -math.log(probability)


def _fst(arcs: Iterable[Arc], finals: Mapping[int, float], states: int, start: int) -> Any:
    made = kaldifst.StdVectorFst()
    for _ in range(states):
        made.add_state()
    made.start = start
    for source, target, read, write, cost in arcs:
        made.add_arc(source, kaldifst.StdArc(read, write, cost, target))
    for state, cost in finals.items():
        made.set_final(state, cost)
    return made


def _grammar_fst(bigram: Bigram, words: Sequence[str], ids: Mapping[str, int], garbage: float) -> Any:
    start, unigram = 0, 1
    states = {START: start, "": unigram}
    for word in words:
        if word in bigram.after:
            states[word] = len(states)
    single = {word: probability * (1 - garbage) for word, probability in bigram.unigram.items()}
    single[GARBAGE] = garbage
    arcs = [(unigram, states.get(word, unigram), ids[word], ids[word], _cost(single[word])) for word in words]
    finals = {unigram: _cost(single[END])}
    for history, seen in bigram.after.items():
        state = states[history]
        for word, probability in seen.items():
            if word == END:
                finals[state] = _cost(probability)
            else:
                arcs.append((state, states.get(word, unigram), ids[word], ids[word], _cost(probability)))
        arcs.append((state, unigram, ids[_BACK_OFF_WORD], 0, _cost(max(bigram.back_off[history], 1e-9))))
    return _fst(arcs, finals, len(states), start)


def _lexicon_fst(words: Sequence[str], ids: Mapping[str, int]) -> Any:
    """Words as loops from state 0; state 1 is the optional silence after a word, 2 the start."""
    between, silence, start = 0, 1, 2
    without, with_silence = _cost(1 - _SILENCE_PROBABILITY), _cost(_SILENCE_PROBABILITY)
    arcs: list[Arc] = [
        (start, between, 0, 0, without),
        (start, silence, 0, 0, with_silence),
        (silence, between, PHONE_ID[lexicon.SILENCE], 0, 0.0),
    ]
    state, count = between, 3
    for sequence, word in _pronunciations(words):
        state, written = between, ids[word]
        for phone in sequence[:-1]:
            arcs.append((state, count, phone, written, 0.0))
            state, written, count = count, 0, count + 1
        arcs.append((state, between, sequence[-1], written, without))
        arcs.append((state, silence, sequence[-1], written, with_silence))
    arcs.append((between, between, _BACK_OFF_PHONE, ids[_BACK_OFF_WORD], 0.0))
    return _fst(arcs, {between: 0.0}, count, start)


def _pronunciations(words: Sequence[str]) -> Iterator[tuple[list[int], str]]:
    """Phone ids of every word; homophones get a disambiguation symbol at the end."""
    homophones: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for word in words:
        for phones in syllables.garbage() if word == GARBAGE else [lexicon.phones(word)]:
            homophones[phones].append(word)
    for phones, same in homophones.items():
        for number, word in enumerate(same):
            yield [*spell(phones), *([_BACK_OFF_PHONE + 1 + number] if len(same) > 1 else [])], word


class _Expansion:
    """Turns phone arcs into HMM states; arcs into the same state share them. Disambiguation symbols vanish."""

    def __init__(self, composed: Any) -> None:
        self._source = composed
        self._made = kaldifst.StdVectorFst()
        for _ in range(composed.num_states):
            self._made.add_state()
        self._made.start = composed.start
        self._lasts: dict[tuple[int, int], int] = {}
        self._firsts: dict[tuple[int, int], int] = {}

    def expand(self) -> Any:
        """The finished graph, sorted by input."""
        for state in range(self._source.num_states):
            final = self._source.final(state)
            cost = final.value if hasattr(final, "value") else float(final)
            if cost != math.inf:
                self._made.set_final(state, cost)
            for arc in kaldifst.ArcIterator(self._source, state):
                self._expand_arc(state, arc.ilabel, arc.olabel, arc.weight.value, arc.nextstate)
        kaldifst.connect(self._made)
        kaldifst.arcsort(self._made, "ilabel")
        return self._made

    def _expand_arc(self, state: int, phone: int, word: int, cost: float, target: int) -> None:
        if phone == 0 or phone >= _BACK_OFF_PHONE:
            self._arc(state, 0, word, cost, target)
            return
        two_states = state_count(base_of(POSITION_PHONES[phone - 1])) == 2
        inside = self._first(phone, target) if two_states else self._last(phone, target)
        self._arc(state, GO_ON[phone, 0], word, cost, inside)

    def _arc(self, source: int, read: int, write: int, cost: float, target: int) -> None:
        self._made.add_arc(source, kaldifst.StdArc(read, write, cost, target))

    def _last(self, phone: int, target: int) -> int:
        if (phone, target) not in self._lasts:
            state = self._lasts[phone, target] = self._made.add_state()
            last = state_count(base_of(POSITION_PHONES[phone - 1])) - 1
            self._arc(state, STAY[phone, last], 0, 0.0, state)
            self._arc(state, 0, 0, 0.0, target)
        return self._lasts[phone, target]

    def _first(self, phone: int, target: int) -> int:
        if (phone, target) not in self._firsts:
            state = self._firsts[phone, target] = self._made.add_state()
            self._arc(state, STAY[phone, 0], 0, 0.0, state)
            self._arc(state, GO_ON[phone, 1], 0, 0.0, self._last(phone, target))
        return self._firsts[phone, target]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m speech.graph", description="Build a model's decoding graph."
    )
    parser.add_argument("--model", type=Path, required=True, help="model directory; its graph/ is replaced")
    parser.add_argument(
        "--sentences", type=Path, help="your sentences, one a line, words separated by spaces"
    )
    parser.add_argument("--only", action="store_true", help="leave the hotline's own sentences out")
    parser.add_argument("--garbage", type=float, default=GARBAGE_PROBABILITY, help="probability of [unk]")
    options = parser.parse_args()
    own = _own_sentences(options.sentences) if options.sentences else []
    if options.only and not own:
        parser.error("--only needs --sentences with at least one sentence")
    rng = random.Random(5)
    usual = [] if options.only else [templates.sentence(rng) for _ in range(TEMPLATE_SENTENCES)]
    vocabulary = {word for sentence in own for word in sentence}.union(
        [] if options.only else templates.vocabulary()
    )
    text = [*usual, *own * OWN_SENTENCE_WEIGHT, *[[]] * SILENT_TURNS]
    build(options.model / "graph", text, sorted(vocabulary), garbage=options.garbage)
    print(f"{len(vocabulary)} words in {options.model / 'graph'}")


def _own_sentences(path: Path) -> list[list[str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            for word in line.split():
                lexicon.phones(word)
        except ValueError as error:
            sys.exit(f"{path}:{number}: {error}")
    return [line.split() for line in lines if line.strip()]


if __name__ == "__main__":
    main()
