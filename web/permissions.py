"""Who may reach which endpoint: one table, and nothing is reachable that is not in it.

Rights on single objects (an agent's own calls only) are `web.access`'s business.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from core.accounts import Permission, User


class Access(Enum):
    """Rules that need no permission."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"


Rule = Access | frozenset[Permission]
"""An access level, or a set of permissions of which the account needs at least one."""


def _any(*permissions: Permission) -> Rule:
    return frozenset(permissions)


_SEE_CALLS = _any(Permission.SEE_ALL_CALLS, Permission.SEE_OWN_CALLS)
_SEE_FLOOR = _any(Permission.SEE_ALL_CALLS)
_SEE_EVALUATIONS = _any(Permission.GRADE, Permission.ANSWER_EVALUATION, Permission.DECIDE_DISPUTES)

ENDPOINTS: Final[dict[str, Rule]] = {
    "static": Access.PUBLIC,
    "health": Access.PUBLIC,
    # Twilio's webhooks: the signature is their check, see web.hooks.twilio
    **{
        f"hooks.{name}": Access.PUBLIC
        for name in (
            "voice",
            "fallback",
            "event",
            "wait",
            "connecting",
            "agent",
            "whispered",
            "status",
            "recording",
            "amd",
            "audio",
        )
    },
    "auth.login": Access.PUBLIC,
    "auth.preferences": Access.PUBLIC,
    "auth.logout": Access.SIGNED_IN,
    "tasks.home": Access.SIGNED_IN,
    "calls.index": _SEE_CALLS,
    "calls.show": _SEE_CALLS,
    "calls.export": _any(Permission.DOWNLOAD),
    "recordings.index": _SEE_CALLS,
    "recordings.show": _SEE_CALLS,
    "recordings.audio": _any(Permission.LISTEN),
    "recordings.peaks": _any(Permission.LISTEN),
    "recordings.download": _any(Permission.DOWNLOAD),
    "evaluations.show": _SEE_EVALUATIONS,
    "evaluations.answer": _any(Permission.GRADE),
    "evaluations.comment": _any(Permission.GRADE),
    "evaluations.uncomment": _any(Permission.GRADE),
    "evaluations.submit": _any(Permission.GRADE),
    "evaluations.acknowledge": _any(Permission.ANSWER_EVALUATION),
    "evaluations.dispute": _any(Permission.ANSWER_EVALUATION),
    "evaluations.decide": _any(Permission.DECIDE_DISPUTES),
    "samples.index": _any(Permission.DRAW_SAMPLES),
    "samples.draw": _any(Permission.DRAW_SAMPLES),
    "samples.show": _any(Permission.DRAW_SAMPLES),
    "samples.verification": _any(Permission.DRAW_SAMPLES),
    "reports.index": _SEE_FLOOR,
    "reports.behind": _SEE_FLOOR,
    "reports.as_csv": _SEE_FLOOR,
    "reports.as_json": _SEE_FLOOR,
    "reports.as_xlsx": _SEE_FLOOR,
    "reports.to_print": _SEE_FLOOR,
    "wall.show": _SEE_FLOOR,
    "wall.board": _SEE_FLOOR,
    "wall.stream": _SEE_FLOOR,
    "duty.index": _SEE_CALLS,
    "duty.show": _SEE_CALLS,
    "duty.act": _any(Permission.STEER_AGENTS, Permission.SEE_OWN_CALLS),
    "duty.listen": _any(Permission.LISTEN_LIVE),
    "shifts.index": _SEE_CALLS,
    "shifts.write": _SEE_CALLS,
    "shifts.close": _SEE_CALLS,
    "shifts.hand_over": _SEE_CALLS,
    "shifts.take_over": _SEE_CALLS,
    "shifts.bulletins": _SEE_CALLS,
    "shifts.read": _SEE_CALLS,
    "shifts.publish": _any(Permission.PUBLISH),
    "missed.index": _SEE_CALLS,
    "missed.export": _any(Permission.DOWNLOAD, Permission.SEE_NUMBERS),
    "missed.review": _SEE_CALLS,
    "missed.take": _SEE_CALLS,
    "missed.close": _SEE_CALLS,
    "callers.index": _SEE_FLOOR,
    "callers.add": _any(Permission.LIST_CALLERS),
    "callers.remove": _any(Permission.LIST_CALLERS),
    "staffing.show": _SEE_FLOOR,
    "admin.users": _any(Permission.MANAGE_USERS),
    "admin.add": _any(Permission.MANAGE_USERS),
    "admin.disable": _any(Permission.MANAGE_USERS),
    "admin.jobs": _any(Permission.RETRY_JOBS),
    "admin.retry": _any(Permission.RETRY_JOBS),
    "admin.audit": _any(Permission.SEE_AUDIT),
}


def allowed(user: User | None, endpoint: str) -> bool:
    """Whether an account (None: nobody is logged in) may reach an endpoint; an unlisted one is refused."""
    rule = ENDPOINTS.get(endpoint)
    if rule is Access.PUBLIC:
        return True
    if rule is None or user is None or not user.active:
        return False
    return rule is Access.SIGNED_IN or any(user.may(permission) for permission in _permissions(rule))


def _permissions(rule: Rule) -> frozenset[Permission]:
    return frozenset() if isinstance(rule, Access) else rule
