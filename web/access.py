"""Rights on single objects: agents see their own calls, recordings and grades, and nobody else's.

What somebody may not see does not exist for them: the answer is NotFound, never Forbidden, so that
numbers cannot be tried out.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session, joinedload

from core.accounts import Permission, User
from core.errors import NotFound
from core.i18n import gettext as _
from ivr.models import Call
from qa.models import Evaluation
from recording.models import Recording

NOBODY: Final = -1
"""An agent id that no call has: what an agent's account without an agent may see."""


def own_agent_id(user: User) -> int | None:
    """Return the agent an account is limited to; None when it may see everybody's calls."""
    if user.may(Permission.SEE_ALL_CALLS):
        return None
    return NOBODY if user.agent_id is None else user.agent_id


def visible_call(session: Session, user: User, call_id: int) -> Call:
    """Return a call the account may see, with queue and agent; raises NotFound."""
    call = session.get(Call, call_id, options=[joinedload(Call.queue), joinedload(Call.agent)])
    own = own_agent_id(user)
    if call is None or (own is not None and call.agent_id != own):
        raise NotFound(_("There is no call %(number)s, or you may not see it.", number=call_id))
    return call


def visible_recording(session: Session, user: User, recording_id: int) -> Recording:
    """Return a recording the account may see, with its call, agent and tracks; raises NotFound."""
    options = [
        joinedload(Recording.call).joinedload(Call.queue),
        joinedload(Recording.call).joinedload(Call.agent),
        joinedload(Recording.agent),
        joinedload(Recording.tracks),
    ]
    recording = session.get(Recording, recording_id, options=options)
    own = own_agent_id(user)
    if recording is None or (own is not None and own != recording.answered_by_id):
        raise NotFound(_("There is no recording %(number)s, or you may not see it.", number=recording_id))
    return recording


def visible_evaluation(session: Session, user: User, evaluation_id: int) -> Evaluation:
    """Return an evaluation the account may see; raises NotFound.

    Agents see their own once it is submitted; inspectors see their own; who decides disputes sees
    every submitted one.
    """
    evaluation = session.get(Evaluation, evaluation_id)
    if evaluation is None or not _may_see(user, evaluation):
        raise NotFound(_("There is no evaluation %(number)s, or you may not see it.", number=evaluation_id))
    return evaluation


def _may_see(user: User, evaluation: Evaluation) -> bool:
    if evaluation.evaluator_id == user.id:
        return True
    if evaluation.state == "draft":
        return False
    if user.may(Permission.DECIDE_DISPUTES):
        return True
    return user.agent_id is not None and evaluation.agent_id == user.agent_id
