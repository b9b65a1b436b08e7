"""The missed-call list's page, its export, and what one does there: look through it, take a call, end it."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from core.audit import record_audit
from core.i18n import gettext as _
from ivr.callbacks.keeping import promises_of
from ivr.missed.accounting import ACCOUNTS, account_for_missed
from ivr.missed.due import apology_due_at
from ivr.missed.listing import TaskFilter, all_tasks, count_tasks, list_tasks
from ivr.missed.tasks import DISPOSITIONS, KINDS, close_task, last_review, review_tasks, take_task
from web.access import own_agent_id
from web.calls.queries import queues
from web.context import actor, db, installation, now, request_value, user
from web.csv_export import csv_chunks
from web.formats import by_language, local_time
from web.links import safe_return
from web.missed.filters import read_choice
from web.missed.promises import number_to_call, state_of

blueprint = Blueprint("missed", __name__, url_prefix="/missed")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List the open tasks by due time, or the closed ones; agents see their own and the free ones."""
    chosen = read_choice(request.args)
    wanted = chosen.tasks(user())
    settings = installation().settings
    zone = ZoneInfo(settings.web.time_zone)
    page = list_tasks(db(), wanted, now(), request.args.get("after", ""))
    return render_template(
        "missed/index.html",
        page=page,
        promises=promises_of(db(), [task.call for task in page.tasks if task.kind == "callback"]),
        number_to_call=number_to_call,
        state_of=state_of,
        counts=count_tasks(db(), wanted, now()),
        chosen=chosen,
        later="after" in request.args,
        queues=queues(db()),
        kinds=KINDS,
        dispositions=DISPOSITIONS,
        now=now(),
        own_agent=own_agent_id(user()),
        reviewed=last_review(db(), user().id if _is_agent() else None),
        accounts=None if _is_agent() else account_for_missed(db(), now()),
        account_names=ACCOUNTS,
        apology=lambda task: apology_due_at(task.missed_at, zone, settings.shift),
    )


@blueprint.get("/export.csv")
def export() -> ResponseReturnValue:
    """Give the filtered list as CSV; the export is an audit entry."""
    chosen = read_choice(request.args)
    with installation().unit_of_work() as writing:
        record_audit(
            writing,
            at=now(),
            user_id=user().id,
            action="missed_calls_exported",
            subject="missed_calls",
            filter=chosen.query(),
        )
    chunks = csv_chunks(_header(), _cells(chosen.tasks(user())))
    response = Response(stream_with_context(chunks), mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="missed-calls.csv"'
    return response


@blueprint.post("/review")
def review() -> ResponseReturnValue:
    """Record that the list was looked through."""
    review_tasks(db(), actor(), at=now(), sees_all=not _is_agent())
    return redirect("/missed", 303)


@blueprint.post("/<int:task_id>/take")
def take(task_id: int) -> ResponseReturnValue:
    """Make a task one's own."""
    take_task(db(), task_id, actor(), at=now(), only_own=_is_agent())
    return _back()


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
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(safe_return(request_value("next"), "/missed"), 303)


def _is_agent() -> bool:
    return own_agent_id(user()) is not None


def _header() -> list[str]:
    return [
        _("Call"),
        _("Missed"),
        _("What happened"),
        _("Caller"),
        _("Queue"),
        _("Due"),
        _("overdue"),
        _("Owner"),
        _("Disposition"),
        _("Reason"),
        _("Closed at"),
        _("Closed by"),
    ]


def _cells(wanted: TaskFilter) -> Iterator[list[object]]:
    with installation().unit_of_work(read_only=True) as reading:
        for task in all_tasks(reading, wanted, now()):
            queue = task.call.queue
            promise = promises_of(reading, [task.call]).get(task.call_id) if task.kind == "callback" else None
            yield [
                task.call_id,
                local_time(task.missed_at),
                _(KINDS[task.kind]),
                number_to_call(task, promise),
                by_language(queue.title_zh, queue.title_en) if queue else "",
                local_time(task.due_at),
                1 if not task.disposition and task.due_at < now() else 0,
                task.owner.display_name if task.owner else "",
                _(DISPOSITIONS[task.disposition]) if task.disposition else "",
                task.reason,
                local_time(task.closed_at) if task.closed_at else "",
                task.closed_by.display_name if task.closed_by else "",
            ]
