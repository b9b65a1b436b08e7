"""The qa commands: what scripts rely on."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core.accounts import User
from core.errors import BadInput, NotFound
from core.i18n import use_locale
from ivr.models import Queue
from qa.cli import rescore, sample, score, scorecard
from qa.evaluation import open_evaluation, save_answer
from qa.models import Answer, AutoAnswer, AutoScore, Draw, ScorecardVersion
from qa.publishing import shipped_document
from recording.models import Recording
from tests.conftest import NOW
from tests.integration.qa.rows import EXEMPLARY, agent, recording, transcribed, user
from tests.unit.qa.calls import agent as agent_says


@pytest.fixture
def calls(installation):
    """Two transcribed calls and one that is not."""
    with installation.unit_of_work() as session:
        who = agent(session)
        user(session)
        good = transcribed(session, who).recording_id
        blunt = transcribed(session, who, (*EXEMPLARY[:2], agent_says(14, "这个 不行"))).recording_id
        return good, blunt, recording(session, who, state="stored").id


@pytest.fixture
def run(installation):
    """Run a command on the test's installation; AppErrors come out as they are."""

    def invoke(command, *arguments):
        with use_locale("en"):
            result = CliRunner().invoke(command, [str(a) for a in arguments], obj=installation)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def test_score_pending_then_nothing_is_pending(run, calls):
    """One JSON document, evidence included; the second run has nothing to do."""
    document = json.loads(run(score, "--pending", "--json").stdout)
    assert document["scorecard"] == "hotline-etiquette@1"
    good, blunt = document["scores"]
    assert (good["recording"], good["points"]) == (calls[0], 100.0)
    assert good["measures"]["interruptions"] == 0
    assert 0.5 < good["measures"]["talk_ratio"] < 1
    answers = {a["criterion"]: a for a in blunt["answers"]}
    assert answers["banned_refusal"]["verdict"] == "fail"
    assert answers["banned_refusal"]["evidence"][0]["quote"] == "不行"
    assert "不行" in answers["banned_refusal"]["explanation"]
    assert json.loads(run(score, "--pending", "--json").stdout)["scores"] == []


def test_one_bad_recording_does_not_stop_the_others(run, calls):
    """The rest is scored, the exit code tells, the reason is on stderr."""
    result = run(score, calls[0], calls[2], 404)
    assert result.exit_code == 1
    assert "100.0 points" in result.stdout
    assert "not transcribed yet" in result.stderr
    assert "no recording 404" in result.stderr


def test_score_wants_numbers_or_pending(run, calls):
    """Neither or both is a usage error; an unknown scorecard is told."""
    assert run(score).exit_code == 2
    assert run(score, calls[0], "--pending").exit_code == 2
    with pytest.raises(NotFound):
        run(score, "--pending", "--scorecard", "nonsense")


@pytest.fixture
def stricter(tmp_path):
    """A changed scorecard in a file."""
    file = tmp_path / "stricter.yaml"
    text = shipped_document().replace("limit: 3", "limit: 1").replace("tolerance: 5", "tolerance: 1")
    file.write_text(text, encoding="utf-8")
    return file


def test_rescore_shows_before_it_writes(run, calls, stricter, installation):
    """A dry run takes a file and writes nothing; writing needs a published version."""
    run(score, "--pending")
    shown = json.loads(run(rescore, "--scorecard", stricter, "--dry-run", "--json").stdout)
    assert (shown["scored"], shown["written"], len(shown["changed"])) == (2, 0, 2)
    assert shown["changed"][0]["changes"] == {"rings": ["pass", "fail"]}
    with pytest.raises(BadInput):
        run(rescore, "--scorecard", stricter)
    assert "hotline-etiquette@2" in run(scorecard, "publish", stricter).stdout
    assert (
        "2 of 2 scores differ; scores written: 2" in run(rescore, "--scorecard", "hotline-etiquette").stdout
    )
    again = json.loads(run(rescore, "--scorecard", "hotline-etiquette", "--json").stdout)
    assert (again["changed"], again["written"]) == ([], 0)
    with installation.unit_of_work() as session:
        assert len(session.scalars(select(AutoScore)).all()) == 4


