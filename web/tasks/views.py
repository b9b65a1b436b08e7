"""The first page after logging in."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from core.accounts import Permission
from ivr.missed.listing import count_tasks, own_filter
from ivr.shifts.bulletins import unread_count
from ivr.shifts.log import unconfirmed_handover
from web.access import own_agent_id
from web.context import db, now, user
from web.permissions import allowed
from web.tasks import queries

blueprint = Blueprint("tasks", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show what waits for this person; which parts, their permissions say."""
    who, session = user(), db()
    on_shift = allowed(who, "shifts.index")
    missed = own_filter(who, sees_all=own_agent_id(who) is None)
    own = who.agent_id if who.may(Permission.ANSWER_EVALUATION) else None
    return render_template(
        "tasks/home.html",
        missed=count_tasks(session, missed, now()) if on_shift else None,
        handover=unconfirmed_handover(session) if on_shift else None,
        unread=unread_count(session, who, now()) if on_shift else 0,
        grading=queries.grading_tasks(session, who) if who.may(Permission.GRADE) else None,
        evaluations=queries.own_evaluations(session, own) if own is not None else None,
        score=queries.own_score(session, own, now()) if own is not None else None,
        disputes=queries.open_disputes(session) if who.may(Permission.DECIDE_DISPUTES) else None,
        draws=queries.latest_draws(session) if who.may(Permission.DRAW_SAMPLES) else None,
        dead_jobs=queries.dead_job_count(session) if who.may(Permission.RETRY_JOBS) else None,
    )
