"""Sound files: opened for random access, measured, drawn as peaks and played back.

The rest of the room sees an `AudioSource` only and never learns what a file was encoded with.
"""

from recording.audio.reading import AudioFile, AudioSource, open_audio

__all__ = ["AudioFile", "AudioSource", "open_audio"]
