"""`sansheng asterisk config` as a person runs it."""

import json

import pytest
from click.testing import CliRunner

from core.errors import BadInput
from sansheng.commands.asterisk import asterisk
from sansheng.demo.hotline import seed_people


def run(installation, *arguments):
    return CliRunner().invoke(asterisk, ["config", *arguments], obj=installation, catch_exceptions=False)


def test_everything_is_written_and_said_as_one_document(installation, session, tmp_path):
    seed_people(session, now=installation.clock.now())
    session.commit()
    done = run(installation, "--out", str(tmp_path / "out"), "--json", "--phone", "1001=10.0.0.5")
    told = json.loads(done.stdout)
    assert {path.rsplit("/", 1)[1] for path in told["files"]} >= {
        "pjsip.conf",
        "extensions.conf",
        "queues.conf",
    }
    assert told["sounds"]["missing"] == []
    assert (tmp_path / "out/sounds/zh/sansheng/welcome.wav").exists()
    assert (tmp_path / "out/moh/chime.wav").exists()
    assert "contact = sip:1001@10.0.0.5" in (tmp_path / "out/pjsip.conf").read_text()


def test_where_asterisk_finds_it_may_be_another_place(installation, session, tmp_path):
    seed_people(session, now=installation.clock.now())
    session.commit()
    run(installation, "--out", str(tmp_path / "out"), "--found-at", "/etc/asterisk/sansheng")
    assert "directory = /etc/asterisk/sansheng/moh" in (tmp_path / "out/musiconhold.conf").read_text()


def test_an_installation_without_queues_is_told_what_to_do(installation, tmp_path):
    with pytest.raises(BadInput, match=r"queue|队列"):
        run(installation, "--out", str(tmp_path))
