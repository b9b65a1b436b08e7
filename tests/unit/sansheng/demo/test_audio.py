import itertools
import wave

import numpy as np
import pytest

from sansheng.demo.audio import CHANNELS, render, write_wav
from sansheng.demo.calls import Role, scripted_calls
from sansheng.demo.line import SAMPLE_RATE

CALLS = {call.key: call for call in scripted_calls()}


def rms(samples):
    return float(np.sqrt(np.mean(samples.astype(float) ** 2)))


def part(rendered, role, start_s, end_s):
    column = rendered.samples[:, CHANNELS.index(role)]
    return column[int(start_s * SAMPLE_RATE) : int(end_s * SAMPLE_RATE)]


@pytest.fixture(scope="module")
def hold_call():
    return render(CALLS["after-sales-02"])


def test_the_same_seed_gives_the_same_lengths_and_truth_another_does_not(hold_call):
    again = render(CALLS["after-sales-02"])
    assert again.duration_s == pytest.approx(hold_call.duration_s, abs=0.1)
    assert render(CALLS["after-sales-02"], seed=1).duration_s != hold_call.duration_s


def test_each_side_is_loud_on_its_own_channel_and_faint_on_the_other(hold_call):
    for mine, other in (CHANNELS, CHANNELS[::-1]):
        first = hold_call.words[mine][0]
        loud = rms(part(hold_call, mine, first.start_s, first.end_s))
        assert loud > 8 * rms(part(hold_call, other, first.start_s, first.end_s))


def test_the_caller_on_hold_hears_music_and_nobody_speaks(hold_call):
    (hold,) = hold_call.holds
    assert hold.end_s - hold.start_s == pytest.approx(18)
    assert rms(part(hold_call, Role.AGENT, *hold)) > 200
    assert rms(part(hold_call, Role.CALLER, *hold)) < 150
    for words in hold_call.words.values():
        assert not [word for word in words if hold.start_s < word.start_s < hold.end_s]


def test_truth_has_every_scripted_word_of_both_sides(hold_call):
    for role in CHANNELS:
        said = [word for line in CALLS["after-sales-02"].lines if line.role is role for word in line.words]
        assert hold_call.text(role) == " ".join(said)


def test_an_interruption_starts_before_the_other_has_finished():
    rendered = render(CALLS["after-sales-07"])
    assert len(rendered.interruptions) == 3
    for by, at_s in rendered.interruptions:
        assert by is Role.AGENT
        before = [word for word in rendered.words[Role.CALLER] if word.start_s < at_s]
        assert any(word.end_s > at_s for word in rendered.words[Role.CALLER])
        assert before[-1].end_s > at_s - 0.3


def test_a_voicemail_has_no_agent_and_was_never_answered():
    rendered = render(CALLS["complaints-07"])
    assert rendered.answered_at_s is None
    assert rendered.words[Role.AGENT] == ()
    assert rms(rendered.samples[:, CHANNELS.index(Role.AGENT)]) < 200


def test_late_greeting_and_dead_air_are_as_long_as_the_script_says():
    late = render(CALLS["consulting-06"])
    assert 5 < late.words[Role.AGENT][0].start_s < 9
    silent = render(CALLS["after-sales-08"])
    words = sorted((word for side in silent.words.values() for word in side), key=lambda word: word.start_s)
    assert max(b.start_s - a.end_s for a, b in itertools.pairwise(words)) > 15


def test_a_wav_file_has_both_channels_as_16_bit_pcm(tmp_path, hold_call):
    write_wav(tmp_path / "call.wav", hold_call.samples)
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, SAMPLE_RATE)
        written = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert np.array_equal(written, hold_call.samples)