def test_rescore_brings_scores_up_to_date_with_corrected_names(run, calls, installation):
    """The same version once more: answers are replaced where they differ, what a person answered stays."""
    with installation.unit_of_work() as session:
        for queue in session.scalars(select(Queue)):
            queue.company = ""
    run(score, "--pending")
    with installation.unit_of_work() as session:
        inspector = session.scalars(select(User)).one()
        graded = open_evaluation(
            session, recording=session.get_one(Recording, calls[0]), evaluator=inspector, at=NOW
        )
        save_answer(session, graded, by=inspector, criterion="greeting_company", verdict="fail", at=NOW)
        for queue in session.scalars(select(Queue)):
            queue.company = "云帆科技"

    shown = json.loads(run(rescore, "--scorecard", "hotline-etiquette", "--dry-run", "--json").stdout)
    done = json.loads(run(rescore, "--scorecard", "hotline-etiquette", "--json").stdout)
    again = json.loads(run(rescore, "--scorecard", "hotline-etiquette", "--json").stdout)

    assert shown["changed"] == done["changed"]
    assert [one["changes"]["greeting_company"] for one in done["changed"]] == [["human", "pass"]] * 2
    assert (shown["written"], done["written"], again["written"]) == (0, 2, 0)
    with installation.unit_of_work() as session:
        company = select(AutoAnswer.verdict).where(AutoAnswer.criterion == "greeting_company")
        assert session.scalars(company).all() == ["pass", "pass"]
        assert len(session.scalars(select(AutoScore)).all()) == 2
        assert session.scalars(select(Answer)).one().verdict == "fail"


def test_scorecard_check_and_publish(run, tmp_path, installation):
    """A line for each finding; a wrong document is not published."""
    file = tmp_path / "card.yaml"
    file.write_text(shipped_document().replace("weight: 6", "weight: 7", 1), encoding="utf-8")
    result = run(scorecard, "check", file)
    assert result.exit_code == 1
    assert "card.yaml:" in result.stdout
    assert "101" in result.stdout
    with pytest.raises(BadInput):
        run(scorecard, "publish", file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput):
        run(scorecard, "check", file)
    with installation.unit_of_work() as session:
        assert session.scalars(select(ScorecardVersion)).all() == []


def test_draw_and_verify(run, calls, installation):
    """The draw can be repeated by anybody; a changed one is told with exit code 1."""
    document = json.loads(run(sample, "draw", "weekly", "--per-agent", 1, "--json").stdout)
    assert (document["eligible"], document["excluded"], len(document["samples"])) == (
        2,
        {"not_transcribed": 1},
        1,
    )
    assert document["samples"][0]["evaluator"].startswith("inspector")
    again = json.loads(run(sample, "draw", "weekly", "--per-agent", 1, "--json").stdout)
    assert again == document
    assert json.loads(run(sample, "verify", document["id"], "--json").stdout)["verified"] is True
    with installation.unit_of_work() as session:
        draw = session.get(Draw, document["id"])
        draw.samples.clear()
    broken = run(sample, "verify", document["id"])
    assert broken.exit_code == 1
    assert "is not in it" in broken.stdout
    with pytest.raises(NotFound):
        run(sample, "verify", 404)


def test_a_period_is_read_in_the_hotlines_zone(run, calls):
    """The calls' day is found, another is empty, nonsense is refused."""
    assert json.loads(run(sample, "draw", "p", "--period", "2026-11-20", "--json").stdout)["eligible"] == 2
    for period in ("2026-10", "soon"):
        with pytest.raises(BadInput):
            run(sample, "draw", "p", "--period", period)
