"""The rooms: who may know whom, and which library lives where."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOMS, ROOT, sources

LIBRARY_HOMES = {  # import name: the only places that may know it
    "flask": ("web/",),
    "werkzeug": ("web/",),
    "dramatiq": ("core/jobs/",),
    "vosk": ("recording/",),
    "webrtcvad": ("recording/",),
    "soundfile": ("recording/",),
    "asterisk": ("ivr/asterisk/",),
    "twilio": ("ivr/twilio/",),
    "alembic": ("sansheng/migrations/",),
    "argon2": ("core/accounts.py",),
    "cryptography": ("core/crypto.py",),
    "structlog": ("core/logging.py",),
}


def test_the_import_contracts_are_kept():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("library", LIBRARY_HOMES)
def test_a_library_is_known_in_its_home_only(library):
    strangers = [
        source.path
        for source in sources()
        if not source.path.startswith(LIBRARY_HOMES[library])
        and any(name.split(".")[0] == library for name in source.imports())
    ]
    assert strangers == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_ours_and_not_another_package_of_the_same_name(room):
    assert Path(importlib.import_module(room).__file__).parent == ROOT / room


def test_no_room_has_the_name_of_a_standard_module():
    assert sys.stdlib_module_names.isdisjoint(ROOMS)
