"""Listening in on a call that goes on (在线旁听): silently, by who may, and never without a trace.

The listener's own telephone rings; when it is picked up, Asterisk's ChanSpy lets it hear both parties and
gives neither of them a sign. It ends with the call. No key makes the listener heard: the options for that
are not given.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from core.accounts import Permission, User
from core.audit import record_audit
from core.errors import Conflict, Forbidden
from core.i18n import gettext as _
from core.installation import Installation
from ivr.asterisk.ami.errors import AmiRefused
from ivr.asterisk.ami.opening import asterisk_line
from ivr.asterisk.duty import OnDuty, agent_on_duty, telephone
from ivr.live import LiveAgent, read_live
from ivr.models import Agent

RING_S: Final = 20.0
"""So long the listener's telephone rings."""

_ANSWER_S: Final = 10.0
_SILENT: Final = "qES"
"""ChanSpy's options: no beep, end with the call, end when there is none. Not d, w or W, which let speak."""


def listen_in(installation: Installation, user_id: int, code: str, *, phone: str = "") -> str:
    """Let somebody hear the call an agent is on; return when their telephone was picked up.

    Args:
        installation: whose Asterisk.
        user_id: who wants to listen.
        code: the agent's.
        phone: the listener's telephone, like PJSIP/2001; empty: that of the agent the account belongs to.

    Returns:
        The unique id of the call.

    Raises:
        Forbidden: the account may not.
        Conflict: the agent is on no call, or the telephone is none of ours, or was not picked up.
        NotFound, MissingPart, AmiLost: no such agent; see `asterisk_line`.
    """
    listener = _listener(installation, user_id, phone)
    agent = agent_on_duty(installation, code)
    call = _call_of(installation, agent).call
    detail = {"agent": code, "phone": listener}
    _note(installation, user_id, "live_listening_begun", call, detail)  # before it begins: no way past it
    try:
        with asterisk_line(installation) as line:
            line.action_within(
                RING_S + _ANSWER_S,
                "Originate",
                Channel=listener,
                Application="ChanSpy",
                Data=f"{agent.interface}-,{_SILENT}",
                Timeout=int(RING_S * 1000),
                CallerID=f'"Sansheng" <{code}>',
            )
    except AmiRefused:
        _note(installation, user_id, "live_listening_failed", call, detail)
        raise Conflict(_("the telephone %(phone)s was not picked up", phone=listener)) from None
    return call


def _listener(installation: Installation, user_id: int, phone: str) -> str:
    with installation.unit_of_work(read_only=True) as session:
        user = session.get(User, user_id)
        if user is None or not user.may(Permission.LISTEN_LIVE):
            raise Forbidden(_("you may not listen in on calls"))
        own = (
            session.scalar(select(Agent.interface).where(Agent.id == user.agent_id)) if user.agent_id else ""
        )
    if not (phone or own):
        raise Conflict(_("say which telephone is to ring: your account belongs to no agent"))
    return telephone(phone or own or "")


def _call_of(installation: Installation, agent: OnDuty) -> LiveAgent:
    """Return what an agent does, when that is a call to be heard; old news are no news."""
    with installation.unit_of_work(read_only=True) as session:
        live = read_live(session)
    if live.is_stale(installation.clock.now()):
        raise Conflict(_("it is not known just now who is on a call; is sansheng ivr running?"))
    for doing in live.floor.agents:
        if doing.agent == agent.interface and doing.state in {"talking", "on_hold"}:
            return doing
    raise Conflict(_("agent %(code)s is on no call", code=agent.code))


def _note(installation: Installation, user_id: int, action: str, call: str, detail: dict[str, str]) -> None:
    with installation.unit_of_work() as session:
        record_audit(
            session,
            at=installation.clock.now(),
            user_id=user_id,
            action=action,
            subject=f"call:{call}",
            agent=detail["agent"],
            phone=detail["phone"],
        )
