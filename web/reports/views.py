"""The report page, its files, and the calls behind a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from core.audit import record_audit
from core.i18n import N_
from core.i18n import gettext as _
from ivr.asterisk.duty import PAUSE_REASONS
from ivr.metrics.definitions import DAY_PARTS, find_definition, list_definitions
from ivr.metrics.drilldown import visits_behind
from ivr.metrics.duty import NOBODY, agent_time
from ivr.metrics.figures import every_service_level
from ivr.metrics.report import Report
from ivr.metrics.tables import interval_table, report_document
from web.calls.queries import queues
from web.context import db, installation, now, user
from web.csv_export import csv_chunks
from web.reports.chart import interval_chart
from web.reports.choices import ReportChoice, calls_behind, read_choice, read_question
from web.reports.periodic import TITLES, counted_report, period_report
from web.security import csp_nonce

PAGE_SIZE: Final = 100
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEAT_LEVELS: Final = 5
INTERVAL_NAMES: Final = {
    "15m": N_("15 minutes"),
    "30m": N_("30 minutes"),
    "1h": N_("1 hour"),
    "1d": N_("1 day"),
}
COUNT_NAMES: Final = {
    "offered": N_("Offered"),
    "answered": N_("Answered"),
    "answered_in_time": N_("Answered in time"),
    "answered_late": N_("Answered late"),
    "abandoned": N_("Abandoned"),
    "abandoned_in_time": N_("Abandoned within the time"),
    "abandoned_late": N_("Abandoned after the time"),
    "short_abandoned": N_("Short abandons"),
    "left": N_("Led on or turned away"),
    "timeout": N_("Waited too long and led on"),
    "key": N_("Left by a key"),
    "empty": N_("Nobody on duty"),
    "full": N_("Queue full"),
    "waiting": N_("Still waiting"),
    "unknown": N_("End never written"),
    "timed": N_("Answered, wait known"),
    "talked": N_("Answered, talk known"),
    "wrapped_up": N_("With work after the call"),
    "wrap_up_unknown": N_("Work after the call not known"),
    "handled": N_("Answered, handling time known"),
    "handled_too_short": N_("Handled too briefly"),
    "handled_too_long": N_("Handled too long"),
    "rung": N_("Answered, ring known"),
    "rings_over_target": N_("More rings than the target"),
    "rings_over_limit": N_("More rings than the limit"),
    "rings_over_tolerance": N_("More rings than tolerated"),
    "transferred": N_("Transferred"),
    "repeat_callers": N_("Repeat callers"),
    "judged": N_("Answered, and long enough ago to call again"),
    "resolved": N_("Resolved in one call"),
}

blueprint = Blueprint("reports", __name__, url_prefix="/reports")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show a period: its figures, intervals, agents and hours of the week."""
    chosen = _chosen()
    report = _report(chosen)
    edges, intervals = report.by_interval(chosen.interval)
    total = report.total()
    time = agent_time(db(), report.question, report.loaded)
    duties = time.by_agent()
    return render_template(
        "reports/index.html",
        chosen=chosen,
        asked=report.question,
        total=total.of(0),
        levels=every_service_level(total.counts),
        by_queue=list(zip(report.queues, report.by_queue().rows(), strict=True)),
        rows=[(edges[n], edges[n + 1], row) for n, row in enumerate(intervals.rows()) if row["offered"]],
        chart=interval_chart(report.question, edges, intervals),
        agents=[(row, duties.get(row.agent.id, NOBODY)) for row in report.by_agent(db(), duties)],
        together=time.total(),
        day_parts=list(enumerate(zip(DAY_PARTS, report.by_day_part().rows(), strict=True))),
        pause_reasons=PAUSE_REASONS,
        heat=_heat(report.offered_by_hour_of_week()) if chosen.period != "day" else None,
        queues=queues(db()),
        definitions=list_definitions(db()),
        periods=TITLES,
        intervals={name: _(text) for name, text in INTERVAL_NAMES.items()},
        behind=calls_behind,
        made_at=now(),
        zip=zip,
    )


@blueprint.get("/calls")
def behind() -> ResponseReturnValue:
    """List exactly the calls that a number counts."""
    definition = find_definition(db(), request.args.get("definition", "standard"))
    asked = read_question(request.args, definition, _zone())
    name = request.args.get("name", "offered")
    page = max(1, request.args.get("page", 1, type=int))
    found = visits_behind(db(), asked, name, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    return render_template(
        "reports/calls.html",
        asked=asked,
        name=name,
        title=COUNT_NAMES[name],
        found=found,
        page=page,
        pages=-(-found.count // PAGE_SIZE),
        behind=calls_behind,
    )


@blueprint.get("/intervals.csv")
def as_csv() -> ResponseReturnValue:
    """Give the intervals as CSV."""
    chosen = _exported("csv")
    report = _report(chosen)
    table, label = interval_table(report, chosen.interval), report.question.definition.label
    chunks = csv_chunks([*table.columns, "definition"], ([*row, label] for row in table.rows()))
    response = Response(chunks, mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="intervals.csv"'
    return response


@blueprint.get("/report.json")
def as_json() -> ResponseReturnValue:
    """Give the report as one JSON document with its formulas."""
    chosen = _exported("json")
    return jsonify(report_document(db(), _report(chosen), chosen.interval))


@blueprint.get("/report.xlsx")
def as_xlsx() -> ResponseReturnValue:
    """Give the report as a workbook."""
    made = period_report(installation(), _exported("xlsx"))
    response = Response(made.xlsx(), mimetype=_XLSX)
    name = f"{made.chosen.period}-{made.chosen.days[0].isoformat()}.xlsx"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.get("/print")
def to_print() -> ResponseReturnValue:
    """Show the report as a page to print."""
    return period_report(installation(), _exported("print")).page(csp_nonce())


def _chosen() -> ReportChoice:
    return read_choice(request.args, now().astimezone(_zone()).date())


def _exported(form: str) -> ReportChoice:
    """Return the choice of a report that leaves the house; that it did is an audit entry."""
    chosen = _chosen()
    with installation().unit_of_work() as session:
        record_audit(
            session,
            at=now(),
            user_id=user().id,
            action="report_exported",
            subject=f"report:{chosen.period}:{chosen.days[0].isoformat()}",
            form=form,
        )
    return chosen


def _report(chosen: ReportChoice) -> Report:
    return counted_report(installation(), chosen)


def _zone() -> ZoneInfo:
    return ZoneInfo(installation().settings.web.time_zone)


def _heat(offered: Sequence[int]) -> list[list[tuple[int, int, int]]]:
    """Return for each weekday and hour: its number in the week, its calls, its shade of 0 to 5."""
    highest = max(offered) or 1
    shaded = [(n, calls, -(-calls * _HEAT_LEVELS // highest)) for n, calls in enumerate(offered)]
    return [shaded[day * 24 : day * 24 + 24] for day in range(7)]
