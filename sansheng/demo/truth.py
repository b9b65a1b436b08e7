"""How near the machine came to the scripts: character error rates by voice, verdicts right, wrong, abstained."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein
from sqlalchemy import select
from sqlalchemy.orm import Session

from qa.models import AutoScore
from recording.models import Transcript
from sansheng.demo.calls import CRITERIA, Role, ScriptedCall


@dataclass(slots=True)
class CharacterErrors:
    """Edits needed to turn what was heard into what was said."""

    edits: int = 0
    characters: int = 0

    @property
    def rate(self) -> float:
        """Character error rate; 0 when nothing was said."""
        return self.edits / self.characters if self.characters else 0.0

    def add(self, said: str, heard: str) -> None:
        """Count one track."""
        self.edits += Levenshtein.distance(said, heard)
        self.characters += len(said)


@dataclass(slots=True)
class Comparison:
    """The demo's result against its truth."""

    by_voice: defaultdict[str, CharacterErrors] = field(default_factory=lambda: defaultdict(CharacterErrors))
    verdicts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """`call key: criterion: expected, machine` of each wrong verdict."""

    @property
    def cer(self) -> float:
        """Character error rate over all voices."""
        total = CharacterErrors(
            sum(v.edits for v in self.by_voice.values()), sum(v.characters for v in self.by_voice.values())
        )
        return total.rate


def compare_with_scripts(session: Session, recordings: Mapping[int, ScriptedCall]) -> Comparison:
    """Compare transcripts and machine verdicts of the demo's recordings with their scripts.

    Args:
        session: where the rows are.
        recordings: recording id → the script it was made from.
    """
    result = Comparison()
    transcripts = select(Transcript).where(Transcript.recording_id.in_(recordings))
    for transcript in session.scalars(transcripts):
        _compare_words(result, transcript, recordings[transcript.recording_id])
    for score in session.scalars(select(AutoScore).where(AutoScore.recording_id.in_(recordings))):
        verdicts = {answer.criterion: answer.verdict for answer in score.answers}
        _compare_verdicts(result, verdicts, recordings[score.recording_id])
    return result


def _compare_words(result: Comparison, transcript: Transcript, script: ScriptedCall) -> None:
    for role in Role:
        said = "".join(word for line in script.lines if line.role is role for word in line.words)
        if said:
            heard = "".join(_heard(u.text) for u in transcript.utterances if u.role == role)
            result.by_voice[script.voice(role).variant].add(said, heard)


def _heard(text: str) -> str:
    return text.replace(" ", "").replace("[unk]", "")


def _compare_verdicts(result: Comparison, machine: Mapping[str, str], script: ScriptedCall) -> None:
    if script.is_voicemail:  # every verdict is trivially N/A; counting them would flatter the figure
        return
    for criterion in CRITERIA:
        expected, found = script.expected[criterion], machine[criterion]
        outcome = "right" if found == expected else "abstained" if found == "human" else "wrong"
        result.verdicts[outcome] += 1
        if outcome == "wrong":
            result.wrong.append(f"{script.key}: {criterion}: {expected}, machine says {found}")
