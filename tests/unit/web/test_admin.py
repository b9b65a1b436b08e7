"""The machine room: accounts, failed jobs, the audit trail."""

import pytest
from sqlalchemy import select

from core.accounts import User
from core.audit import AuditEntry, record_audit
from core.jobs import Job

NEW = {
    "username": "wangmin",
    "display_name": "王敏",
    "role": "agent",
    "agent_code": "1001",
    "password": "a long password",
}


def test_an_account_is_added_audited_and_can_log_in(browser_of, installation, app, staff):
    assert browser_of("admin").post("/admin/users", data=NEW).status_code == 303
    with installation.unit_of_work(read_only=True) as session:
        made = session.scalar(select(User).where(User.username == "wangmin"))
        assert made.agent_id == staff.agent_row.id
        entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "user_added"))
        assert (entry.subject, entry.user_id) == ("user:wangmin", staff.admin.id)
    login = {"username": "wangmin", "password": NEW["password"]}
    assert app.test_client().post("/login", data=login).status_code == 303


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"password": "short"}, "at least 10"),
        ({"username": "agent"}, "exists already"),
        ({"agent_code": "9999"}, "no agent with the work number 9999"),
        ({"role": "king"}, "there is no role king"),
    ],
)
def test_an_account_that_cannot_be_added_is_explained_and_the_form_kept(browser_of, change, sentence):
    answer = browser_of("admin").post("/admin/users", data=NEW | change)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="王敏"' in answer.text
    assert NEW["password"] not in answer.text


def test_disabling_an_account_is_audited_and_never_takes_the_last_administrator(browser_of, installation):
    admin = browser_of("admin")

    assert admin.post("/admin/users/inspector/disabling").status_code == 303
    assert admin.post("/admin/users/admin/disabling").status_code == 409
    with installation.unit_of_work(read_only=True) as session:
        entries = session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "user_disabled"))
        assert list(entries) == ["user:inspector"]


def test_a_failed_job_is_shown_with_its_reason_and_tried_again(browser_of, installation):
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        job = Job(
            name="transcribe_recording",
            key="7",
            arguments={},
            state="dead",
            available_at=now,
            created_at=now,
            finished_at=now,
            problem="the model is gone",
        )
        session.add(job)
    admin = browser_of("admin")
    assert "the model is gone" in admin.get("/admin/jobs").text
    assert "1 jobs failed" in admin.get("/").text

    assert admin.post(f"/admin/jobs/{job.id}/retry").status_code == 303
    assert admin.post(f"/admin/jobs/{job.id}/retry").status_code == 409
    assert "the model is gone" not in admin.get("/admin/jobs").text


def test_the_audit_trail_is_read_page_by_page(browser_of, installation, staff):
    with installation.unit_of_work() as session:
        for number in range(150):
            record_audit(
                session,
                at=installation.clock.now(),
                user_id=staff.inspector.id,
                action="recording_played",
                subject=f"recording:{number}",
            )
    admin = browser_of("admin")
    first = admin.get("/admin/audit").text
    assert first.count("recording_played</code>") == 100
    assert "recording:149" in first

    link = first.split("/admin/audit?before")[1].split('"')[0].replace("&amp;", "&")
    second = admin.get("/admin/audit?before" + link).text
    assert second.count("recording_played</code>") == 50
    assert "recording:0<" in second
