"""The start-of-shift page with the shift log, and the bulletins with who has read them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.missed.listing import count_tasks, own_filter
from ivr.missed.tasks import last_review
from ivr.shifts import bulletins as notices
from ivr.shifts import log
from ivr.shifts.hours import local_moment
from web.access import own_agent_id
from web.context import actor, db, installation, now, request_value, user

blueprint = Blueprint("shifts", __name__, url_prefix="/shift")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show what was handed over, what is open, what is new, and the log of the running shift."""
    return _page()


@blueprint.post("/entries")
def write() -> ResponseReturnValue:
    """Add an entry to the log; a problem shows the form again."""
    corrects = request_value("corrects")
    try:
        log.write_entry(
            db(),
            actor(),
            kind=request_value("kind"),
            text=request_value("text"),
            at=now(),
            corrects_id=int(corrects) if corrects.isascii() and corrects.isdecimal() else None,
        )
    except BadInput as error:
        return _page(str(error)), 422
    return redirect("/shift", 303)


@blueprint.post("/entries/<int:entry_id>/close")
def close(entry_id: int) -> ResponseReturnValue:
    """Close an open item with its reason."""
    log.close_item(db(), entry_id, actor(), reason=request_value("reason"), at=now())
    return redirect("/shift", 303)


@blueprint.post("/handovers")
def hand_over() -> ResponseReturnValue:
    """Sign the running shift over to the next."""
    log.hand_over(db(), actor(), at=now())
    return redirect("/shift", 303)


@blueprint.post("/handovers/<int:handover_id>/confirm")
def take_over(handover_id: int) -> ResponseReturnValue:
    """Confirm that one has taken over."""
    log.take_over(db(), handover_id, actor(), at=now())
    return redirect("/shift", 303)


@blueprint.get("/bulletins")
def bulletins() -> ResponseReturnValue:
    """Show the bulletins; who may publish sees who has read them."""
    return _bulletins_page()


@blueprint.post("/bulletins")
def publish() -> ResponseReturnValue:
    """Publish a bulletin; a problem shows the form again."""
    try:
        notices.publish_bulletin(
            db(),
            actor(),
            title=request_value("title"),
            text=request_value("text"),
            expires_at=_end_of(request_value("expires")),
            at=now(),
        )
    except BadInput as error:
        return _bulletins_page(str(error)), 422
    return redirect("/shift/bulletins", 303)


@blueprint.post("/bulletins/<int:bulletin_id>/read")
def read(bulletin_id: int) -> ResponseReturnValue:
    """Confirm having read a bulletin."""
    notices.confirm_reading(db(), bulletin_id, actor(), at=now())
    return redirect("/shift", 303)


def _page(problem: str = "") -> str:
    session, who = db(), user()
    sees_all = own_agent_id(who) is None
    return render_template(
        "shifts/index.html",
        problem_text=problem,
        kinds=log.KINDS,
        longest=log.LONGEST_ENTRY,
        waiting=log.unconfirmed_handover(session),
        running=log.running_entries(session),
        items=log.open_items(session),
        handovers=log.handovers(session),
        unread=notices.unread_bulletins(session, who, now()),
        missed=count_tasks(session, own_filter(who, sees_all=sees_all), now()),
        reviewed=last_review(session, None if sees_all else who.id),
        kind=request_value("kind"),
        text=request_value("text"),
    )


def _bulletins_page(problem: str = "") -> str:
    listed = notices.bulletins(db())
    return render_template(
        "shifts/bulletins.html",
        problem_text=problem,
        bulletins=listed,
        unread_by=notices.who_has_not_read(db(), listed),
        now=now(),
        longest_title=notices.LONGEST_TITLE,
        longest_text=notices.LONGEST_TEXT,
        form={name: request_value(name) for name in ("title", "text", "expires")},
    )


def _end_of(day: str) -> datetime | None:
    if not day:
        return None
    try:
        after = date.fromisoformat(day) + timedelta(days=1)
        return local_moment(after, time(), ZoneInfo(installation().settings.web.time_zone))
    except (ValueError, OverflowError):
        raise BadInput(_("%(day)s is not a date.", day=day[:20])) from None
