"""The reports people hand in: what is written into them, and that no file does anything but tell."""

import json
import re
import zipfile
from datetime import date, timedelta
from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from core.audit import AuditEntry
from core.i18n import use_locale
from ivr.models import Agent, Queue
from tests.factories import add_call
from web.reports.choices import PERIODS, ReportChoice
from web.reports.command import report

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ATTACK = '=HYPERLINK("http://evil","x")'


@pytest.fixture
def _day(installation, staff, clock):
    for n, outcome in enumerate(("answered", "answered", "abandoned", "voicemail")):
        add_call(installation, staff, outcome=outcome, started_at=clock.now() - timedelta(hours=1 + n))


def choice(period, day):
    return ReportChoice(period=period, day=day, interval="1d")


@given(st.sampled_from(PERIODS), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_every_day_is_in_exactly_one_period(period, day):
    first, after = choice(period, day).days

    assert first <= day < after
    assert choice(period, first).days == choice(period, after - timedelta(days=1)).days == (first, after)
    assert choice(period, after).days[0] == after


@pytest.mark.parametrize(
    ("period", "first", "after"),
    [
        ("month", date(2026, 11, 1), date(2026, 12, 1)),
        ("month-22", date(2026, 11, 22), date(2026, 12, 22)),
        ("month-27", date(2026, 10, 27), date(2026, 11, 27)),
    ],
)
def test_a_month_closes_on_the_trades_days(period, first, after):
    assert choice(period, date(2026, 11, 26)).days == (first, after)


def sheets(content):
    """Every sheet of a workbook as XML, and all its texts."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        pages = [ET.fromstring(book.read(n)) for n in book.namelist() if n.startswith("xl/worksheets/sheet")]
        texts = "".join(ET.fromstring(book.read("xl/sharedStrings.xml")).itertext())
    return pages, texts


@pytest.mark.usefixtures("_day")
def test_names_in_a_workbook_stay_text(installation, browser_of):
    with installation.unit_of_work() as session:
        session.query(Queue).update({"title_en": ATTACK, "title_zh": ATTACK})
        session.query(Agent).update({"name": ATTACK})

    answer = browser_of("supervisor").get("/reports/report.xlsx?period=day")
    pages, texts = sheets(answer.data)

    assert answer.headers["Content-Disposition"].endswith('.xlsx"')
    assert texts.count(ATTACK) >= 1
    assert len(pages) >= 4
    for page in pages:
        assert list(page.iter(f"{SHEET}f")) == []
        assert list(page.iter(f"{SHEET}hyperlink")) == []


@pytest.mark.usefixtures("_day")
def test_a_page_to_print_needs_nothing_else_and_runs_nothing(installation, browser_of):
    with installation.unit_of_work() as session:
        session.query(Agent).update({"name": "<script>alert(1)</script>"})

    answer = browser_of("supervisor", "zh_CN").get("/reports/print?period=week")
    nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])[1]

    assert '<html lang="zh-CN">' in answer.text
    assert f'<style nonce="{nonce}">' in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert re.findall(r"<script|<link|\b(?:src|href)=", answer.text) == []


@pytest.mark.usefixtures("_day")
@pytest.mark.parametrize("path", ["intervals.csv", "report.json", "report.xlsx", "print"])
def test_a_report_that_leaves_the_house_is_an_audit_entry(installation, staff, browser_of, path):
    browser_of("supervisor").get(f"/reports/{path}?period=week&day=2026-11-20")

    with installation.unit_of_work(read_only=True) as session:
        entry = session.query(AuditEntry).order_by(AuditEntry.number.desc()).first()
    assert (entry.action, entry.subject) == ("report_exported", "report:week:2026-11-16")
    assert entry.user_id == staff.supervisor.id


@pytest.fixture
def run(installation):
    def command(*arguments):
        with use_locale("en"):
            return CliRunner().invoke(report, [str(a) for a in arguments], obj=installation)

    return command


@pytest.mark.usefixtures("_day")
def test_the_command_writes_the_same_report_in_each_format(run, clock, tmp_path):
    day = clock.now().date().isoformat()
    document = json.loads(run("daily", "--day", day, "--json").stdout)
    page, book = tmp_path / "day.html", tmp_path / "day.xlsx"

    assert run("daily", "--day", day, "--html", page).exit_code == 0
    assert run("daily", "--day", day, "--xlsx", book).exit_code == 0

    (queue,) = document["tables"]["queues"]["rows"]
    course = document["tables"]["course"]["rows"]
    assert queue["offered"] == sum(row["offered"] for row in course) == 4
    assert (queue["answered"], queue["abandoned"]) == (2, 1)
    assert document["tables"]["queues"]["columns"]["service_level"] == {
        "title": "Service level",
        "unit": "share",
    }
    assert queue["queue"] in page.read_text(encoding="utf-8")
    assert queue["queue"] in sheets(book.read_bytes())[1]
    assert "standard@" in run("daily", "--day", day).stdout


@pytest.mark.usefixtures("_day")
def test_without_a_day_the_last_period_that_is_over_is_reported(run, clock):
    document = json.loads(run("weekly", "--json").stdout)

    assert document["to"] <= clock.now().isoformat()
    assert "queues" not in document["tables"]  # all calls are of the week that is going on


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("daily", "--xlsx"), 2), (("daily", "file"), 2), (("daily", "--json", "--html", "f"), 2)],
)
def test_what_cannot_be_meant_is_refused(run, arguments, code):
    assert run(*arguments).exit_code == code


def test_a_day_that_is_none_and_a_queue_that_is_not_there_are_told(run):
    assert "write 2026-12-31" in str(run("daily", "--day", "yesterday").exception)
    assert "no queue nowhere" in str(run("daily", "--queue", "nowhere").exception)
