"""Any file a recorder may leave is read at any place, or refused with a sentence that says why."""

import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from recording.audio import AudioFile, open_audio
from tests.unit.recording.sounds import buzz, ramp, write


def opened(*paths, **options):
    return open_audio([AudioFile(path, path.name) for path in paths], **options)


@pytest.mark.parametrize(
    "subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"]
)
def test_uncompressed_wav_is_what_libsndfile_reads(tmp_path, subtype):
    sound = ramp(5000, 2) / 32768 if subtype in ("FLOAT", "DOUBLE") else ramp(5000, 2)
    path = write(tmp_path / "a.wav", sound, subtype=subtype)
    expected = np.rint(soundfile.read(path, dtype="float64", always_2d=True)[0] * 32768)
    with opened(path) as source:
        assert (source.rate, source.channels, source.frames, source.encoding) == (
            8000,
            2,
            5000,
            f"WAV/{subtype}",
        )
        assert source.notices == ()
        np.testing.assert_allclose(source.read(1234, 777), expected[1234:2011], atol=1)
        assert len(source.read(4990, 100)) == 10
        assert len(source.read(6000, 100)) == 0


@pytest.mark.parametrize(
    ("name", "coding"),
    [
        ("a.wav", {"subtype": "GSM610"}),
        ("a.flac", {}),
        ("a.mp3", {"subtype": "MPEG_LAYER_III"}),
        ("a.ogg", {"subtype": "OPUS"}),
        ("b.ogg", {"subtype": "VORBIS"}),
        ("c.wav", {"subtype": "IMA_ADPCM"}),
    ],
)
def test_compressed_sound_is_the_same_wherever_one_starts_to_read(tmp_path, name, coding):
    path = write(tmp_path / name, buzz(6), **coding)
    with opened(path) as source:
        whole = source.read(0, source.frames)
        assert len(whole) == source.frames >= 48000
        for start in (40000, 100, 20011):
            np.testing.assert_array_equal(source.read(start, 3000), whole[start : start + 3000])


@pytest.mark.parametrize(
    ("suffix", "subtype", "rate", "channels"),
    [
        (".alaw", "ALAW", 8000, 1),
        (".ulaw", "ULAW", 8000, 1),
        (".sln", "PCM_16", 8000, 1),
        (".sln16", "PCM_16", 16000, 1),
        (".gsm", "GSM610", 8000, 1),
        (".raw", "PCM_16", 8000, 2),
    ],
)
def test_headerless_files_are_read_by_their_suffix(tmp_path, suffix, subtype, rate, channels):
    path = tmp_path / f"a{suffix}"
    sound = np.stack([buzz(1, rate)] * channels, axis=1)
    soundfile.write(path, sound, rate, format="RAW", subtype=subtype)
    with opened(path) as source:
        assert (source.rate, source.channels) == (rate, channels)
        read = source.read(0, source.frames)[: len(sound)]
    assert np.corrcoef(read[:, 0], sound[: len(read), 0])[0, 1] > 0.95


@pytest.mark.parametrize("subtype", ["PCM_16", "ALAW", "GSM610"])
@pytest.mark.parametrize("declared", [0, 650, 0xFFFFFFFF])
def test_a_recorder_that_died_loses_no_sound(tmp_path, subtype, declared):
    path = write(tmp_path / "a.wav", buzz(2), subtype=subtype)
    with opened(path) as source:
        expected = source.read(0, source.frames)
    content = bytearray(path.read_bytes())
    at = content.find(b"data") + 4
    content[at : at + 4] = struct.pack("<I", declared)
    content[4:8] = struct.pack("<I", 0)
    path.write_bytes(content)
    with opened(path) as source:
        np.testing.assert_array_equal(source.read(0, source.frames)[: len(expected)], expected)
        assert "WAV header says" in source.notices[0]


def test_a_truncated_wav_is_read_as_far_as_it_goes(tmp_path):
    path = write(tmp_path / "a.wav", ramp(8000, 2))
    content = path.read_bytes()
    path.write_bytes(content[:12003])
    with opened(path) as source:
        assert source.frames == (12003 - 44) // 4
        np.testing.assert_array_equal(source.read(0, 9000), ramp(8000, 2)[: source.frames])
        assert len(source.notices) == 1


def test_chunks_after_the_sound_are_not_sound(tmp_path):
    path = write(tmp_path / "a.wav", ramp(1000))
    content = bytearray(path.read_bytes() + b"LIST" + struct.pack("<I", 4) + b"INFO")
    path.write_bytes(content)
    with opened(path) as source:
        assert source.frames == 1000
        assert source.notices == ()


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.ogg"])
def test_a_torn_compressed_file_shrinks_to_what_can_be_decoded(tmp_path, name):
    subtype = {"a.mp3": "MPEG_LAYER_III", "a.flac": "PCM_16", "a.ogg": "OPUS"}[name]
    path = write(tmp_path / name, buzz(20), subtype=subtype)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with opened(path) as source:
        at = 0
        while got := len(source.read(at, 8000)):
            at += got
        assert 4 < source.duration_s < 16


