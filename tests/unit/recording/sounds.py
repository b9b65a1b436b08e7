"""Sound for tests, made in the test: voices are buzzes that webrtcvad takes for speech."""

import numpy as np
import soundfile

RATE = 8000


def buzz(seconds, rate=RATE, level=0.2, pitch=140.0):
    """A voice-like sound: harmonics of a gliding pitch through two formants, in syllables."""
    t = np.arange(round(seconds * rate)) / rate
    f0 = pitch * (1 + 0.08 * np.sin(2 * np.pi * 1.3 * t))
    phase = 2 * np.pi * np.cumsum(f0) / rate
    tone = sum(
        np.sin(k * phase)
        * (np.exp(-(((k * pitch - 600) / 300) ** 2)) + 0.5 * np.exp(-(((k * pitch - 1400) / 400) ** 2)))
        for k in range(1, 20)
    )
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * t)
    sound = tone * syllables
    return (sound / np.abs(sound).max() * level * 32767).astype(np.int16)


def silence(seconds, rate=RATE):
    return np.zeros(round(seconds * rate), np.int16)


def ramp(frames, channels=1):
    """Samples that tell their own place."""
    one = ((np.arange(frames) * 37) % 60000 - 30000).astype(np.int16)
    return np.stack([np.roll(one, c * 11) for c in range(channels)], axis=1)


def write(path, samples, rate=RATE, **coding):
    if path.suffix == ".mp3":
        samples = samples / 32768  # libsndfile's MP3 encoder distorts 16-bit samples
    soundfile.write(path, samples, rate, **coding)
    return path
