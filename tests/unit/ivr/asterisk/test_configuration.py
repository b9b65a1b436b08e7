"""What `sansheng asterisk config` writes: complete, safe against names, and in step with our own code."""

import re
import stat
import wave
from importlib.resources import files

import numpy as np
import pytest
from pydantic import ValidationError

from core.errors import BadInput
from core.setting_sections import AmiSettings
from ivr.asterisk import verdict as words
from ivr.asterisk.carried import VARIABLE
from ivr.asterisk.config.phones import plain
from ivr.asterisk.config.sounds import RATE, read_wave, sounds_of, write_sounds, write_wave
from ivr.asterisk.config.writing import FILES, _manager, configuration, read_telephony, write_configuration
from ivr.flow.check import shipped_flow
from ivr.models import Agent, Queue, QueueMember
from ivr.waiting.wording import said_ranges


@pytest.fixture
def people(session):
    agent = Agent(code="1001", name='王"敏\n;[x]', interface="PJSIP/1001")
    session.add_all(
        [
            Queue(
                name=name, title_zh=name, title_en=name, members=[QueueMember(agent=agent, penalty=penalty)]
            )
            for penalty, name in enumerate(("consulting", "after_sales", "complaints"))
        ]
    )
    session.flush()
    return agent


@pytest.fixture
def telephony(session, people, settings):
    settings = settings.model_copy(
        update={"sip": settings.sip.model_copy(update={"trunk": "sip.carrier.cn"})}
    )
    return read_telephony(session, settings, shipped_flow(), music="/m", addresses={})


def test_every_file_is_whole_and_commented(telephony):
    for name, text in configuration(telephony).items():
        assert text.startswith(";"), name
        assert not re.search(r"@[A-Z_]+@", text), name
    assert set(configuration(telephony)) == set(FILES)


