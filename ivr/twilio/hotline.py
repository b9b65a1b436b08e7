"""What the TwiML driver works with: the flow, our own addresses, and which prompts there is audio for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, Self

from core.setting_sections import CallbackSettings
from core.settings import Settings
from ivr.flow.check import load_flow, shipped_flow
from ivr.flow.document import Flow
from ivr.flow.instructions import Prompt

Waiting = Literal["digits", "queue", "dial", "record"]

_RETRIES: Final = "#rc=2&rp=ct,rt,5xx"
"""How Twilio is to repeat a request that failed (documented as "connection overrides"); not signed."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Our webhooks' addresses below the configured public one, as Twilio is given them."""

    base: str

    def voice(self) -> str:
        """Where a new call is announced."""
        return self._at("voice")

    def fallback(self) -> str:
        """Where Twilio turns when another address failed."""
        return f"{self.base}/twilio/fallback"

    def event(self, waiting: Waiting, sequence: int) -> str:
        """Where the end of what a document waits for is told."""
        return self._at(f"flow/{waiting}?s={sequence}")

    def wait(self, sequence: int, announced: int) -> str:
        """Where a queued caller's next document comes from, after so many announcements."""
        return self._at(f"wait?s={sequence}&n={announced}")

    def connecting(self) -> str:
        """Where a caller's leaving the queue for an agent is told."""
        return self._at("connecting")

    def agent(self, offer_id: int, step: Literal["answered", "accept", "done"]) -> str:
        """Where an agent's leg goes on."""
        return self._at(f"agent?o={offer_id}&step={step}")

    def whisper(self, step: Literal["ask", "accept"]) -> str:
        """Where whoever answers a transfer is asked whether they take it."""
        return self._at(f"whisper?step={step}")

    def status(self) -> str:
        """Where a leg's progress is told."""
        return self._at("status")

    def recording(self) -> str:
        """Where a recording's progress is told."""
        return self._at("recording")

    def audio(self, name: str, version: str) -> str:
        """Where a prompt's audio is."""
        return f"{self.base}/twilio/audio/{name}?v={version}"

    def _at(self, path: str) -> str:
        return f"{self.base}/twilio/{path}{_RETRIES}"


@dataclass(frozen=True, slots=True)
class PromptAudio:
    """Prompts as WAV files in a folder: `<language>/<prompt>.wav`; what is not there is spoken by Twilio."""

    folder: Path
    addresses: Addresses

    def address_of(self, prompt: Prompt) -> str:
        """Return the address of a prompt's audio; empty when there is none."""
        return self._address(f"{prompt.language}/{prompt.id}.wav")

    def music(self, name: str) -> str:
        """Return the address of the music of a class; empty when there is none."""
        return self._address(f"music/{name}.wav")

    def _address(self, name: str) -> str:
        path = self.folder / name
        if not path.is_file():
            return ""
        return self.addresses.audio(name, hashlib.sha256(path.read_bytes()).hexdigest()[:12])


@dataclass(frozen=True, slots=True)
class Hotline:
    """A flow on Twilio."""

    flow: Flow
    addresses: Addresses
    audio: PromptAudio
    number: str = ""
    """Its own, in international form: who is called back sees it."""
    callbacks: CallbackSettings = field(default_factory=CallbackSettings)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the hotline the settings describe; raises BadInput for an unsound flow."""
        addresses = Addresses(settings.public.base_url)
        return cls(
            flow=_flow(settings.twilio.flow),
            addresses=addresses,
            audio=PromptAudio(settings.home / "prompts", addresses),
            number=settings.twilio.number,
            callbacks=settings.callbacks,
        )


def _flow(path: str) -> Flow:
    """Return the flow of a file, read once in a process as long as the file stays as it is."""
    return _read_flow(path, Path(path).stat().st_mtime_ns if path and Path(path).is_file() else 0)


@lru_cache(maxsize=4)
def _read_flow(path: str, _changed_ns: int) -> Flow:
    return load_flow(Path(path)) if path else shipped_flow()
