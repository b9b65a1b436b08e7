"""Scoring stored transcripts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.errors import BadInput, MissingPart, NotFound
from core.events import OutboxEvent
from ivr.ledger.entries import insert_events
from ivr.ledger.steps import FlowStep, step_event
from qa.jobs import rescore_transcript, score_transcript, write_score
from qa.models import AutoAnswer, AutoScore, ScorecardVersion
from qa.publishing import current_version, find_version, publish, shipped_document
from qa.rescoring import newest_transcripts, rescored
from qa.scorecard import read_scorecard
from recording.events import RolesLearned
from recording.models import Role, Transcript
from sansheng.wiring import JOBS, SUBSCRIPTIONS
from tests.conftest import NOW
from tests.integration.qa.rows import EXEMPLARY, agent, transcribed
from tests.unit.qa.calls import agent as agent_says


@pytest.fixture
def transcript_id(installation):
    """A stored exemplary call."""
    with installation.unit_of_work() as session:
        return transcribed(session, agent(session)).id


def test_a_transcript_is_scored_once(installation, transcript_id):
    """The job may be delivered twice; score and event stay one. The shipped scorecard is there by itself."""
    score_transcript(installation, transcript_id=transcript_id)
    score_transcript(installation, transcript_id=transcript_id)

    with installation.unit_of_work() as session:
        (made,) = session.scalars(select(AutoScore)).all()
        assert (made.points, made.critical) == (100.0, False)
        assert made.coverage == pytest.approx(0.76, abs=0.1)
        assert made.scorecard_version.name == "hotline-etiquette"
        verdicts = {a.criterion: a.verdict for a in made.answers}
        assert (verdicts["greeting_company"], verdicts["rings"], verdicts["attitude"]) == (
            "pass",
            "pass",
            "human",
        )
        events = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "call_scored")).all()
        assert [e.fields for e in events] == [{"score_id": made.id}]


def test_evidence_leads_to_the_words(installation, transcript_id):
    """Time, role, quote, similarity and confidence are stored with the answer."""
    score_transcript(installation, transcript_id=transcript_id)

    with installation.unit_of_work() as session:
        company = session.scalar(select(AutoAnswer).where(AutoAnswer.criterion == "greeting_company"))
        (evidence,) = company.evidence
        assert evidence["quote"] == "云帆科技"
        assert evidence["role"] == "agent"
        assert 1 < evidence["start_s"] < evidence["end_s"] < 6
        assert (evidence["similarity"], evidence["confidence"]) == (100.0, 0.95)
        assert company.reason_values == {"quote": "云帆科技"}


def test_scores_follow_when_roles_become_known(installation, transcript_id):
    """What was N/A on an unknown track is judged, by every scorecard that had judged it; delivered twice, once."""
    with installation.unit_of_work() as session:
        heard = session.get_one(Transcript, transcript_id)
        roles = [track.role for track in heard.recording.tracks]
        for row in (*heard.recording.tracks, *heard.utterances):
            row.role = Role.UNKNOWN
    score_transcript(installation, transcript_id=transcript_id)
    with installation.unit_of_work() as session:
        heard = session.get_one(Transcript, transcript_id)
        for track in heard.recording.tracks:
            track.role = roles[track.channel]
        for utterance in heard.utterances:
            utterance.role = roles[utterance.channel]
        company = select(AutoAnswer.reason).where(AutoAnswer.criterion == "greeting_company")
        assert session.scalars(company).all() == ["roles_unknown"]

    for _ in range(2):
        rescore_transcript(installation, transcript_id=transcript_id)

    with installation.unit_of_work() as session:
        assert session.scalars(company).all() == ["phrase_heard"]
        assert session.scalars(select(AutoScore)).one().points == 100
    assert SUBSCRIPTIONS[RolesLearned] == ["rescore_transcript"]
    assert JOBS["rescore_transcript"] is rescore_transcript


def test_a_transcript_deleted_meanwhile_is_nothing_to_do(installation):
    """Retention may be faster than the job; a person who asks for it is told."""
    score_transcript(installation, transcript_id=404)
    rescore_transcript(installation, transcript_id=404)
    with installation.unit_of_work() as session, pytest.raises(NotFound):
        write_score(session, 404, current_version(session, at=NOW), at=NOW)


def test_versions_are_immutable_and_an_unchanged_document_is_none(session):
    """Publishing twice is one version; a changed help text is another."""
    first = publish(session, shipped_document(), NOW)
    assert publish(session, shipped_document(), NOW) is first
    changed = shipped_document().replace("首句", "第一句")
    second = publish(session, changed, NOW)
    assert (first.version, second.version) == (1, 2)
    assert session.get(ScorecardVersion, first.id).document == shipped_document()
    assert current_version(session, at=NOW) is second
    assert find_version(session, "hotline-etiquette@1") is first
    assert find_version(session, "hotline-etiquette") is second
    with pytest.raises(NotFound, match="hotline-etiquette@1"):
        find_version(session, "hotline-etiquette@9")
    with pytest.raises(BadInput):
        publish(session, changed.replace("weight: 6", "weight: 7"), NOW)


def test_a_second_scorecard_judges_new_calls_only_when_the_setting_names_it(installation, transcript_id):
    """Publishing it changes nothing by itself; a setting that names none is told."""
    other = shipped_document().replace("scorecard: hotline-etiquette", "scorecard: other")
    with installation.unit_of_work() as session:
        publish(session, shipped_document(), NOW)
        publish(session, other, NOW)
    score_transcript(installation, transcript_id=transcript_id)

    def named(name):
        qa = installation.settings.qa.model_copy(update={"scorecard": name})
        return replace(installation, settings=installation.settings.model_copy(update={"qa": qa}))

    score_transcript(named("other"), transcript_id=transcript_id)

    with installation.unit_of_work() as session:
        scores = session.scalars(select(AutoScore).order_by(AutoScore.id))
        assert [s.scorecard_version.name for s in scores] == ["hotline-etiquette", "other"]
    with pytest.raises(MissingPart, match=r"qa\.scorecard.*unheard-of"):
        score_transcript(named("unheard-of"), transcript_id=transcript_id)


def test_another_version_scores_beside_the_first(session):
    """Old scores stay as they are."""
    heard = transcribed(session, agent(session))
    old = write_score(session, heard.id, publish(session, shipped_document(), NOW), at=NOW)
    changed = shipped_document().replace("limit: 3", "limit: 1").replace("tolerance: 5", "tolerance: 1")
    new = write_score(session, heard.id, publish(session, changed, NOW), at=NOW)
    assert old.id != new.id
    assert old.points == 100
    assert new.points < 100


def test_a_dry_run_shows_the_difference_and_writes_nothing(session):
    """What a changed limit would do to stored calls."""
    who = agent(session)
    heard = transcribed(session, who)
    transcribed(session, who, (*EXEMPLARY[:1], agent_says(12, "这个 不行")))
    write_score(session, heard.id, publish(session, shipped_document(), NOW), at=NOW)
    stricter = shipped_document().replace("limit: 3", "limit: 1").replace("tolerance: 5", "tolerance: 1")
    session.flush()

    first, second = rescored(session, read_scorecard(stricter), newest_transcripts(session))
    assert first.changes == {"rings": ("pass", "fail")}
    assert first.points_after < first.points_before == 100
    assert second.points_before is None
    assert second.changes["banned_refusal"] == ("", "fail")
    assert len(session.scalars(select(AutoScore)).all()) == 1


def test_the_name_is_judged_where_only_the_call_log_knows_the_agent(installation, transcript_id):
    """A recording may have been taken in before the call was over."""
    with installation.unit_of_work() as session:
        session.get_one(Transcript, transcript_id).recording.agent = None
    score_transcript(installation, transcript_id=transcript_id)

    with installation.unit_of_work(read_only=True) as session:
        (made,) = session.scalars(select(AutoScore))
        verdicts = {a.criterion: a.verdict for a in made.answers}
    assert verdicts["greeting_name"] == "pass"


def test_a_goodbye_that_the_flow_says_after_the_agent_left_is_not_the_agents(installation):
    """On Asterisk the survey is on the agent's track; its step in the call's way says when the agent had gone."""
    told = (*EXEMPLARY[:4], agent_says(24, "感谢 您 的 评价 再见"))

    def closing():
        with installation.unit_of_work() as session:
            transcript = transcribed(session, agent(session, code=f"1{len(scores)}"), told)
            call = transcript.recording.call
            call.visits[0].left_queue_at = NOW
            if scores:
                step = FlowStep(
                    number=7, at=NOW + timedelta(seconds=23.5), kind="queue", fields={"outcome": "bridged"}
                )
                origin = f"simulator/{call.provider_call_id}"
                insert_events(session, [(call.provider_call_id, step_event(step, origin))])
            session.flush()
            wanted = transcript.id
        score_transcript(installation, transcript_id=wanted)
        with installation.unit_of_work() as session:
            made = session.scalar(select(AutoScore).where(AutoScore.transcript_id == wanted))
            return {a.criterion: a.verdict for a in made.answers}

    scores = []
    scores.append(closing())
    scores.append(closing())
    assert [score["closing_farewell"] for score in scores] == ["pass", "fail"]
