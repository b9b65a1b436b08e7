"""Speech recognition behind a port: Vosk for work, a scripted twin for tests."""

from recording.asr.port import Engine, Piece

__all__ = ["Engine", "Piece"]
