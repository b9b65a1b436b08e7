"""The page of the lists of callers: who is refused, who is answered before others."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from core.errors import BadInput
from ivr.callers import lists
from web.context import actor, db, installation, now, request_value

blueprint = Blueprint("callers", __name__, url_prefix="/callers")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show both lists."""
    return _page()


@blueprint.post("")
def add() -> ResponseReturnValue:
    """Put a number on a list; a problem shows the form again."""
    try:
        lists.list_caller(
            db(),
            request_value("number"),
            request_value("kind"),
            reason=request_value("reason"),
            until=lists.end_of_day(request_value("until"), ZoneInfo(installation().settings.web.time_zone)),
            at=now(),
            by=actor(),
        )
    except BadInput as error:
        return _page(str(error)), 422
    return redirect("/callers", 303)


@blueprint.post("/<int:listing_id>/removal")
def remove(listing_id: int) -> ResponseReturnValue:
    """Take a number off its list."""
    lists.unlist_caller(db(), lists.listing_of(db(), listing_id=listing_id), at=now(), by=actor())
    return redirect("/callers", 303)


def _page(problem: str = "") -> str:
    rows, count = lists.listed_callers(db())
    return render_template(
        "callers/index.html", rows=rows, count=count, kinds=lists.KINDS, now=now(), problem_text=problem
    )
