"""Heard calls made by hand."""

from qa.heard import HeardCall, HeardUtterance
from qa.phrases import SpokenWord
from recording.models import Role

SYLLABLE_S = 0.25
SLOTS = {"company": ("云帆科技",), "department": ("客服中心",), "name": ("王敏",), "code": ("1001",)}


def utterance(role, start_s, text, *, confidence=0.95):
    """One utterance; spaces separate words, which follow each other without pause."""
    words, at = [], start_s
    for word in text.split():
        end = at + SYLLABLE_S * (1 if word == "[unk]" else len(word))
        words.append(SpokenWord(word, at, end, confidence))
        at = end
    return HeardUtterance(role, start_s, at, tuple(words))


def agent(start_s, text, **how):
    """What the agent says."""
    return utterance(Role.AGENT, start_s, text, **how)


def caller(start_s, text, **how):
    """What the caller says."""
    return utterance(Role.CALLER, start_s, text, **how)


def heard(*utterances, duration_s=60.0, speech=None, **facts):
    """A call of these utterances, its speech exactly where they are."""
    spans = {
        role: tuple((u.start_s, u.end_s) for u in utterances if u.role == role)
        for role in (Role.AGENT, Role.CALLER)
    }
    known = {"roles_known": True, "answered_at_s": 0.0, "slots": SLOTS, **facts}
    return HeardCall(
        duration_s=duration_s,
        utterances=tuple(sorted(utterances, key=lambda u: u.start_s)),
        speech=spans if speech is None else speech,
        **known,
    )
