"""The call list, its export, and the page of one call."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from core.audit import record_audit
from core.i18n import gettext as _
from web.access import own_agent_id, visible_call, visible_recording
from web.calls import queries
from web.calls.filters import OUTCOMES, CallFilter, caller_hash, read_filter, time_span
from web.context import db, installation, now, user
from web.csv_export import csv_chunks
from web.formats import by_language, caller_number, local_time
from web.recordings.page import call_page
from web.recordings.queries import main_recording

blueprint = Blueprint("calls", __name__, url_prefix="/calls")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List calls, filtered, one page at a time."""
    chosen = read_filter(request.args)
    if number := request.args.get("number", "").strip():
        return redirect("/calls?" + chosen.query(caller=caller_hash(number) or "none"))
    page = queries.list_calls(db(), _scope(chosen), request.args.get("after", ""))
    own = own_agent_id(user()) is not None
    return render_template(
        "calls/index.html",
        page=page,
        chosen=chosen,
        outcomes=OUTCOMES,
        queues=queries.queues(db()),
        agents=[] if own else queries.agents(db()),
        later="after" in request.args,
    )


@blueprint.get("/export.csv")
def export() -> ResponseReturnValue:
    """Give the filtered list as CSV; the export is an audit entry."""
    chosen = read_filter(request.args)
    with installation().unit_of_work() as writing:
        record_audit(
            writing,
            at=now(),
            user_id=user().id,
            action="calls_exported",
            subject="calls",
            filter=chosen.query(),
        )
    chunks = csv_chunks(_header(), _cells(_scope(chosen)))
    response = Response(stream_with_context(chunks), mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="calls.csv"'
    return response


@blueprint.get("/<int:call_id>")
def show(call_id: int) -> ResponseReturnValue:
    """Show one call: with its recording where it has one."""
    call = visible_call(db(), user(), call_id)
    main = main_recording(db(), call, own_agent_id(user()))
    recording = visible_recording(db(), user(), main.id) if main else None
    page = call_page(db(), user(), recording=recording, call=call)
    return render_template("recordings/show.html", page=page)


def _scope(chosen: CallFilter) -> queries.Scope:
    start, end = time_span(chosen, now(), ZoneInfo(installation().settings.web.time_zone))
    return queries.Scope(chosen, start, end, own_agent_id(user()))


def _header() -> list[str]:
    return [
        _("Number"),
        _("Started"),
        _("Queue"),
        _("Agent's number"),
        _("Agent"),
        _("Caller"),
        _("Outcome"),
        _("Waited (s)"),
        _("Rang (s)"),
        _("Talked (s)"),
        _("Machine's score"),
        _("Person's score"),
    ]


def _cells(scope: queries.Scope) -> Iterator[list[object]]:
    with installation().unit_of_work(read_only=True) as reading:
        for row in queries.export_rows(reading, scope):
            call = row.call
            yield [
                call.id,
                local_time(call.started_at),
                by_language(call.queue.title_zh, call.queue.title_en) if call.queue else "",
                call.agent.code if call.agent else "",
                call.agent.name if call.agent else "",
                caller_number(call),
                call.outcome,
                call.wait_s,
                call.ring_s,
                call.talk_s,
                row.score.points if row.score else None,
                row.evaluation.points if row.evaluation else None,
            ]
