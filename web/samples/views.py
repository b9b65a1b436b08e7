"""Random samples: the draws made, the form that makes one, and the proof of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from core.errors import BadInput
from core.i18n import N_
from core.i18n import gettext as _
from qa.periods import parse_period
from qa.sampling import MAX_PER_AGENT, draw_sample, verify_draw
from web.context import db, installation, now, request_value, user
from web.samples import queries
from web.tasks.queries import latest_draws

blueprint = Blueprint("samples", __name__, url_prefix="/samples")

PLANS: Final = ("daily", "weekly", "monthly")
EXCLUSIONS: Final = {
    "voicemail": N_("voicemail"),
    "no_agent": N_("no agent known"),
    "not_transcribed": N_("not transcribed"),
}
_LISTED: Final = 50


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show the draws and the form for a new one."""
    return _index_page()


@blueprint.post("")
def draw() -> ResponseReturnValue:
    """Draw a sample and show it; a problem shows the form again."""
    try:
        made = draw_sample(
            db(),
            plan=request_value("plan") or "weekly",
            period=parse_period(f"{request_value('start')}..{request_value('end')}", _zone()),
            per_agent=_whole_number(request_value("per_agent")),
            at=now(),
            seed=request_value("seed")[:64] or None,
            by=user(),
        )
    except BadInput as error:
        return _index_page(str(error)), 422
    return redirect(f"/samples/{made.id}", 303)


@blueprint.get("/<int:draw_id>")
def show(draw_id: int) -> ResponseReturnValue:
    """Show a draw: how it came about and which calls it took."""
    found = queries.draw_of(db(), draw_id)
    return render_template(
        "samples/show.html",
        draw=found,
        rows=queries.sample_rows(db(), found),
        drawn_by=queries.drawn_by(db(), found),
        exclusions={_(EXCLUSIONS.get(why, why)): count for why, count in found.excluded.items()},
    )


@blueprint.get("/<int:draw_id>/verification")
def verification(draw_id: int) -> ResponseReturnValue:
    """Draw again from what is stored and show whether the sample is the same."""
    found = queries.draw_of(db(), draw_id)
    return render_template("samples/verification.html", draw=found, differences=verify_draw(found))


def _index_page(problem: str = "") -> str:
    today = now().astimezone(_zone()).date()
    monday = today - timedelta(days=today.weekday())
    return render_template(
        "samples/index.html",
        draws=latest_draws(db(), limit=_LISTED),
        problem_text=problem,
        plans=PLANS,
        start=request_value("start") or (monday - timedelta(days=7)).isoformat(),
        end=request_value("end") or (monday - timedelta(days=1)).isoformat(),
        plan=request_value("plan") or "weekly",
        per_agent=request_value("per_agent") or "5",
        seed=request_value("seed"),
        most=MAX_PER_AGENT,
    )


def _zone() -> ZoneInfo:
    return ZoneInfo(installation().settings.web.time_zone)


def _whole_number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(MAX_PER_AGENT)):
        raise BadInput(_("%(text)s is not a number of calls", text=text[:20] or "?"))
    return int(text)
