"""Speech models: which one is used, what is missing in a folder, and how one is fetched."""

import io
import shutil
import threading
import zipfile
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.errors import BadInput, MissingPart
from core.setting_sections import AsrSettings
from core.settings import Settings
from recording.asr.fetching import fetch_model, unpack_model
from recording.asr.model import (
    check_model_folder,
    current_model,
    demo_model,
    installed_models,
    model_hash,
    sample_rate,
    use_model,
)
from recording.asr.vosk_engine import load_engine

NAME = "vosk-model-small-cn-0.22"


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home")


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(demo_model().path, tmp_path / "mine")


def archive(*files, top=NAME):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for path in demo_model().path.rglob("*"):
            if path.is_file():
                opened.write(path, f"{top}/{path.relative_to(demo_model().path)}")
        for name in files:
            opened.writestr(name, "surprise")
    return content.getvalue()


@pytest.fixture
def server():
    """An own server that answers with `answers[path]`, or 404."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            body = answers.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    answers = {}
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=partial(listening.serve_forever, 0.01))
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}", answers
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_the_demo_model_is_used_until_another_is_chosen(settings, folder):
    assert current_model(settings).origin == "bundled"
    use_model(settings, folder)
    assert (current_model(settings).path, current_model(settings).origin) == (folder, "chosen")
    by_setting = settings.model_copy(update={"asr": AsrSettings(model="/models/big")})
    assert current_model(by_setting).name == "big"
    use_model(settings, "demo")
    assert current_model(settings).origin == "bundled"


@pytest.mark.parametrize(
    "file", ["am/final.mdl", "conf/model.conf", "graph/HCLG.fst", "graph/phones/word_boundary.int"]
)
def test_a_model_that_is_not_whole_names_the_missing_file(settings, folder, file):
    (folder / file).unlink()
    with pytest.raises(MissingPart, match=file):
        use_model(settings, folder)
    assert current_model(settings).origin == "bundled"


def test_a_model_with_a_dynamic_graph_is_whole_without_a_static_one(folder):
    (folder / "graph" / "HCLG.fst").unlink()
    (folder / "graph" / "words.txt").unlink()
    for name in ("HCLr.fst", "Gr.fst"):
        (folder / "graph" / name).touch()
    with pytest.raises(MissingPart, match=r"disambig_tid\.int missing"):
        check_model_folder(folder)
    (folder / "graph" / "disambig_tid.int").touch()
    check_model_folder(folder)


def test_a_model_is_known_by_what_it_hears_not_by_its_name(folder):
    assert model_hash(folder) == model_hash(demo_model().path)
    assert sample_rate(folder) == 8000
    (folder / "README.md").write_text("other words")
    assert model_hash(folder) == model_hash(demo_model().path)
    with (folder / "conf" / "model.conf").open("a") as file:
        file.write("\n")
    assert model_hash(folder) != model_hash(demo_model().path)


def test_one_process_loads_a_model_once():
    assert load_engine(demo_model()) is load_engine(demo_model())


def test_a_fetched_model_can_be_used(settings, server):
    address, answers = server
    answers[f"/{NAME}.zip"] = archive()
    told = []
    fetched = fetch_model(settings, NAME, address=address, progress=lambda *step: told.append(step))
    check_model_folder(fetched.path)
    assert told[-1][0] == told[-1][1]
    assert NAME in [model.name for model in installed_models(settings)]
    answers.clear()
    assert fetch_model(settings, NAME, address=address).path == fetched.path
    assert [path.name for path in fetched.path.parent.iterdir()] == [NAME]


@pytest.mark.parametrize(
    "bad", ["../outside.txt", "/etc/outside.txt", "a/../../outside.txt", "c:\\outside.txt"]
)
def test_an_archive_that_reaches_outside_is_refused_and_leaves_nothing(settings, server, bad):
    address, answers = server
    answers[f"/{NAME}.zip"] = archive(bad)
    with pytest.raises(BadInput, match="outside its folder"):
        fetch_model(settings, NAME, address=address)
    assert list((settings.home / "models").iterdir()) == []


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("recording.asr.fetching._LARGEST_MODEL", 1000)
    (tmp_path / "m.zip").write_bytes(archive())
    with pytest.raises(BadInput, match="refused"):
        unpack_model(tmp_path / "m.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_archive_is_refused(settings, server):
    address, answers = server
    answers[f"/{NAME}.zip"] = archive()[:5000]
    with pytest.raises(BadInput, match="damaged"):
        fetch_model(settings, NAME, address=address)


def test_without_a_network_the_message_says_what_to_do_by_hand(settings, server):
    address, _ = server
    with pytest.raises(MissingPart, match="404"):
        fetch_model(settings, NAME, address=address)
    with pytest.raises(
        MissingPart, match=r"vosk-model-small-cn-0\.22\.zip cannot be reached.*model use PATH"
    ):
        fetch_model(settings, NAME, address="http://127.0.0.1:9")
    with pytest.raises(BadInput, match="not the name"):
        fetch_model(settings, "../../etc")
