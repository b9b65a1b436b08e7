"""docker-compose.yml without Docker: whole, held to the settings there are, and each command run for real.

No engine runs here. So what an engine would do is done by hand where it can be: every role is started with the
command, the variables and the health check of the file, on loopback and in a temporary folder.
"""

import contextlib
import os
import random
import re
import shlex
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from core.installation import Installation
from core.jobs import enqueue
from core.settings import Settings, setting_origins
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
COMPOSE = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
ONCE = {"migrate", "configure"}
OURS = {"migrate", "web", "worker", "configure", "ivr"}
ASKED = re.compile(r"\$\{([A-Z_]+)(?::[-?]([^}]*))?\}")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SCRIPTS = Path(sys.executable).parent


def dockerfile(service):
    return ROOT / SERVICES[service].get("build", "") / "Dockerfile"


def instructions(path):
    """The instructions of a Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8"))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line and not line.startswith("#")]


def test_the_services_are_those_a_hotline_needs_and_each_is_watched():
    assert set(SERVICES) == {"postgres", *OURS, "asterisk"}
    for name, service in SERVICES.items():
        assert "image" in service, name
        assert service["restart"] == ("on-failure" if name in ONCE else "unless-stopped"), name
        assert ("healthcheck" in service) == (name not in ONCE), name
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {
        "configure",
        "ivr",
        "asterisk",
    }


def test_the_schema_is_changed_once_and_before_anything_else():
    for name in OURS - {"migrate"}:
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert SERVICES["asterisk"]["depends_on"] == {
        "configure": {"condition": "service_completed_successfully"}
    }


def test_every_volume_is_declared_and_recordings_have_one_path_everywhere():
    mounts = {name: [m.split(":") for m in s.get("volumes", [])] for name, s in SERVICES.items()}
    assert {mount[0] for found in mounts.values() for mount in found} == set(COMPOSE["volumes"])
    spool = SERVICES["web"]["environment"]["SANSHENG_RECORDING_SPOOL"]
    for name in ("worker", "ivr", "asterisk"):
        assert ["spool", spool] in mounts[name]
    log = str(Path(SERVICES["ivr"]["environment"]["SANSHENG_ASTERISK_QUEUE_LOG"]).parent)
    assert ["asterisk-log", log] in mounts["asterisk"]
    assert ["asterisk-log", log, "ro"] in mounts["ivr"]


def test_every_variable_is_a_setting_and_every_question_is_in_the_example(installation):
    known = {origin.variable for origin in setting_origins(installation.settings, {}, None)}
    for name in OURS:
        assert set(SERVICES[name]["environment"]) <= known
    asked = {match[0] for match in ASKED.findall((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))}
    assert asked == set(re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    secrets = [line for line in EXAMPLE.splitlines() if re.match(r"\w*(SECRET|PASSWORD|TOKEN)\w*=", line)]
    assert len(secrets) == 4
    assert all(line.endswith("=") for line in secrets), "no secret is given away as an example"


def test_those_who_may_use_ami_are_the_containers_and_nobody_else():
    (network,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert SERVICES["ivr"]["environment"]["SANSHENG_AMI_PERMIT"] == network["subnet"]
    assert not [port for port in SERVICES["asterisk"]["ports"] if "5038" in port]
    assert "ports" not in SERVICES["postgres"]


@pytest.mark.parametrize("service", ["web", "asterisk"])
def test_what_an_image_copies_exists_and_nobody_runs_as_root(service):
    path = dockerfile(service)
    found = instructions(path)
    for word, rest in found:
        if word == "COPY":
            *sources, _target = shlex.split(rest)
            assert all((path.parent / source).exists() for source in sources), rest
    users = [rest for word, rest in found if word == "USER"]
    assert users
    assert users[-1] not in {"root", "0"}
    assert found[0][0] == "FROM"
    assert ":" in found[0][1], "a base image has a version"
    copied = " ".join(rest for word, rest in found if word == "COPY")
    if service == "web":
        for room in ("core", "ivr", "recording", "qa", "web", "sansheng"):
            assert f"{room} {room}" in copied


def free_port():
    """A port of which the system never makes a client's own: a check that asks too early must not meet itself."""
    while True:
        port = random.randrange(25_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def contained(tmp_path):
    """Run a service's words as its container would, with everything on this machine."""
    ports = {name: free_port() for name in ("web", "agi", "ami")}
    places = {
        "/var/lib/sansheng": tmp_path / "home",
        "/var/spool/sansheng": tmp_path / "spool",
        "/etc/sansheng-asterisk": tmp_path / "asterisk",
        "/var/log/asterisk": tmp_path / "log",
    }
    for folder in places.values():
        folder.mkdir()
    (places["/var/lib/sansheng"] / "sansheng.toml").write_text("")
    filled = {"SANSHENG_SECRET_KEY": "a secret for tests only", "SANSHENG_AMI_SECRET": "for-tests-only"}

    def here(text):
        text = ASKED.sub(lambda asked: filled.get(asked[1], asked[2]), str(text))
        for place, folder in places.items():
            text = text.replace(place, str(folder))
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{ports['web']}")
        return text.replace("'ivr', 4573", f"'127.0.0.1', {ports['agi']}")

    def variables(service):
        own = {name: value for name, value in os.environ.items() if not name.startswith("SANSHENG_")}
        told = {name: here(value) for name, value in SERVICES[service]["environment"].items()}
        told |= {
            "SANSHENG_DATABASE_URL": f"sqlite:///{tmp_path / 'home' / 'sansheng.db'}",
            "SANSHENG_WEB_HOST": "127.0.0.1",
            "SANSHENG_WEB_PORT": str(ports["web"]),
            "SANSHENG_AGI_HOST": "127.0.0.1",
            "SANSHENG_AGI_PORT": str(ports["agi"]),
            "SANSHENG_AMI_HOST": "127.0.0.1",
            "SANSHENG_AMI_PORT": str(ports["ami"]),
            "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
        }
        return own | told

    def start(service, words):
        return subprocess.Popen(
            list(map(here, words)),
            env=variables(service),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(tmp_path / "stderr").open("ab"),
        )

    return start


@pytest.fixture
def installation_of(tmp_path):
    opened = []

    def open_it():
        opened.append(Installation.open(Settings(home=tmp_path / "home")))
        return opened[-1]

    yield open_it
    for installation in opened:
        installation.close()


def words(service):
    return SERVICES[service]["command"]


def run(contained, service, what):
    return contained(service, what).wait(120)


@pytest.mark.parametrize("service", ["web", "worker", "ivr"])
def test_a_role_is_healthy_when_its_own_check_says_so(contained, service):
    kind, *check = SERVICES[service]["healthcheck"]["test"]
    assert kind == "CMD"
    assert run(contained, service, check) != 0 or service == "worker"
    assert run(contained, "migrate", words("migrate")) == 0
    role = contained(service, words(service))
    try:
        wait_until(lambda: run(contained, service, check) == 0, f"{service} to be healthy")
        assert role.poll() is None
    finally:
        role.terminate()
        assert role.wait(60) in {0, -15}


def test_asterisks_configuration_is_written_for_the_containers_and_laid_where_it_reads_it(
    contained, tmp_path
):
    assert run(contained, "migrate", words("migrate")) == 0
    assert run(contained, "web", ["sansheng", "queue", "add", "consulting"]) == 0
    for queue in ("after_sales", "complaints"):
        assert run(contained, "web", ["sansheng", "queue", "add", queue]) == 0
    assert run(contained, "configure", words("configure")) == 0, (tmp_path / "stderr").read_text()
    manager = (tmp_path / "asterisk/manager.conf").read_text()
    assert "permit = 172.30.77.0/24" in manager
    assert "bindaddr = 0.0.0.0" in manager
    script = ROOT / "docker/asterisk/start.sh"
    assert script.stat().st_mode & stat.S_IXUSR
    etc, sounds = tmp_path / "etc", tmp_path / "sounds"
    etc.mkdir()
    subprocess.run([script, tmp_path / "asterisk", etc, sounds], check=True)
    assert (etc / "extensions.conf").exists()
    assert (sounds / "zh/sansheng").is_dir()


def test_a_worker_that_does_no_work_is_not_healthy(contained, installation_of):
    """Work that waits for minutes is what a dead or stuck worker looks like from outside."""
    assert run(contained, "migrate", words("migrate")) == 0
    check = SERVICES["worker"]["healthcheck"]["test"][1:]
    with installation_of().unit_of_work() as session:
        enqueue(session, "work", key="fresh", at=datetime.now(UTC))
    assert run(contained, "worker", check) == 0
    with installation_of().unit_of_work() as session:
        enqueue(session, "work", key="old", at=datetime.now(UTC) - timedelta(minutes=6))
    assert run(contained, "worker", check) == 4
