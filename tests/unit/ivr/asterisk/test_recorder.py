"""What is told to MixMonitor: nothing of a caller's ever reaches the shell, and its note can be read."""

import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from ivr.asterisk.recorder import leave_note, mixmonitor_arguments, read_note, voicemail_stem

AT = datetime(2026, 11, 22, 3, 48, 20, 294000, tzinfo=UTC)


def test_the_command_leaves_a_note_that_says_when_the_recording_began(tmp_path):
    file, options, command = mixmonitor_arguments(tmp_path, "1795319300.0", AT).split(",")
    assert file == ""
    assert options == f"r({tmp_path}/1795319300.0-rx.wav)t({tmp_path}/1795319300.0-tx.wav)"
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert read_note(tmp_path / "1795319300.0.closed") == AT


def test_a_dial_plan_may_write_whole_seconds(tmp_path):
    (tmp_path / "n.closed").write_text("1795319300\n")
    assert read_note(tmp_path / "n.closed") == datetime.fromtimestamp(1795319300, UTC)


@pytest.mark.parametrize("half", [b"", b"17953193", b"1795319300.2", b"rm -rf /\n", b"\xff\n", b"1" * 64])
def test_a_note_that_is_not_written_yet_or_not_ours_says_nothing(tmp_path, half):
    (tmp_path / "n.closed").write_bytes(half)
    assert read_note(tmp_path / "n.closed") is None


@given(st.text())
def test_no_text_but_a_unique_id_gets_into_the_command(text):
    try:
        arguments = mixmonitor_arguments(Path("/spool"), text, AT)
    except BadInput:
        return
    assert shlex.split(arguments.split(",")[2]) == ["echo", "1795319300.294", ">", f"/spool/{text}.closed"]


@pytest.mark.parametrize("folder", ["/a b", "/a,b", "/a;b", "relative", "/a$(b)", "/声"])
def test_a_folder_a_shell_would_misread_is_refused(folder):
    with pytest.raises(BadInput, match="letters, digits"):
        mixmonitor_arguments(Path(folder), "1795319300.0", AT)


def test_a_system_name_before_the_id_is_legal():
    assert "/s/pbx-1-1795319300.12-rx.wav" in mixmonitor_arguments(Path("/s"), "pbx-1-1795319300.12", AT)


def test_a_message_is_announced_by_a_note_of_our_own(tmp_path):
    stem = voicemail_stem(tmp_path, "1795319300.0")
    leave_note(stem, AT)
    assert read_note(tmp_path / "voicemail_1795319300.0.closed") == AT
    assert [path.name for path in tmp_path.iterdir()] == ["voicemail_1795319300.0.closed"]
