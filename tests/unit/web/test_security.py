"""What keeps strangers and forged pages out."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.accounts import User, disable_user
from core.audit import AuditEntry
from tests.factories import PASSWORD, add_scored_call
from tests.unit.web.test_permissions import routes
from web.app import create_app
from web.auth.throttle import FAILURES_OF_NAME, WINDOW
from web.links import safe_return


def test_every_answer_carries_the_security_headers(app, browser_of):
    client = browser_of("qa_lead")
    for _endpoint, method, path in routes(app):
        headers = client.open(path, method=method).headers
        policy = headers["Content-Security-Policy"]

        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "same-origin", path
        assert "microphone=()" in headers["Permissions-Policy"], path


def test_pages_have_no_inline_script_style_or_handler(app, browser_of, installation, staff):
    recording = add_scored_call(installation, staff)
    for path in (f"/recordings/{recording.id}", "/calls", "/", "/samples", "/login"):
        answer = browser_of("qa_lead").get(path)
        nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])[1]

        assert not re.search(r"\sstyle=", answer.text), path
        assert "<style" not in answer.text, path
        assert not re.search(r"\son[a-z]+=", answer.text), path
        for script in re.findall(r"<script[^>]*>", answer.text):
            assert f'nonce="{nonce}"' in script, script


def test_the_nonce_is_new_with_every_answer(browser_of):
    client = browser_of(None)

    assert (
        client.get("/login").headers["Content-Security-Policy"]
        != client.get("/login").headers["Content-Security-Policy"]
    )


def test_a_form_without_its_token_is_refused_and_changes_nothing(installation, staff, browser_of, app):
    app.config["WTF_CSRF_ENABLED"] = True
    lead = browser_of("qa_lead")
    recording = add_scored_call(installation, staff)
    form = {"criterion": "greeting_first", "verdict": "pass"}
    path = f"/recordings/{recording.id}/evaluation/answers"

    assert lead.post(path, data=form).status_code == 400
    token = re.search(r'name="csrf-token" content="([^"]+)"', lead.get("/").text)[1]
    answer = lead.post(path, data=form, headers={"X-CSRFToken": token, "HX-Request": "true"})
    assert answer.status_code == 200


def test_the_log_in_form_is_protected_too(installation, staff):
    client = create_app(installation).test_client()

    assert client.post("/login", data={"username": "agent", "password": PASSWORD}).status_code == 400


def test_logging_in_starts_a_fresh_session_with_a_guarded_cookie(app, staff):
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    answer = client.post("/login", data={"username": " Agent ", "password": PASSWORD})

    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    with client.session_transaction() as kept:
        assert "planted" not in kept
    assert client.get("/").status_code == 200


def test_cookies_travel_over_https_only_when_the_settings_say_so(installation, settings):
    safe = settings.model_copy(update={"web": settings.web.model_copy(update={"secure_cookies": True})})
    app = create_app(type(installation)(safe, installation.engine, installation.blobs, installation.clock))

    assert app.config["SESSION_COOKIE_SECURE"]


def test_a_disabled_account_is_out_at_once(installation, staff, browser_of):
    client = browser_of("inspector")
    assert client.get("/").status_code == 200
    with installation.unit_of_work() as session:
        disable_user(session, "inspector")

    assert client.get("/").location.startswith("/login")


def test_a_raised_session_epoch_ends_sessions(installation, staff, browser_of):
    client = browser_of("inspector")
    with installation.unit_of_work() as session:
        session.get_one(User, staff.inspector.id).session_epoch += 1

    assert client.get("/").location.startswith("/login")


def test_guessing_passwords_is_slowed_down_and_recovers(app, staff, clock):
    client = app.test_client()
    wrong = {"username": "agent", "password": "not the password"}
    for _ in range(FAILURES_OF_NAME):
        assert client.post("/login", data=wrong).status_code == 401

    right = {"username": "agent", "password": PASSWORD}
    assert client.post("/login", data=right).status_code == 429
    other = {"username": "inspector", "password": PASSWORD}
    assert app.test_client().post("/login", data=other).status_code == 303
    clock.at += WINDOW + timedelta(seconds=1)
    assert client.post("/login", data=right).status_code == 303


def test_log_ins_and_failures_are_audited(app, staff, installation):
    client = app.test_client()
    client.post("/login", data={"username": "agent", "password": "wrong"})
    client.post("/login", data={"username": "agent", "password": PASSWORD})
    client.post("/logout")

    with installation.unit_of_work(read_only=True) as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all()
    assert actions[-3:] == ["login_failed", "logged_in", "logged_out"]


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil",
        "/\t/evil.example",
        "",
        None,
    ],
)
def test_nobody_is_sent_to_another_site(target):
    assert safe_return(target) == "/"


@given(st.text())
def test_a_return_address_is_always_a_path_of_ours(target):
    answer = safe_return(target)

    assert answer.startswith("/")
    assert not answer.startswith(("//", "/\\"))


def test_logging_in_goes_where_somebody_wanted_to_go(app, staff):
    form = {"username": "inspector", "password": PASSWORD, "next": "/calls?period=all"}

    assert app.test_client().post("/login", data=form).location == "/calls?period=all"
    form["next"] = "https://evil.example/"
    assert app.test_client().post("/login", data=form).location == "/"


def test_a_defect_of_ours_tells_nothing_of_the_inside(app, browser_of, monkeypatch):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(
        "web.tasks.queries.grading_tasks", lambda *_: (_ for _ in ()).throw(RuntimeError("secret detail"))
    )
    answer = browser_of("inspector").get("/")

    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text


def test_an_error_for_people_has_its_sentence_and_code(browser_of):
    answer = browser_of("inspector").get("/recordings/999")

    assert answer.status_code == 404
    assert "There is no recording 999" in answer.text
    assert "not_found" in answer.text
