"""`sansheng queue`: what a person at a terminal, and a script, get to see."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from core.errors import BadInput, NotFound
from core.i18n import use_locale
from ivr.cli_queue import queue
from ivr.models import QueueVisit
from tests.unit.ivr.ledger.queue_lines import log

ANSWERED = log("0|q|NONE|ENTERQUEUE||138|1", "4|q|Li|CONNECT|4|x|4", "24|q|Li|COMPLETECALLER|4|20|1")
PERIOD = ("--from", "2026-09-01", "--to", "2026-10-01")


@pytest.fixture
def run(installation, clock):
    clock.at = datetime(2026, 11, 22, tzinfo=UTC)

    def command(*arguments):
        with use_locale("en"):
            return CliRunner().invoke(queue, [str(a) for a in arguments], obj=installation)

    return command


@pytest.fixture
def log_file(tmp_path):
    path = tmp_path / "queue_log"
    path.write_bytes(ANSWERED + b"rubbish\n")
    return path


def test_import_says_what_it_took_in_and_a_second_time_nothing(run, log_file):
    first, second = run("import", log_file), run("import", "--json", log_file)

    assert "4 new lines, 1 of them bad; 1 calls" in first.stdout
    (document,) = json.loads(second.stdout)["files"]
    assert (document["lines"], document["calls"]) == (0, 0)
    assert second.exit_code == 0


def test_a_file_that_is_not_there_is_an_error_after_the_others_are_read(run, log_file, tmp_path):
    result = run("import", "--json", tmp_path / "nowhere", log_file)

    assert isinstance(result.exception, BadInput)
    assert "nowhere" in str(result.exception)
    assert [file["lines"] for file in json.loads(result.stdout)["files"]] == [0, 4]


def test_rebuilding_gives_the_report_again(run, log_file, installation):
    run("import", log_file)
    before = run("report", "--json", *PERIOD).stdout
    with installation.unit_of_work() as session:
        session.execute(update(QueueVisit).values(talk_s=1.0, wait_s=1.0))
    assert run("report", "--json", *PERIOD).stdout != before

    assert "1 calls derived anew" in run("rebuild").stdout
    assert run("report", "--json", *PERIOD).stdout == before


def test_integrity_names_file_and_line(run, log_file):
    run("import", log_file)

    assert f"{log_file}:4: 1 fields" in run("integrity").stdout
    document = json.loads(run("integrity", "--json").stdout)
    assert document["bad_lines"]["count"] == 1
    assert document["orphans"] == {"count": 0, "listed": []}


def test_integrity_of_nothing_is_sound(run):
    assert run("integrity").stdout.strip() == "Everything reconciles."


def test_report_gives_the_same_figures_in_every_form(run, log_file):
    run("import", log_file)

    (as_json,) = json.loads(run("report", *PERIOD, "--json").stdout)["queues"]
    (as_csv,) = csv.DictReader(io.StringIO(run("report", *PERIOD, "--csv").stdout))
    table = run("report", *PERIOD).stdout

    assert as_json["service_level"] == 1.0
    assert as_json["asa_s"] == 4.0
    levels = as_json.pop("service_levels")
    assert set(levels.values()) == {1.0}
    assert {name: "" if value is None else str(value) for name, value in as_json.items()} == as_csv
    assert "answered within the queue's time ÷ offered" in table
    assert [line.split()[0] for line in table.splitlines()[1:3]] == ["queue", "q"]


def test_a_report_prints_its_definition_and_an_old_version_can_be_asked_for(run, log_file, tmp_path):
    run("import", log_file)
    ours = tmp_path / "strict.yaml"
    ours.write_text("name: standard\ntitle_zh: 更严\ntitle_en: Strict\nwithin_s: 3\n", encoding="utf-8")

    assert run("define", ours).stdout.strip() == "standard@3"
    new = json.loads(run("report", *PERIOD, "--json").stdout)
    old = json.loads(run("report", *PERIOD, "--json", "--definition", "standard@1").stdout)
    assert [document["queues"][0]["service_level"] for document in (old, new)] == [1.0, 0.0]
    assert (new["definition"]["version"], new["service_level"]) == (3, "answered within 3 s ÷ offered")
    assert "definition: standard@3" in run("report", *PERIOD).stdout
    assert "standard@3" in run("definitions").stdout


def test_intervals_sum_up_to_the_report(run, log_file):
    run("import", log_file)
    document = json.loads(run("report", *PERIOD, "--interval", "15m", "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(run("report", *PERIOD, "--interval", "1d", "--csv").stdout)))

    assert [row["offered"] for row in document["intervals"]] == [1]
    assert rows[0]["from"].endswith("T00:00:00+08:00")


@pytest.mark.parametrize("content", [None, b"\xff", b"[1", b"just words", b"name: x"])
def test_a_file_that_holds_no_definition_is_told(run, tmp_path, content):
    path = tmp_path / "definition.yaml"
    if content is not None:
        path.write_bytes(content)

    assert isinstance(run("define", path).exception, BadInput)


def test_report_of_a_time_without_calls_says_so(run):
    assert "No caller entered a queue." in run("report").stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--queue", "nobody"), NotFound),
        (("--from", "yesterday"), BadInput),
        (("--definition", "nobody"), NotFound),
        (("--from", "2026-10-02", "--to", "2026-10-01"), BadInput),
    ],
)
def test_what_a_user_gets_wrong_is_told(run, arguments, error):
    assert isinstance(run("report", *arguments).exception, error)


def test_a_table_is_taken_in_beside_files_and_neither_is_asked_for(run, log_file, tmp_path):
    assert "name the files" in run("import").output
    result = run("import", log_file, "--table", f"sqlite:///{tmp_path / 'nothing.db'}")
    assert "4 new lines" in result.output
    assert "has no table queue_log" in str(result.exception)
