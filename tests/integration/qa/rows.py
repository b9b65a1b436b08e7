"""Rows of calls as the rooms below leave them."""

from datetime import timedelta
from itertools import count

from core.accounts import Role as UserRole
from core.accounts import User
from ivr.models import Agent, Call, Queue, QueueVisit, RingAttempt
from recording.models import Recording, Role, Track, Transcript, Utterance
from tests.conftest import NOW
from tests.unit.qa.calls import agent as agent_says
from tests.unit.qa.calls import caller as caller_says

_numbers = count(1)
GREETING = "您好 这里 是 云帆 科技 客服 中心 工号 一 零 零 一 请问 有什么 可以 帮 您"
EXEMPLARY = (
    agent_says(1, GREETING),
    caller_says(10, "我 要 查询 订单"),
    agent_says(14, "您 的 订单 已经 发货 了 请问 还有 其他 需要 吗"),
    caller_says(21, "没有 了"),
    agent_says(23, "感谢 您 的 来电 再见"),
)


def user(session, role=UserRole.INSPECTOR, *, agent=None):
    """An account; password hashing would only cost time."""
    number = next(_numbers)
    row = User(
        username=f"{role}{number}",
        display_name=f"{role} {number}",
        role=role,
        password_hash="x",
        agent_id=agent.id if agent else None,
        created_at=NOW,
    )
    session.add(row)
    session.flush()
    return row


def agent(session, code="1001", name="王敏"):
    """An agent."""
    row = Agent(code=code, name=name, interface=f"PJSIP/{code}")
    session.add(row)
    session.flush()
    return row


def queue(session):
    """The queue all calls went through."""
    row = Queue(
        name=f"q{next(_numbers)}",
        title_zh="咨询",
        title_en="Consulting",
        company="云帆科技",
        departments=["客服中心"],
    )
    session.add(row)
    session.flush()
    return row


def recording(session, who=None, *, kind="conversation", state="transcribed", started_at=NOW, call=None):
    """A recording without words."""
    row = Recording(
        sha256=f"{next(_numbers):064d}",
        call=call,
        agent=who,
        kind=kind,
        sample_rate=8000,
        frames=240_000,
        duration_s=30.0,
        started_at=started_at,
        stored_at=started_at,
        answered_at_s=0.0,
        state=state,
    )
    session.add(row)
    session.flush()
    return row


def transcribed(session, who, utterances=EXEMPLARY, *, ring_s=7.0, ended_by="agent", in_queue=None):
    """A transcribed call with its call log."""
    line = in_queue or queue(session)
    call = Call(
        provider="simulator",
        provider_call_id=f"c{next(_numbers)}",
        outcome="answered",
        started_at=NOW - timedelta(minutes=5),
        queue=line,
        agent=who,
        ring_s=ring_s,
    )
    visit = QueueVisit(
        number=1, queue=line, entered_at=NOW, outcome="answered", agent_id=who.id, ended_by=ended_by
    )
    visit.rings.append(
        RingAttempt(number=1, agent_id=who.id, ended_at=NOW, ring_s=ring_s, outcome="answered")
    )
    call.visits.append(visit)
    session.add(call)
    row = recording(session, who, call=call)
    for channel, role in enumerate((Role.CALLER, Role.AGENT)):
        speech = [[u.start_s, u.end_s] for u in utterances if u.role == role]
        row.tracks.append(Track(channel=channel, role=role, speech=speech))
    heard = Transcript(
        recording=row,
        model_name="twin",
        model_hash="0" * 64,
        pipeline_version=1,
        created_at=NOW,
        confidence=0.9,
    )
    for number, u in enumerate(utterances):
        heard.utterances.append(
            Utterance(
                number=number,
                channel=int(u.role == Role.AGENT),
                role=u.role,
                start_s=u.start_s,
                end_s=u.end_s,
                text=" ".join(w.text for w in u.words),
                words=[[w.text, w.start_s, w.end_s, w.confidence] for w in u.words],
            )
        )
    session.add(heard)
    session.flush()
    return heard
