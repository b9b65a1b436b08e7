"""What a person gets to read, and a script to branch on, when a command cannot do its work."""

import errno
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

import core.installation
from core.audit import AuditEntry
from core.db import create_database_engine
from sansheng.cli import main


@pytest.fixture
def command(monkeypatch, installation, capsys):
    """Return a function that runs `sansheng ...` on the test's data folder; gives exit code and stderr."""
    impatient = partial(create_database_engine, busy_timeout_ms=1)
    monkeypatch.setattr(core.installation, "create_database_engine", impatient)
    monkeypatch.setattr("sansheng.cli.configure_logging", lambda _level: None)
    monkeypatch.setenv("SANSHENG_SECRET_KEY", installation.settings.secret_key.get_secret_value())
    monkeypatch.setenv("SANSHENG_DATABASE_URL", installation.settings.database_url)
    monkeypatch.setenv("SANSHENG_WEB_LOCALE", "en")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["sansheng", "--home", str(installation.settings.home), *words])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return int(left.value.code), said.out + said.err

    return run


@pytest.fixture
def database(installation):
    """Path of the SQLite file."""
    if installation.engine.dialect.name != "sqlite":
        pytest.skip("about SQLite's file")
    return installation.engine.url.database


def test_reading_needs_no_lock_and_writing_says_that_the_database_is_busy(command, database):
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert command("user", "list")[0] == 0
        code, said = command("user", "add", "somebody", "--role", "admin", "--password", "a long password")

    assert code == 4
    assert "the database is busy" in said


def test_a_file_that_is_no_database_is_named_as_such(command, database, installation):
    installation.close()
    for ending in ("-wal", "-shm", ""):
        Path(database + ending).write_bytes(b"this was a database once" * 50)

    code, said = command("user", "list")

    assert code == 1
    assert "cannot be read" in said
    assert "backup" in said


@pytest.mark.parametrize("words", [["transcribe"], ["score"], ["dead", "retry"]])
def test_a_number_no_row_can_have_is_one_that_does_not_exist(command, words):
    code, _said = command(*words, "9" * 25)

    assert code == 1


def test_doctor_finds_a_model_with_a_file_missing(command, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    (folder / "am").mkdir(parents=True)
    monkeypatch.setenv("SANSHENG_ASR_MODEL", str(folder))

    code, said = command("doctor")

    assert code == 3
    assert "missing\tspeech model" in said
    assert "am/final.mdl" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["audit", "verify"], "审计记录完整无缺"),
        (["dead", "list"], "没有彻底失败的任务"),
        (["dead", "retry"], "请写明要重试的任务编号"),
        (["model", "list"], "普通话"),
        (["db", "upgrade"], "数据库结构已是最新"),
        (["doctor"], "正常\t语音模型"),
    ],
)
def test_commands_speak_chinese_where_the_installation_does(command, monkeypatch, words, says):
    monkeypatch.setenv("SANSHENG_WEB_LOCALE", "zh_CN")

    assert says in command(*words)[1]


def test_an_account_is_named_the_same_in_the_trail_whether_page_or_command_made_it(command, installation):
    command("user", "add", "wangmin", "--role", "admin", "--password", "a long password")

    with installation.unit_of_work(read_only=True) as session:
        (entry,) = session.scalars(select(AuditEntry))
        assert (entry.action, entry.subject) == ("user_added", "user:wangmin")


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59", "0001-01-01T00:00"])
def test_a_time_at_the_end_of_the_calendar_is_refused(command, at):
    code, said = command("ivr", "simulate", "hotline", "--at", at)

    assert code == 1
    assert "is not a time" in said


def test_a_full_disk_is_one_sentence_wherever_it_strikes(command, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "/data/model.txt")

    monkeypatch.setattr("recording.cli_model.use_model", full)

    code, said = command("model", "use", "demo")

    assert code == 4
    assert "/data/model.txt: No space left on device" in said
