"""Accounts, failed jobs, the audit trail: small pages for who runs the machine."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core.accounts import Role, User, add_user, disable_user
from core.audit import record_audit
from core.errors import BadInput, Conflict
from core.i18n import N_
from core.i18n import gettext as _
from core.jobs import dead_jobs, retry_dead_job
from web.admin import queries
from web.context import db, now, request_value, user

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

ROLES: Final = {
    Role.AGENT: N_("Agent"),
    Role.INSPECTOR: N_("QA inspector"),
    Role.QA_LEAD: N_("QA lead"),
    Role.SUPERVISOR: N_("Supervisor"),
    Role.ADMIN: N_("Administrator"),
}


@blueprint.get("/users")
def users() -> ResponseReturnValue:
    """List the accounts."""
    return _users_page()


@blueprint.post("/users")
def add() -> ResponseReturnValue:
    """Make an account; a problem shows the form again."""
    try:
        made = add_user(
            db(),
            username=request_value("username"),
            display_name=request_value("display_name") or request_value("username"),
            role=_role(request_value("role")),
            password=request.form.get("password", ""),
            now=now(),
            agent_id=queries.agent_id_of(db(), request_value("agent_code")),
        )
    except (BadInput, Conflict) as error:
        return _users_page(str(error)), 422
    _audit("user_added", made, role=made.role)
    return redirect("/admin/users", 303)


@blueprint.post("/users/<username>/disabling")
def disable(username: str) -> ResponseReturnValue:
    """Close an account and end its sessions."""
    _audit("user_disabled", disable_user(db(), username))
    return redirect("/admin/users", 303)


@blueprint.get("/jobs")
def jobs() -> ResponseReturnValue:
    """List the jobs that failed for good."""
    return render_template("admin/jobs.html", jobs=dead_jobs(db()))


@blueprint.post("/jobs/<int:job_id>/retry")
def retry(job_id: int) -> ResponseReturnValue:
    """Give a failed job all its tries again."""
    job = retry_dead_job(db(), job_id, at=now())
    record_audit(
        db(), at=now(), user_id=user().id, action="job_retried", subject=f"job:{job.id}", name=job.name
    )
    return redirect("/admin/jobs", 303)


@blueprint.get("/audit")
def audit() -> ResponseReturnValue:
    """List the audit trail, the latest first."""
    before = request.args.get("before", type=int)
    page = queries.audit_page(db(), before=before, action=request.args.get("action", ""))
    return render_template("admin/audit.html", page=page, later=before is not None)


def _users_page(problem: str = "") -> str:
    return render_template(
        "admin/users.html", users=queries.accounts(db()), roles=ROLES, problem_text=problem
    )


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise BadInput(_("there is no role %(role)s", role=text)) from None


def _audit(action: str, about: User, **detail: str) -> None:
    subject = f"user:{about.username}"
    record_audit(db(), at=now(), user_id=user().id, action=action, subject=subject, **detail)
