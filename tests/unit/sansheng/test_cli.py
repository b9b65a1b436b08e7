"""The command line's promises: one sentence and an exit code for every mistake, never a traceback."""

import json

import pytest

from core.errors import BadInput, MissingPart, RetryLater
from sansheng import cli as command_line
from sansheng.cli import main


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run `sansheng ARGUMENTS` in a data folder of its own; give exit code, stdout, stderr."""
    monkeypatch.setenv("SANSHENG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SANSHENG_WEB_LOCALE", "en")

    def _run(*arguments):
        monkeypatch.setattr("sys.argv", ["sansheng", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return stopped.value.code or 0, out, err

    return _run


def test_help_names_every_command_without_opening_anything(run, tmp_path):
    code, out, _ = run("--help")

    assert code == 0
    assert all(name in out for name in command_line.COMMANDS)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("name", sorted(command_line.COMMANDS))
def test_every_command_has_help(run, name):
    code, out, _ = run(name, "--help")

    assert code == 0
    assert out.startswith("Usage: ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("no-such-command",), 2),
        (("recording", "add", "/no/such/file.wav"), 1),
        (("scorecard", "check", "/no/such/file.yaml"), 1),
        (("dead", "retry", "99"), 1),
        (("user", "disable", "nobody"), 1),
        (("ivr", "check", "/no/such/flow.yaml"), 1),
        (("model", "use", "/no/such/model"), 3),
    ],
)
def test_a_mistake_is_a_sentence_and_a_code(run, arguments, code):
    exit_code, _, err = run(*arguments)

    assert exit_code == code
    assert err.strip()


@pytest.mark.parametrize(
    ("error", "code"),
    [(BadInput("this file"), 1), (MissingPart("that model"), 3), (RetryLater("the disk"), 4)],
)
def test_each_kind_of_error_has_its_exit_code(run, monkeypatch, error, code):
    def fail(*_arguments):
        raise error

    monkeypatch.setattr(command_line, "open_installation", fail)

    assert run("user", "list")[::2] == (code, f"sansheng: {error}\n")


@pytest.mark.parametrize("arguments", [("user", "list"), ("db", "upgrade")])
def test_an_unreachable_postgresql_is_one_sentence_and_can_be_tried_again(run, monkeypatch, arguments):
    monkeypatch.setenv("SANSHENG_DATABASE_URL", "postgresql://somebody:secret@127.0.0.1:1/nowhere")

    code, _, err = run(*arguments)

    assert code == 4
    assert "not to be reached" in err
    assert len(err.splitlines()) == 1
    assert "secret" not in err


def test_a_wrong_setting_names_its_variable(run, monkeypatch):
    monkeypatch.setenv("SANSHENG_WEB_PORT", "many")

    code, _, err = run("user", "list")

    assert code == 1
    assert "SANSHENG_WEB_PORT" in err


def test_doctor_says_where_each_setting_came_from_and_hides_secrets(run, monkeypatch):
    monkeypatch.setenv("SANSHENG_AMI_SECRET", "very secret indeed")

    code, out, _ = run("doctor", "--json")

    document = json.loads(out)
    origins = {s["name"]: s for s in document["settings"]}
    assert origins["ami.secret"]["origin"] == "SANSHENG_AMI_SECRET"
    assert origins["web.port"]["origin"] == "default"
    assert "very secret indeed" not in out
    assert {f["part"]: f["state"] for f in document["findings"]}["speech model"] == "ok"
    assert code in (0, 3), "3 where the front-end files are not fetched"


def test_accounts_are_added_listed_and_closed(run):
    assert (
        run("user", "add", "wang", "--role", "inspector", "--name", "王", "--password", "long enough 1")[0]
        == 0
    )
    assert run("user", "add", "wang", "--role", "inspector", "--password", "long enough 1")[0] == 1
    assert run("user", "disable", "wang")[0] == 0

    code, out, _ = run("user", "list")

    assert code == 0
    assert "disabled" in out
    assert run("audit", "verify")[0] == 0