def test_flac_from_a_pipe_has_no_length_and_is_counted(tmp_path):
    path = write(tmp_path / "a.flac", ramp(30000))
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = b"\0\0\0\0"  # STREAMINFO's count of samples: unknown
    path.write_bytes(content)
    with opened(path) as source:
        assert source.frames == 30000
        np.testing.assert_array_equal(source.read(20000, 100), ramp(30000)[20000:20100])
        np.testing.assert_array_equal(source.read(5, 100), ramp(30000)[5:105])


def test_legs_start_together_and_the_shorter_ends_in_silence(tmp_path):
    caller, agent = write(tmp_path / "x-rx.wav", ramp(1000)), write(tmp_path / "x-tx.wav", ramp(600))
    with opened(caller, agent) as source:
        assert (source.channels, source.frames) == (2, 1000)
        samples = source.read(500, 400)
    np.testing.assert_array_equal(samples[:, 0], ramp(1000)[500:900, 0])
    np.testing.assert_array_equal(samples[:100, 1], ramp(600)[500:, 0])
    assert not samples[100:, 1].any()


def broken(tmp_path, kind):
    if kind == "empty":
        (tmp_path / "a.wav").write_bytes(b"")
    elif kind == "text":
        (tmp_path / "a.wav").write_text("这不是录音, only words\n" * 99, encoding="utf-8")
    elif kind == "noise":
        (tmp_path / "a.wav").write_bytes(np.random.default_rng(1).bytes(4000))
    elif kind == "torn header":
        (tmp_path / "a.wav").write_bytes(write(tmp_path / "b.wav", ramp(10)).read_bytes()[:30])
    elif kind == "no sound":
        write(tmp_path / "a.wav", ramp(10)[:0])
    elif kind == "six channels":
        write(tmp_path / "a.wav", ramp(100, 6))
    elif kind == "absurd rate":
        write(tmp_path / "a.wav", ramp(100), 1000)
    elif kind == "too long":
        write(tmp_path / "a.wav", ramp(90000))
    return tmp_path / "a.wav"


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("empty", "empty \\(0 bytes\\)"),
        ("text", "this is text, not sound"),
        ("noise", "not a sound file"),
        ("torn header", "without sound"),
        ("no sound", "no sound in it"),
        ("six channels", "6 channels"),
        ("absurd rate", "1000 Hz"),
        ("too long", "longest taken in"),
        ("missing", "cannot be read"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_name_and_the_reason(tmp_path, kind, says):
    with pytest.raises(BadInput, match=f"a.wav: .*{says}"):
        opened(broken(tmp_path, kind), max_duration_s=10)


def test_an_mp3_that_is_none_is_not_said_to_be_missing(tmp_path):
    path = tmp_path / "a.mp3"
    path.write_bytes(np.random.default_rng(1).bytes(50_000))
    with pytest.raises(BadInput) as refused:
        opened(path)
    assert "does not exist" not in str(refused.value)


def test_a_long_compressed_file_is_refused_from_its_header(tmp_path, monkeypatch):
    path = write(tmp_path / "a.flac", np.zeros(400000, np.int16))
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_a, **_k: pytest.fail("a sample was decoded"))
    with pytest.raises(BadInput, match="longest taken in"):
        opened(path, max_duration_s=10)


def test_legs_that_do_not_fit_are_refused(tmp_path):
    mono, stereo = write(tmp_path / "m.wav", ramp(9)), write(tmp_path / "s.wav", ramp(9, 2))
    other = write(tmp_path / "o.wav", ramp(9), 16000)
    with pytest.raises(BadInput, match=r"s.wav: 2 channels; a leg has one"):
        opened(mono, stereo)
    with pytest.raises(BadInput, match=r"m.wav 8000 Hz, o.wav 16000 Hz"):
        opened(mono, other)
    with pytest.raises(BadInput, match="3 files"):
        opened(mono, mono, mono)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=200), cut=st.integers(0, 200))
def test_a_damaged_wav_is_read_or_refused_but_never_crashes(tmp_path_factory, content, cut):
    path = tmp_path_factory.mktemp("fuzz") / "a.wav"
    good = write(path, ramp(60)).read_bytes()
    path.write_bytes(good[:cut] + content)
    try:
        with opened(path) as source:
            assert len(source.read(0, source.frames)) <= source.frames
    except BadInput:
        pass
