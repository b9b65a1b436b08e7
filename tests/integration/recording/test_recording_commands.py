"""The commands as scripts see them: JSON on stdout and nothing else, exit codes that tell what happened."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from core.errors import AppError, BadInput, MissingPart, NotFound
from ivr.models import Agent, Call
from recording import cli
from recording.asr.model import current_model, demo_model
from recording.folders import FolderWatch
from recording.models import Recording
from tests.conftest import NOW
from tests.unit.recording.sounds import buzz, ramp, silence, write


@pytest.fixture
def run(installation):
    def run(command, *arguments):
        result = CliRunner().invoke(getattr(cli, command), [str(a) for a in arguments], obj=installation)
        if isinstance(result.exception, AppError):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return run


@pytest.fixture
def call(installation):
    with installation.unit_of_work() as session:
        session.add(Agent(code="1001", name="王", interface="PJSIP/1001"))
        session.add(Call(provider="asterisk", provider_call_id="1763600000.1", started_at=NOW))


def test_add_says_what_it_did_in_json(run, tmp_path, call, installation):
    path = write(tmp_path / "a.wav", ramp(8000, 2))
    arguments = ("add", path, "--call", "1763600000.1", "--agent", "1001", "--agent-channel", 1, "--json")
    first, second = (
        json.loads(run("recording", *arguments).stdout),
        json.loads(run("recording", *arguments).stdout),
    )
    assert (first["created"], second["created"]) == (True, False)
    assert first["id"] == second["id"]
    assert first["duration_s"] == 1.0
    with installation.unit_of_work(read_only=True) as session:
        row = session.get_one(Recording, first["id"])
        assert (row.call.provider_call_id, row.agent.code, row.roles_known) == ("1763600000.1", "1001", True)


def test_legs_are_given_with_their_roles(run, tmp_path, installation):
    legs = [write(tmp_path / f"{n}.wav", ramp(100 + n)) for n in (1, 2)]
    added = json.loads(
        run("recording", "add", "--leg", f"agent={legs[0]}", "--leg", f"caller={legs[1]}", "--json").stdout
    )
    with installation.unit_of_work(read_only=True) as session:
        assert [t.role for t in session.get_one(Recording, added["id"]).tracks] == ["agent", "caller"]
    with pytest.raises(BadInput, match="caller=FILE"):
        run("recording", "add", "--leg", f"boss={legs[0]}")
    assert run("recording", "add").exit_code == 2


@pytest.mark.parametrize(("option", "value"), [("--call", "99.9"), ("--agent", "7777")])
def test_a_call_or_agent_nobody_knows_is_an_error(run, tmp_path, option, value):
    with pytest.raises(NotFound, match=value):
        run("recording", "add", write(tmp_path / "a.wav", ramp(100)), option, value)


def test_import_reports_bad_items_and_exits_1(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "good.wav", ramp(100))
    (folder / "bad.wav").write_bytes(b"")
    result = run("recording", "import", folder, "--json")
    document = json.loads(result.stdout)
    assert (document["added"], document["skipped"], result.exit_code) == (1, 1, 1)
    assert "bad.wav: the file is empty" in result.stderr
    (folder / "bad.wav").unlink()
    again = run("recording", "import", folder)
    assert again.exit_code == 0
    assert "1" in again.stdout


def test_watch_takes_what_comes_to_rest(run, tmp_path, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.wav", ramp(100))
    looks = iter([True, False])
    watching = FolderWatch.run
    monkeypatch.setattr(FolderWatch, "run", lambda self, _pause: watching(self, lambda: next(looks)))
    assert "a.wav" in run("recording", "watch", folder).stdout


def test_watching_a_folder_that_is_not_there_is_refused(run, tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(BadInput, match="is not a folder"):
            run("recording", "watch", path)


def test_transcribe_gives_one_document_and_pending_leaves_nothing(run, tmp_path):
    sound = np.concatenate([silence(1), buzz(1), silence(1)])
    added = json.loads(run("recording", "add", write(tmp_path / "a.wav", sound), "--json").stdout)
    document = json.loads(run("transcribe", "--pending", "--json").stdout)
    assert document["model"] == "demo"
    assert [one["recording_id"] for one in document["recordings"]] == [added["id"]]
    assert json.loads(run("transcribe", "--pending", "--json").stdout)["recordings"] == []
    assert json.loads(run("transcribe", added["id"], "--json").stdout) == document
    assert str(added["id"]) in run("transcribe", added["id"]).stdout
    with pytest.raises(NotFound, match="404"):
        run("transcribe", 404)
    assert run("transcribe").exit_code == 2


def test_a_recording_that_lost_its_sound_makes_transcribe_exit_1(run, tmp_path, installation):
    added = json.loads(run("recording", "add", write(tmp_path / "a.wav", buzz(1)), "--json").stdout)
    installation.blobs.delete(added["sha256"])
    result = run("transcribe", added["id"])
    assert result.exit_code == 1
    assert "blob" in result.stderr


def test_models_are_listed_and_chosen(run, tmp_path, installation):
    (listed,) = json.loads(run("model", "list", "--json").stdout)["installed"]
    assert (listed["name"], listed["in_use"]) == ("demo", True)
    assert "vosk-model-small-cn-0.22" in run("model", "list").stdout
    with pytest.raises(MissingPart, match="model fetch"):
        run("model", "use", tmp_path / "nowhere")
    run("model", "use", "demo")
    assert current_model(installation.settings) == demo_model()
