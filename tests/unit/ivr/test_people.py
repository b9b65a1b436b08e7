"""Names of queues and agents: set from the command line, checked, and each change on record."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core.audit import AuditEntry, broken_entries
from core.errors import BadInput, Conflict, NotFound
from core.i18n import use_locale
from ivr.cli_floor import agent
from ivr.cli_queue import queue
from ivr.ledger.store import import_queue_log
from ivr.models import Agent, Queue
from tests.unit.ivr.ledger.queue_lines import log

ANSWERED = log(
    "0|after_sales|NONE|ENTERQUEUE||138|1",
    "4|after_sales|PJSIP/1004|CONNECT|4|x|4",
    "24|after_sales|PJSIP/1004|COMPLETECALLER|4|20|1",
)


@pytest.fixture
def run(installation):
    def command(group, *arguments):
        with use_locale("en"):
            result = CliRunner().invoke(group, [str(a) for a in arguments], obj=installation)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return command


@pytest.fixture
def _imported(installation, tmp_path):
    """A queue and an agent as the queue_log names them."""
    path = tmp_path / "queue_log"
    path.write_bytes(ANSWERED)
    import_queue_log(installation, [path])


def _audited(installation):
    with installation.unit_of_work(read_only=True) as session:
        assert list(broken_entries(session)) == []
        return [(e.action, e.detail) for e in session.scalars(select(AuditEntry).order_by(AuditEntry.number))]


@pytest.mark.usefixtures("_imported")
def test_what_the_queue_log_named_gets_the_names_agents_greet_with(run, installation):
    told = run(agent, "set", "PJSIP/1004", "--code", "1004", "--name", "刘洋")
    run(
        queue,
        "set",
        "after_sales",
        "--title-zh",
        "售后",
        "--title-en",
        "After-sales",
        "--company",
        "云帆科技",
    )
    names = ("--department", "售后服务部", "--department", "售后部")
    run(queue, "set", "after_sales", *names, "--service-level", 15, "--language", "en")
    run(queue, "member", "after_sales", "1004", "--penalty", 2)

    assert "rescore" in told.stderr
    assert json.loads(run(agent, "list", "--json").stdout) == {
        "agents": [{"code": "1004", "name": "刘洋", "interface": "PJSIP/1004", "active": True}]
    }
    assert json.loads(run(queue, "list", "--json").stdout) == {
        "queues": [
            {
                "name": "after_sales",
                "title_zh": "售后",
                "title_en": "After-sales",
                "company": "云帆科技",
                "departments": ["售后服务部", "售后部"],
                "service_level_s": 15.0,
                "language": "en",
                "members": [{"code": "1004", "name": "刘洋", "penalty": 2}],
            }
        ]
    }
    assert "刘洋" in run(agent, "list").stdout
    assert "售后服务部, 售后部" in run(queue, "list").stdout
    assert [action for action, _ in _audited(installation)] == [
        "agent_changed",
        "queue_changed",
        "queue_changed",
        "queue_member_changed",
    ]
    assert _audited(installation)[0][1] == {"code": ["PJSIP/1004", "1004"], "name": ["PJSIP/1004", "刘洋"]}


def test_a_hotline_can_be_named_before_its_first_call(run, installation):
    run(agent, "add", "1001", "--name", "王敏")
    run(agent, "add", "1002", "--name", "李娜", "--interface", "PJSIP/li-na")
    run(queue, "add", "consulting", "--company", "云帆科技")
    for code in ("1001", "1002"):
        run(queue, "member", "consulting", code)
    run(queue, "member", "consulting", "PJSIP/li-na", "--remove")

    with installation.unit_of_work(read_only=True) as session:
        row = session.scalars(select(Queue)).one()
        assert [member.agent.interface for member in row.members] == ["PJSIP/1001"]
        assert (row.title_zh, row.departments, row.service_level_s) == ("consulting", [], 20.0)


def test_a_process_of_its_own_knows_all_it_writes_to(tmp_path):
    """Here every room is imported; a command imports only its own."""
    home = {"SANSHENG_HOME": str(tmp_path / "home"), "SANSHENG_WEB_LOCALE": "en"}
    command = [sys.executable, "-m", "sansheng", "queue", "add", "consulting"]
    done = subprocess.run(command, env=os.environ | home, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "consulting" in done.stdout


@pytest.mark.usefixtures("_imported")
def test_the_same_again_changes_nothing_and_is_not_on_record(run, installation):
    for _ in range(2):
        result = run(agent, "set", "PJSIP/1004", "--code", "1004")
        member = run(queue, "member", "after_sales", "1004")

    assert "nothing changed" in result.stdout
    assert "nothing changed" in member.stdout
    assert len(_audited(installation)) == 2


@pytest.mark.usefixtures("_imported")
def test_a_company_and_departments_can_be_taken_away_and_an_agent_leave(run, installation):
    run(queue, "set", "after_sales", "--company", "云帆科技", "--department", "售后部")
    run(queue, "set", "after_sales", "--company", "", "--department", "")
    run(agent, "set", "PJSIP/1004", "--left")

    with installation.unit_of_work(read_only=True) as session:
        row = session.scalars(select(Queue)).one()
        assert (row.company, row.departments) == ("", [])
        assert session.scalars(select(Agent)).one().active is False


@pytest.mark.usefixtures("_imported")
@pytest.mark.parametrize(
    ("group", "arguments", "error"),
    [
        (agent, ("set", "9999", "--name", "x"), NotFound),
        (agent, ("set", "PJSIP/1004", "--name", " "), BadInput),
        (agent, ("set", "PJSIP/1004", "--code", "10 04"), BadInput),
        (agent, ("set", "PJSIP/1004", "--interface", "a|b"), BadInput),
        (agent, ("add", "1004", "--name", "刘洋"), Conflict),
        (queue, ("add", "after_sales"), Conflict),
        (queue, ("add", "售后"), BadInput),
        (queue, ("set", "nowhere", "--company", "x"), NotFound),
        (queue, ("set", "after_sales", "--company", "x" * 81), BadInput),
        (queue, ("set", "after_sales", "--title-zh", ""), BadInput),
        (queue, ("set", "after_sales", "--service-level", "0"), BadInput),
        (queue, ("set", "after_sales", "--service-level", "nan"), BadInput),
        (queue, ("member", "after_sales", "9999"), NotFound),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(run, installation, group, arguments, error):
    with pytest.raises(error):
        run(group, *arguments)

    assert _audited(installation) == []
