"""The duty page: come, pause with a reason, go on, leave; a supervisor's also for others, and listening in.

Whoever may not steer an agent is told that there is no such agent. What the telephony refuses is said on the
page in its own sentence.
"""

from __future__ import annotations

from typing import Final, get_args

from flask import Blueprint, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from core.accounts import Permission
from core.errors import AppError, NotFound
from core.i18n import gettext as _
from ivr.asterisk.duty import PAUSE_REASONS
from ivr.asterisk.listening import RING_S, listen_in
from ivr.duty import Act, Duty, change, duty_of, everybody
from ivr.live import AGENT_STATES
from ivr.models import Agent
from web.access import own_agent_id
from web.context import db, installation, now, request_value, user
from web.formats import by_language

blueprint = Blueprint("duty", __name__, url_prefix="/duty")

_PHONE: Final = "listening_phone"
"""Where a session keeps the telephone its owner listened with last."""


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Lead agents to their own page; show everybody else who is on duty."""
    own = own_agent_id(user())
    if own is not None:
        return redirect(f"/duty/{own}") if own > 0 else _nobody()
    return render_template(
        "duty/index.html", everybody=everybody(db(), now()), states=AGENT_STATES, now=now()
    )


@blueprint.get("/<int:agent_id>")
def show(agent_id: int) -> ResponseReturnValue:
    """Show what an agent does, and what can be done about it."""
    return _page(_duty(agent_id))


@blueprint.post("/<int:agent_id>")
def act(agent_id: int) -> ResponseReturnValue:
    """Log an agent in or out, pause, go on."""
    duty = _duty(agent_id)
    wanted = request_value("act")
    if not _may_steer(duty) or wanted not in get_args(Act):
        raise NotFound(_("There is no agent %(number)s, or you may not see them.", number=agent_id))
    by_supervisor = user().may(Permission.STEER_AGENTS)
    try:
        change(
            installation(),
            duty,
            wanted,  # type: ignore[arg-type]  # one of Act's words, looked up above
            user_id=user().id,
            reason=request_value("reason"),
            anyway=by_supervisor and request_value("anyway") == "yes",
        )
    except AppError as error:
        return _page(duty, problem=str(error)), error.http_status
    return redirect(f"/duty/{agent_id}?told={wanted}", 303)


@blueprint.post("/<int:agent_id>/listen")
def listen(agent_id: int) -> ResponseReturnValue:
    """Ring the supervisor's telephone and let it hear the agent's call, silently."""
    duty = _duty(agent_id)
    phone = request_value("phone").removeprefix("PJSIP/")
    session[_PHONE] = phone
    try:
        listen_in(installation(), user().id, duty.agent.code, phone=f"PJSIP/{phone}" if phone else "")
    except AppError as error:
        return _page(duty, problem=str(error)), error.http_status
    return redirect(f"/duty/{agent_id}?told=listening", 303)


def _duty(agent_id: int) -> Duty:
    own = own_agent_id(user())
    agent = db().get(Agent, agent_id)
    if agent is None or not agent.active or own not in {None, agent_id}:
        raise NotFound(_("There is no agent %(number)s, or you may not see them.", number=agent_id))
    return duty_of(db(), agent, now())


def _may_steer(duty: Duty) -> bool:
    return user().may(Permission.STEER_AGENTS) or own_agent_id(user()) == duty.agent.id


def _page(duty: Duty, *, problem: str = "") -> str:
    told = {
        "log_in": _("On duty: calls may come."),
        "pause": _("Paused: no calls come."),
        "resume": _("Calls may come again."),
        "log_out": _("Off duty: no calls come."),
        "listening": _("You are listening in. Hang up to stop."),
    }
    return render_template(
        "duty/show.html",
        duty=duty,
        states=AGENT_STATES,
        reasons=PAUSE_REASONS,
        may_steer=_may_steer(duty),
        is_own=own_agent_id(user()) == duty.agent.id,
        may_listen=user().may(Permission.LISTEN_LIVE),
        phone=session.get(_PHONE, ""),
        ring_s=RING_S,
        last_in=_(", ").join(by_language(part.queue.title_zh, part.queue.title_en) for part in duty.last_in),
        problem_text=problem,
        told="" if problem else told.get(request.args.get("told", ""), ""),
        now=now(),
    )


def _nobody() -> str:
    return render_template("duty/index.html", everybody=[], states=AGENT_STATES, now=now())