def test_passwords_are_for_asterisk_only_and_stay_the_same(telephony, tmp_path):
    first = {path.name: path.read_text() for path in write_configuration(telephony, tmp_path)}
    second = {path.name: path.read_text() for path in write_configuration(telephony, tmp_path)}
    assert first == second
    assert re.search(r"password = [0-9a-f]{32}", first["pjsip.conf"])
    for name in ("pjsip.conf", "manager.conf"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_no_amis_open_without_a_secret(telephony):
    assert "enabled = no" in configuration(telephony)["manager.conf"]


def test_agents_log_into_their_queues_with_their_penalties(telephony):
    dial_plan = configuration(telephony)["extensions.conf"]
    assert "AddQueueMember(consulting,PJSIP/1001,0,," in dial_plan
    assert "AddQueueMember(complaints,PJSIP/1001,2,," in dial_plan
    assert "RemoveQueueMember(complaints,PJSIP/1001)" in dial_plan


def test_only_keys_of_the_flow_leave_a_queue(telephony):
    dial_plan = configuration(telephony)["extensions.conf"]
    context = dial_plan.split("[sansheng-keys-consulting]")[1].split("[")[0]
    assert re.findall(r"exten => (.),", context) == ["1"]
    assert "context = sansheng-keys-consulting" in configuration(telephony)["queues.conf"]


def test_the_wait_is_announced_after_the_place_and_to_the_first_of_the_line_too(telephony):
    queues = configuration(telephony)["queues.conf"]
    assert "announce-to-first-user = yes" in queues
    assert "queue-thankyou = sansheng/expected_wait" in queues
    section = queues.split("[consulting](queue)")[1].split("[")[0]
    assert "announce-position = yes" in section
    assert "announce-frequency = 30" in section
    assert "min-announce-frequency = 15" in section


def test_every_range_has_a_sound_in_a_variant_of_the_language(tmp_path):
    (tmp_path / "own/zh").mkdir(parents=True)
    write_wave(tmp_path / "own/zh/expected_wait_2_4.wav", np.full(RATE, 7, np.int16))
    write_sounds(
        shipped_flow(), tmp_path, tmp_path / "own", lambda text, _language: np.full(len(text), 1, np.int16)
    )
    for said in said_ranges():
        assert (tmp_path / f"zh_wait_{said.low}_{said.high}/sansheng/expected_wait.wav").is_file()
        assert (tmp_path / f"en_wait_{said.low}_{said.high}/sansheng/expected_wait.wav").is_file()
    assert len(read_wave(tmp_path / "zh_wait_2_4/sansheng/expected_wait.wav")) == RATE  # one's own
    assert len(read_wave(tmp_path / "zh/sansheng/expected_wait.wav")) == len("请您耐心等候。")
    for silent in ("queue-youarenext", "sansheng/expected_wait"):
        assert not read_wave(tmp_path / f"zh_wait_quiet/{silent}.wav").any()


def test_a_name_cannot_write_configuration(telephony):
    for text in configuration(telephony).values():
        assert '王"' not in text
        assert "\n;[x]" not in text
    assert plain('王"敏\n;[x](!)') == "王敏x"


@pytest.mark.parametrize("interface", ["SIP/1001", "PJSIP/", "PJSIP/10 01", "PJSIP/1]\n[x", "Local/1001@x"])
def test_an_interface_that_is_no_pjsip_telephone_is_said(session, people, settings, interface):
    people.interface = interface
    session.flush()
    with pytest.raises(BadInput, match="1001"):
        read_telephony(session, settings, shipped_flow(), music="/m", addresses={})


@pytest.mark.parametrize("addresses", [{"1009": "10.0.0.1"}, {"1001": "10.0.0.1:5060\n[x]"}])
def test_a_wrong_address_of_a_telephone_is_said(session, people, settings, addresses):
    with pytest.raises(BadInput):
        read_telephony(session, settings, shipped_flow(), music="/m", addresses=addresses)


def test_a_flow_that_uses_an_unknown_queue_is_said(session, people, settings):
    session.delete(session.query(Queue).filter_by(name="complaints").one())
    session.flush()
    with pytest.raises(BadInput, match="complaints"):
        read_telephony(session, settings, shipped_flow(), music="/m", addresses={})


def test_the_dial_plan_and_the_server_speak_the_same_words():
    """Every verdict is a label, every script is called, every variable has one name."""
    dial_plan = (files("ivr.asterisk.config") / "templates/extensions.conf").read_text()
    labels = set(re.findall(r"same => n\(([a-z]+)\)", dial_plan))
    assert set(words.VERDICTS) <= labels
    assert set(re.findall(r"AGI\(\$\{SANSHENG_AGI\}/([a-z]+)", dial_plan)) == set(words.SCRIPTS)
    for name in (words.VERDICT, words.QUEUE, words.MAX_WAIT, words.TARGET, words.TIMEOUT, VARIABLE):
        assert "${" + name + "}" in dial_plan


def test_ones_own_recordings_come_before_the_synthetic_voice(tmp_path):
    own = tmp_path / "own"
    (own / "zh").mkdir(parents=True)
    stereo = np.full((48_000, 2), 1000, "<i2")
    with wave.open(str(own / "zh" / "welcome.wav"), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        file.writeframes(stereo.tobytes())
    flow = shipped_flow()
    written = write_sounds(
        flow, tmp_path, own, lambda _text, language: np.zeros(80, np.int16) if language == "zh" else None
    )
    assert written.names["recorded"] == ["zh/sansheng/welcome"]
    assert "en/sansheng/welcome" in written.names["missing"]
    assert len(read_wave(tmp_path / "zh/sansheng/welcome.wav")) == RATE
    assert sum(map(len, written.names.values())) == len(list(sounds_of(flow)))


def test_a_recording_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"no sound")
    with pytest.raises(BadInput, match=r"a\.wav"):
        read_wave(tmp_path / "a.wav")
    with wave.open(str(tmp_path / "b.wav"), "wb") as file:
        file.setparams((1, 1, RATE, 0, "NONE", ""))
        file.writeframes(b"\x80" * 80)
    with pytest.raises(BadInput, match="16 bits"):
        read_wave(tmp_path / "b.wav")


def test_what_is_written_can_be_read(tmp_path):
    samples = np.arange(-400, 400, dtype=np.int16)
    write_wave(tmp_path / "x.wav", samples)
    assert (read_wave(tmp_path / "x.wav") == samples).all()


def test_ami_is_for_this_machine_unless_the_settings_name_a_network():
    assert "permit = 127.0.0.0/8" in _manager("sansheng", "secret", AmiSettings().permit)
    both = _manager("sansheng", "secret", "127.0.0.0/8,172.30.77.0/24")
    assert both.index("deny = 0.0.0.0") < both.index("permit = 127.0.0.0/8") < both.index("172.30.77.0/24")
    for hostile in ("127.0.0.0/8\nsecret = x", "everybody", "0.0.0.0"):
        with pytest.raises(ValidationError):
            AmiSettings(permit=hostile)
