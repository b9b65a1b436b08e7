"""People who log in: users, their roles, what each role may do, and passwords (argon2id)."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.db import Base, UTCDateTime
from core.errors import BadInput, Conflict, NotFound
from core.i18n import gettext as _

MIN_PASSWORD_LENGTH = 10
MAX_PASSWORD_LENGTH = 1000  # argon2 takes any length; a log-in form must not


class Role(StrEnum):
    """What somebody is at the hotline."""

    AGENT = "agent"
    INSPECTOR = "inspector"
    QA_LEAD = "qa_lead"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What somebody may do. Listening, listening in on a call that goes on, and downloading are separate rights."""

    SEE_OWN_CALLS = "see_own_calls"
    SEE_ALL_CALLS = "see_all_calls"
    LISTEN = "listen"
    LISTEN_LIVE = "listen_live"
    PUBLISH = "publish"
    STEER_AGENTS = "steer_agents"
    DOWNLOAD = "download"
    SEE_NUMBERS = "see_numbers"
    GRADE = "grade"
    DRAW_SAMPLES = "draw_samples"
    ANSWER_EVALUATION = "answer_evaluation"
    DECIDE_DISPUTES = "decide_disputes"
    LIST_CALLERS = "list_callers"
    MANAGE_USERS = "manage_users"
    SEE_AUDIT = "see_audit"
    RETRY_JOBS = "retry_jobs"


_P = Permission
ROLE_PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.AGENT: frozenset({_P.SEE_OWN_CALLS, _P.LISTEN, _P.ANSWER_EVALUATION}),
    Role.INSPECTOR: frozenset({_P.SEE_ALL_CALLS, _P.LISTEN, _P.GRADE}),
    Role.QA_LEAD: frozenset(
        {_P.SEE_ALL_CALLS, _P.LISTEN, _P.DOWNLOAD, _P.GRADE, _P.DRAW_SAMPLES, _P.DECIDE_DISPUTES}
    ),
    Role.SUPERVISOR: frozenset(
        {
            _P.SEE_ALL_CALLS,
            _P.LISTEN,
            _P.LISTEN_LIVE,
            _P.PUBLISH,
            _P.STEER_AGENTS,
            _P.SEE_NUMBERS,
            _P.LIST_CALLERS,
            _P.DECIDE_DISPUTES,
        }
    ),
    # An administrator runs the machine and does not listen (standards: no listening by default).
    Role.ADMIN: frozenset({_P.MANAGE_USERS, _P.SEE_AUDIT, _P.RETRY_JOBS}),
}


class User(Base):
    """An account. `agent_id` ties an agent's account to the agent's calls."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(200))
    locale: Mapped[str] = mapped_column(String(8), default="")
    """`zh_CN`, `en`, or empty for the installation's default."""
    agent_id: Mapped[int | None]
    """The agent this account belongs to (`ivr.models.Agent.id`; ivr is above this room, hence no foreign key)."""
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    session_epoch: Mapped[int] = mapped_column(default=0)
    """Raised to end all sessions of this account."""

    def may(self, permission: Permission) -> bool:
        """Whether the account's role grants a permission; a disabled account may nothing."""
        return self.active and permission in ROLE_PERMISSIONS[Role(self.role)]


_hasher = PasswordHasher()


def add_user(
    session: Session,
    *,
    username: str,
    display_name: str,
    role: Role,
    password: str,
    now: datetime,
    agent_id: int | None = None,
    locale: str = "",
) -> User:
    """Create an account; raises BadInput for a name or password that will not do, Conflict for a taken name."""
    if not re.fullmatch(r"\S{1,64}", username) or username != username.lower():
        raise BadInput(
            _(
                "user name “%(name)s”: use 1 to 64 lower-case letters and digits, without spaces",
                name=username,
            )
        )
    if not 1 <= len(display_name) <= 80:
        raise BadInput(_("the display name of “%(name)s” needs 1 to 80 characters", name=username))
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise BadInput(
            _(
                "the password needs at least %(least)s characters and at most %(most)s",
                least=MIN_PASSWORD_LENGTH,
                most=MAX_PASSWORD_LENGTH,
            )
        )
    taken = _("user “%(name)s” exists already", name=username)
    if session.scalar(select(User.id).where(User.username == username)):
        raise Conflict(taken)
    user = User(
        username=username,
        display_name=display_name,
        role=role,
        password_hash=_hasher.hash(password),
        agent_id=agent_id,
        locale=locale,
        active=True,
        created_at=now,
        session_epoch=0,
    )
    session.add(user)
    try:
        session.flush()
    except IntegrityError:  # PostgreSQL: somebody else's transaction was first
        raise Conflict(taken) from None
    return user


def authenticate(session: Session, username: str, password: str) -> User | None:
    """Return the active account these belong to, else None. Needs a unit of work that may write.

    An unknown name costs the same hashing time as a wrong password, so the answer time does not
    tell which names exist.
    """
    if len(password) > MAX_PASSWORD_LENGTH:
        return None
    user = session.scalar(select(User).where(User.username == username.strip().lower()))
    stored = user.password_hash if user else _nobodys_hash()
    try:
        _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return None
    if user is None or not user.active:
        return None
    if _hasher.check_needs_rehash(stored):
        user.password_hash = _hasher.hash(password)
    return user


@cache
def _nobodys_hash() -> str:
    """Return a hash to check an unknown user's password against (made when first needed: it takes time)."""
    return _hasher.hash("nobody has this password")


def disable_user(session: Session, username: str) -> User:
    """Close an account and end its sessions; raises NotFound, or Conflict for the last administrator."""
    user = session.scalar(select(User).where(User.username == username))
    if user is None:
        raise NotFound(_("there is no user “%(name)s”", name=username))
    # Locked, so that two administrators who disable each other at the same moment cannot both succeed.
    admins = select(User.id).where(User.role == Role.ADMIN, User.active.is_(True)).order_by(User.id)
    if user.role == Role.ADMIN and session.scalars(admins.with_for_update()).all() == [user.id]:
        raise Conflict(_("“%(name)s” is the last administrator; make another one first", name=username))
    user.active = False
    user.session_epoch += 1
    return user
