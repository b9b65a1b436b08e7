"""Every reason has its sentence, and every sentence can be filled in."""

import re
from pathlib import Path

import qa
from core.i18n import use_locale
from qa.reasons import REASONS, explain

ROOM = Path(qa.__file__).parent


def test_every_reason_of_the_rules_has_a_sentence():
    """A stored id without a sentence would show its bare name to an agent."""
    used = set()
    for file in [*ROOM.glob("rules/*.py"), ROOM / "verdicts.py"]:
        text = file.read_text(encoding="utf-8")
        used |= set(re.findall(r'Verdict\.(?:PASS|FAIL|HUMAN|NA),\s*"([a-z_]+)"', text))
    assert used
    assert used <= set(REASONS)


def test_sentences_are_filled_in():
    """In the reader's language; an id from the future stands for itself."""
    with use_locale("en"):
        told = explain("rings_beyond", {"rings": 7, "limit": 3, "target": 2})
        assert told == "picked up only in ring 7 (limit 3)"
        assert explain("of_tomorrow", {}) == "of_tomorrow"
