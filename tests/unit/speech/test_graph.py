"""The graph is built in a process of its own: kaldifst and vosk must not meet (speech/README.md)."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "recording" / "asr" / "demo_model"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("kaldifst") is None,
    reason="kaldifst is training tooling: speech/requirements.txt",
)


def run(module, *arguments):
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_shipped_graph_is_what_the_recipe_builds(tmp_path):
    assert run("speech.graph", "--model", tmp_path).returncode == 0
    for name in ("HCLG.fst", "words.txt", "phones/word_boundary.int"):
        assert (tmp_path / "graph" / name).read_bytes() == (SHIPPED / "graph" / name).read_bytes()


def test_a_new_vocabulary_is_heard_without_training(tmp_path):
    sentences = tmp_path / "mine.txt"
    sentences.write_text("我 想 申请 贷款\n请问 利率 是 多少\n", encoding="utf-8")
    model = tmp_path / "model"
    shutil.copytree(SHIPPED, model)

    built = run("speech.graph", "--model", model, "--sentences", sentences, "--only")
    measured = run("speech.evaluate", "--model", model, "--sentences", sentences)

    assert "8 words" in built.stdout
    assert "20 sentences: CER 0.0 %, exact 20" in measured.stdout


def test_a_word_that_cannot_be_pronounced_is_named_with_file_and_line(tmp_path):
    sentences = tmp_path / "mine.txt"
    sentences.write_text("您好\n我 用 WiFi\n", encoding="utf-8")
    failed = run("speech.graph", "--model", tmp_path, "--sentences", sentences)
    assert failed.returncode == 1
    assert "mine.txt:2: 'WiFi'" in failed.stderr
    assert "Traceback" not in failed.stderr
