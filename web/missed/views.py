"""The missed-call list's page and the two things one does there: take a call, and end it with a reason."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ivr.missed.due import apology_due_at
from ivr.missed.tasks import DISPOSITIONS, KINDS, close_task, list_tasks, take_task
from web.access import own_agent_id
from web.context import actor, db, installation, now, request_value, user

blueprint = Blueprint("missed", __name__, url_prefix="/missed")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List the open tasks by due time, or the closed ones; agents see their own and the free ones."""
    is_open = request.args.get("state") != "closed"
    tasks, count = list_tasks(db(), is_open=is_open, only_for=user() if _is_agent() else None)
    zone = ZoneInfo(installation().settings.web.time_zone)
    return render_template(
        "missed/index.html",
        tasks=tasks,
        count=count,
        is_open=is_open,
        kinds=KINDS,
        dispositions=DISPOSITIONS,
        now=now(),
        apology=lambda task: apology_due_at(task.missed_at, zone),
    )


@blueprint.post("/<int:task_id>/take")
def take(task_id: int) -> ResponseReturnValue:
    """Make a task one's own."""
    take_task(db(), task_id, actor(), at=now(), only_own=_is_agent())
    return redirect("/missed", 303)


@blueprint.post("/<int:task_id>/close")
def close(task_id: int) -> ResponseReturnValue:
    """End a task with a disposition and its reason."""
    close_task(
        db(),
        task_id,
        actor(),
        disposition=request_value("disposition"),
        reason=request_value("reason"),
        at=now(),
        only_own=_is_agent(),
    )
    return redirect("/missed", 303)


def _is_agent() -> bool:
    return own_agent_id(user()) is not None
