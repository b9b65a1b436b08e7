"""The channel: what a hang-up, a missing file, silence and an attack look like to the driver."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.agi import MAX_COMMAND, CallerGone, Channel, NoReply, NotDone, Refused
from tests.unit.ivr.asterisk.wire import fake_asterisk, recorded, replay

ATTACKS = [
    '"\nHANGUP\n',
    "${SYSTEM(id)}",
    "a" * 4096,
    "\\",
    '" "',
    "'; rm -rf / #",
    "\u202e反",
    "$(id)`id`",
]


def test_a_recorded_conversation_goes_as_it_went():
    turns = recorded("conversation")
    with fake_asterisk(
        replay("conversation"), environment="\n".join(turns[0][1]).encode() + b"\n"
    ) as asterisk:
        channel = Channel(asterisk.ours)
        assert channel.call_id == "1795319643.0"
        assert channel.env["agi_callerid"] == "13800138000"
        channel.verbose("FastAGI 你好 from python")
        value = '转人工 "养老" \\ 保险; ,(a=b) hangup'
        channel.set_variable("VERDICT", value)
        assert channel.get_variable("VERDICT") == value
        channel.set_variable("W", "hangup")
        assert channel.get_variable("W") == "hangup"
        assert channel.get_variable("NOSUCH") == ""


def test_a_hangup_is_a_hangup():
    with fake_asterisk(replay("hangup")) as asterisk:
        channel = Channel(asterisk.ours)
        with pytest.raises(CallerGone):
            channel.play("sansheng/welcome")
        with pytest.raises(CallerGone):
            channel.play("sansheng/welcome")  # not even sent
        channel.set_variable("SANSHENG_VERDICT", "hangup")
        assert channel.get_variable("X") == ""
    assert [line.split()[0] for line in asterisk.said] == ["STREAM", "CHANNEL", "SET", "GET"]


def test_a_missing_file_is_no_hangup():
    with fake_asterisk(replay("missing_file")) as asterisk:
        channel = Channel(asterisk.ours)
        with pytest.raises(NotDone):
            channel.play("sansheng/nosuchfile")
        assert not channel.gone
        with pytest.raises(Refused):
            channel.execute("NOSUCHCMD")
        with pytest.raises(Refused):
            channel.execute("STREAM FILE")
        with pytest.raises(Refused):
            channel.appexec("NoSuchApp", "x")
        values = [channel.get_variable(name) for name in ("EMPTY", "PAREN", "LINES", "WORD")]
    assert values == ["", "x) y (z", "a\nbc", "hangup"]


@pytest.mark.parametrize("text", ATTACKS)
def test_what_a_caller_supplies_is_one_value_of_one_command(text):
    with fake_asterisk(lambda _command: b"200 result=1\n") as asterisk:
        channel = Channel(asterisk.ours)
        if "\n" in text:
            with pytest.raises(Refused):
                channel.set_variable("NAME", text)
            return
        channel.set_variable("NAME", text)
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert asterisk.said == [f'SET VARIABLE "NAME" "{quoted}"']


@given(st.text(max_size=200))
def test_no_text_makes_a_second_command(text):
    with fake_asterisk(lambda _command: b"200 result=1\n") as asterisk:
        channel = Channel(asterisk.ours)
        try:
            channel.set_variable("NAME", text)
        except Refused:
            assert set(text) & set("\r\n\0")
    assert len(asterisk.said) <= 1


def test_a_command_longer_than_asterisk_takes_is_not_sent():
    with fake_asterisk(lambda _command: b"200 result=1\n") as asterisk, pytest.raises(Refused):
        Channel(asterisk.ours).set_variable("NAME", "文" * MAX_COMMAND)
    assert asterisk.said == []


def test_asterisk_that_says_nothing_is_given_up():
    with fake_asterisk(lambda _command: b"") as asterisk:
        channel = Channel(asterisk.ours, reply_s=0.05)
        with pytest.raises(NoReply):
            channel.play("sansheng/welcome", longest_s=0.0)
        with pytest.raises(CallerGone):  # a late answer would be taken for the next command's
            channel.play("sansheng/welcome")


def test_asterisk_that_speaks_letter_by_letter_does_not_extend_the_deadline():
    letters = iter(b"200 result=")

    def answer(_command):
        return bytes([next(letters)])

    with fake_asterisk(answer) as asterisk, pytest.raises(NoReply):
        Channel(asterisk.ours, reply_s=0.05).noop()


def test_a_closed_connection_is_a_caller_who_has_gone():
    with fake_asterisk(lambda _command: None) as asterisk:
        channel = Channel(asterisk.ours)
        with pytest.raises(CallerGone):
            channel.answer()


def test_nothing_that_a_caller_types_reaches_standard_error(capfd):
    with fake_asterisk(lambda _command: b"200 result=1 (110101199003070019)\n") as asterisk:
        channel = Channel(asterisk.ours)
        channel.get_variable("IDENT")
        channel.set_variable("IDENT", "110101199003070019")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("answer", "key"),
    [(b"200 result=0\n", ""), (b"200 result=50 endpos=9\n", "2"), (b"200 result=42\n", "*")],
)
def test_keys_come_as_characters(answer, key):
    with fake_asterisk(lambda _command: answer) as asterisk:
        assert Channel(asterisk.ours).key(1.0) == key
