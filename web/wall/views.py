"""The wall's page, its board as a fragment, and the stream of boards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from flask import Blueprint, Response, current_app, g, render_template
from flask.globals import app_ctx
from flask.typing import ResponseReturnValue

from core.accounts import User
from core.errors import RetryLater
from core.i18n import current_locale, use_locale
from core.i18n import gettext as _
from ivr.live import AGENT_STATES
from ivr.metrics.alarms import Alarm
from web.context import installation, user
from web.formats import by_language, duration
from web.reports.choices import calls_behind
from web.wall.chart import today_chart
from web.wall.feed import Look, WallFeed, events

blueprint = Blueprint("wall", __name__, url_prefix="/wall")

SHOWN_WAITING: Final = 8
"""Callers the wall lists, the longest waiting first; a longer list cannot be read from afar."""


@blueprint.get("")
def show() -> ResponseReturnValue:
    """Show the wall; it keeps itself up to date."""
    return render_template("wall/show.html", board=draw_board(wall_feed().look()))


@blueprint.get("/board")
def board() -> ResponseReturnValue:
    """Give the board once, for browsers that poll."""
    return draw_board(wall_feed().look())


@blueprint.get("/stream")
def stream() -> ResponseReturnValue:
    """Give the board whenever it changes, as server-sent events.

    Raises:
        RetryLater: too many walls are open; the browser polls instead.
    """
    feed = wall_feed()
    if not feed.enter():
        raise RetryLater(_("Too many walls are open; this one asks every second instead."))
    response = Response(_boards(current_locale(), user()), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(feed.leave)
    return response


def wall_feed() -> WallFeed:
    """Return the application's one feed."""
    app = current_app
    if "wall_feed" not in app.extensions:
        threads = installation().settings.web.threads
        app.extensions["wall_feed"] = WallFeed(installation(), streams=max(1, threads // 2))
    return cast("WallFeed", app.extensions["wall_feed"])


def draw_board(look: Look) -> str:
    """Return the board of a look, for the account that looks at it."""
    waiting = look.now.waiting
    return render_template(
        "wall/_board.html",
        now=look.now,
        today=look.today,
        waiting=waiting[:SHOWN_WAITING],
        waiting_count=len(waiting),
        first=waiting[0].since if waiting else None,
        chart=today_chart(look.today),
        behind=calls_behind,
        alarm_text=alarm_text,
        states=AGENT_STATES,
        limits=installation().settings.wall,
    )


def alarm_text(alarm: Alarm) -> str:
    """Return an alarm in words."""
    queue = by_language(alarm.queue.title_zh, alarm.queue.title_en) if alarm.queue else ""
    agent = f"{alarm.agent.name} {alarm.agent.code}" if alarm.agent else _("an agent")
    limit = duration(installation().settings.wall.long_talk_s)
    texts = {
        "queue_length": _("%(queue)s: many are waiting", queue=queue),
        "longest_wait": _("%(queue)s: somebody waits too long", queue=queue),
        "long_talk": _("%(agent)s has been talking for more than %(time)s", agent=agent, time=limit),
        "not_answering": _("%(agent)s is available and does not answer", agent=agent),
    }
    return texts[alarm.kind]


def _boards(locale: str, who: User) -> Iterator[str]:
    app = app_ctx.app
    drawn: tuple[Look, str] | None = None

    def draw() -> str:
        nonlocal drawn
        with app.app_context(), use_locale(locale):
            g.user = who
            look = wall_feed().look()
            if drawn is None or drawn[0] is not look:
                drawn = look, draw_board(look)
        return drawn[1]

    return events(draw)
