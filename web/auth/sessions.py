"""Which account a browser is: a signed cookie with the account's id and its session epoch.

Raising `User.session_epoch` (disabling an account does) ends every session of that account.
"""

from __future__ import annotations

from flask import session
from sqlalchemy.orm import Session

from core.accounts import User
from web.context import installation


def begin_session(user: User) -> None:
    """Make this browser the account's; what the cookie held before is forgotten (no session fixation)."""
    session.clear()
    session.permanent = True
    session["user_id"] = user.id
    session["epoch"] = user.session_epoch


def end_session() -> None:
    """Forget who this browser was."""
    session.clear()


def session_account() -> User | None:
    """Return the active account this browser belongs to, detached from its session; else None."""
    user_id = session.get("user_id")
    if not isinstance(user_id, int):
        return None
    with installation().unit_of_work(read_only=True) as reading:
        return _valid(reading, user_id)


def _valid(reading: Session, user_id: int) -> User | None:
    user = reading.get(User, user_id)
    if user is None or not user.active or user.session_epoch != session.get("epoch"):
        session.clear()
        return None
    return user
