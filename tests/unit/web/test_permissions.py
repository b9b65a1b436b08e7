"""Every endpoint is in the table, and every role reaches exactly what the table gives it."""

import pytest

from core.accounts import Role
from web.permissions import ENDPOINTS, Access, allowed

ALL = set(Role)
GRADERS = {Role.INSPECTOR, Role.QA_LEAD}
CALLS = {Role.AGENT, Role.INSPECTOR, Role.QA_LEAD, Role.SUPERVISOR}
FLOOR = {Role.INSPECTOR, Role.QA_LEAD, Role.SUPERVISOR}
LEADS = {Role.QA_LEAD, Role.SUPERVISOR}
EXPECTED = {
    "auth.logout": ALL,
    "tasks.home": ALL,
    "calls.index": CALLS,
    "calls.show": CALLS,
    "calls.export": {Role.QA_LEAD},
    "recordings.index": CALLS,
    "recordings.show": CALLS,
    "recordings.audio": CALLS,
    "recordings.peaks": CALLS,
    "recordings.download": {Role.QA_LEAD},
    "evaluations.show": CALLS,
    "evaluations.answer": GRADERS,
    "evaluations.comment": GRADERS,
    "evaluations.uncomment": GRADERS,
    "evaluations.submit": GRADERS,
    "evaluations.acknowledge": {Role.AGENT},
    "evaluations.dispute": {Role.AGENT},
    "evaluations.decide": LEADS,
    "samples.index": {Role.QA_LEAD},
    "samples.draw": {Role.QA_LEAD},
    "samples.show": {Role.QA_LEAD},
    "samples.verification": {Role.QA_LEAD},
    "reports.index": FLOOR,
    "reports.behind": FLOOR,
    "reports.as_csv": FLOOR,
    "reports.as_json": FLOOR,
    "reports.as_xlsx": FLOOR,
    "reports.to_print": FLOOR,
    "wall.show": FLOOR,
    "wall.board": FLOOR,
    "wall.stream": FLOOR,
    "duty.index": CALLS,
    "duty.show": CALLS,
    "duty.act": {Role.AGENT, Role.SUPERVISOR},
    "duty.listen": {Role.SUPERVISOR},
    "shifts.index": CALLS,
    "shifts.write": CALLS,
    "shifts.close": CALLS,
    "shifts.hand_over": CALLS,
    "shifts.take_over": CALLS,
    "shifts.bulletins": CALLS,
    "shifts.read": CALLS,
    "shifts.publish": {Role.SUPERVISOR},
    "missed.index": CALLS,
    "missed.export": LEADS,
    "missed.review": CALLS,
    "missed.take": CALLS,
    "missed.close": CALLS,
    "callers.index": FLOOR,
    "callers.add": {Role.SUPERVISOR},
    "callers.remove": {Role.SUPERVISOR},
    "staffing.show": FLOOR,
    "admin.users": {Role.ADMIN},
    "admin.add": {Role.ADMIN},
    "admin.disable": {Role.ADMIN},
    "admin.jobs": {Role.ADMIN},
    "admin.retry": {Role.ADMIN},
    "admin.audit": {Role.ADMIN},
}
HOOKS = {
    f"hooks.{name}"
    for name in (
        "voice", "fallback", "event", "wait", "connecting", "agent", "whispered", "status", "recording", "amd", "audio",
    )
}  # fmt: skip
PUBLIC = {"static", "health", "auth.login", "auth.preferences", *HOOKS}
ARGUMENTS = {
    "agent_id": 999,
    "listing_id": 999,
    "filename": "src/tokens.css",
    "event": "digits",
    "folder": "zh",
    "name": "welcome",
    "username": "nobody",
    "call_id": 999,
    "recording_id": 999,
    "evaluation_id": 999,
    "comment_id": 999,
    "draw_id": 999,
    "job_id": 999,
    "entry_id": 999,
    "handover_id": 999,
    "bulletin_id": 999,
    "task_id": 999,
}


def routes(app):
    """Return (endpoint, method, path) of every route."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        arguments = {name: ARGUMENTS[name] for name in rule.arguments}
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, adapter.build(rule.endpoint, arguments, method=method)


def test_the_table_names_every_route_and_nothing_else(app):
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}

    assert endpoints == set(ENDPOINTS)
    assert endpoints == set(EXPECTED) | PUBLIC
    assert {name for name, rule in ENDPOINTS.items() if rule is Access.PUBLIC} == PUBLIC


@pytest.mark.parametrize("role", Role)
def test_each_role_reaches_what_it_should_and_nothing_more(app, browser_of, role):
    client = browser_of(role)
    for endpoint, method, path in routes(app):
        if endpoint in {*PUBLIC, "auth.logout"}:
            continue
        status = client.open(path, method=method).status_code

        assert (status != 403) == (role in EXPECTED[endpoint]), f"{role} {method} {path}: {status}"


def test_nobody_reaches_anything_but_the_log_in_without_an_account(app, browser_of):
    client = browser_of(None)
    for endpoint, method, path in routes(app):
        if endpoint in PUBLIC:
            continue
        answer = client.open(path, method=method)

        if method == "GET":
            assert answer.location.startswith("/login?next="), path
        else:
            assert answer.status_code == 401, path


def test_an_endpoint_missing_from_the_table_is_refused(app, browser_of, staff):
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")

    assert browser_of("admin").get("/forgotten").status_code == 403
    assert not allowed(staff.admin, "forgotten")
