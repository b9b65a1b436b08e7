"""Makes a small hotline for tests: accounts of every role, a scored call with sound, a sample.

The words are fixed, the sound is a tone wherever somebody speaks: pages need a recording that can be
played, not one that can be understood.
"""

from __future__ import annotations

import io
import itertools
import wave
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from core.accounts import Role, User, add_user
from core.crypto import lookup_hash
from core.installation import Installation
from core.phone import normalise_number
from ivr.models import Agent, Call, Queue, QueueMember, QueueVisit, RingAttempt
from qa.jobs import write_score
from qa.models import Draw
from qa.publishing import current_version
from qa.sampling import draw_sample
from recording import models as recording_models
from recording.audio import AudioFile
from recording.ingest import RecordingFacts, add_recording
from recording.models import Recording, Track, Transcript, Utterance

PASSWORD = "a long password"
RATE = 8000
CALLER_NUMBER = "13800138000"

GOOD_CALL = [
    ("agent", "您好 这里 是 云帆 科技 客服 中心 工号 一 零 零 一 请问 有什么 可以 帮 您"),
    ("caller", "你好 我 想 咨询 一下 空调 的 价格"),
    ("agent", "好的 请问 您 贵姓"),
    ("caller", "我 姓 李"),
    ("agent", "李 先生 您好 请问 您 的 产品 型号 是 多少"),
    ("caller", "产品 型号 是 [unk] 三 六 八"),
    ("agent", "好的 请 稍等 我 帮 您 查询 一下"),
    ("agent", "让 您 久等 了 价格 是 三 千 二 百 元"),
    ("caller", "请问 运费 多少 钱"),
    ("agent", "运费 是 五 十 元"),
    ("caller", "好的 我 知道 了"),
    ("agent", "请问 还有 其他 需要 吗"),
    ("caller", "没有 了 谢谢"),
    ("agent", "谢谢 您 的 来电 祝 您 生活 愉快 再见"),
    ("caller", "再见"),
]
POOR_CALL = [
    ("agent", "喂 什么 事"),
    ("caller", "你好 我 的 空调 坏 了 你们 什么时候 来 修"),
    ("agent", "这 个 不 归 我 管"),
    ("caller", "那 归 谁 管 我 已经 打 了 三 次 电话 了"),
    ("agent", "我 不知道 你 打 维修 电话 吧"),
    ("caller", "维修 电话 没有 人 接"),
    ("agent", "那 没办法"),
    ("caller", "你们 这 是 什么 态度 我 要 投诉"),
    ("agent", "随便 你"),
]

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Staff:
    """Accounts of every role; `agent` is the account of `agent_row`."""

    agent: User
    inspector: User
    qa_lead: User
    supervisor: User
    admin: User
    agent_row: Agent
    other_agent: Agent
    queue: Queue

    def of(self, role: Role) -> User:
        """Return the account of a role."""
        return getattr(self, role.value)


def add_staff(installation: Installation) -> Staff:
    """Make a queue, two agents and an account of every role."""
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        queue = Queue(
            name="consulting",
            title_zh="咨询",
            title_en="Consulting",
            company="云帆科技",
            departments=["客服中心"],
        )
        agents = [
            Agent(code="1001", name="王敏", interface="PJSIP/1001"),
            Agent(code="1002", name="李娜", interface="PJSIP/1002"),
        ]
        session.add_all([queue, *agents])
        session.flush()
        queue.members = [QueueMember(agent_id=a.id) for a in agents]
        names = {
            Role.AGENT: "王敏",
            Role.INSPECTOR: "周晓",
            Role.QA_LEAD: "陈主管",
            Role.SUPERVISOR: "孙班长",
            Role.ADMIN: "系统管理员",
        }
        users = {
            role.value: add_user(
                session,
                username=role.value,
                display_name=name,
                role=role,
                password=PASSWORD,
                now=now,
                agent_id=agents[0].id if role == Role.AGENT else None,
            )
            for role, name in names.items()
        }
    return Staff(**users, agent_row=agents[0], other_agent=agents[1], queue=queue)


def add_call(
    installation: Installation,
    staff: Staff,
    *,
    agent: Agent | None = None,
    started_at: datetime | None = None,
    caller: str = CALLER_NUMBER,
    outcome: str = "answered",
) -> Call:
    """Add an answered (or otherwise ended) call with its queue visit."""
    at = started_at or installation.clock.now() - timedelta(hours=2)
    agent = agent or staff.agent_row
    answered = outcome == "answered"
    with installation.unit_of_work() as session:
        call = Call(
            provider="simulator",
            provider_call_id=f"call-{next(_numbers)}",
            caller=caller,
            caller_hash=lookup_hash(normalise_number(caller)),
            outcome=outcome,
            started_at=at,
            ended_at=at + timedelta(seconds=95),
            queue_id=staff.queue.id,
            agent_id=agent.id if answered else None,
            wait_s=14.0,
            ring_s=6.0 if answered else None,
            talk_s=75.0 if answered else None,
        )
        visit = QueueVisit(
            number=1,
            queue_id=staff.queue.id,
            entered_at=at + timedelta(seconds=6),
            left_queue_at=at + timedelta(seconds=20),
            ended_at=at + timedelta(seconds=95),
            outcome=outcome if outcome in {"answered", "abandoned"} else "timeout",
            wait_s=14.0,
            talk_s=75.0 if answered else None,
            agent_id=agent.id if answered else None,
            ended_by="caller" if answered else "",
        )
        if answered:
            visit.rings = [
                RingAttempt(
                    number=1,
                    agent_id=agent.id,
                    ended_at=at + timedelta(seconds=20),
                    ring_s=6.0,
                    outcome="answered",
                )
            ]
        call.visits = [visit]
        session.add(call)
    return call


def add_scored_call(
    installation: Installation,
    staff: Staff,
    *,
    lines: list[tuple[str, str]] | None = None,
    agent: Agent | None = None,
    started_at: datetime | None = None,
    caller: str = CALLER_NUMBER,
    confidence: float = 0.93,
) -> Recording:
    """Add a call with recording, transcript and machine score."""
    call = add_call(installation, staff, agent=agent, started_at=started_at, caller=caller)
    timed = _timed(lines or GOOD_CALL)
    recording = _record(installation, call, timed)
    with installation.unit_of_work() as session:
        row = session.get_one(Recording, recording.id)
        transcript = _transcribe(session, row, timed, confidence, at=installation.clock.now())
        version = current_version(session, at=installation.clock.now())
        write_score(session, transcript.id, version, at=installation.clock.now())
    return recording


def add_draw(installation: Installation, staff: Staff, *, per_agent: int = 5) -> Draw:
    """Draw a sample of all recorded calls, to be graded by the inspector."""
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        return draw_sample(
            session,
            plan="weekly",
            period=(now - timedelta(days=7), now + timedelta(days=1)),
            per_agent=per_agent,
            at=now,
            by=session.get_one(User, staff.qa_lead.id),
            evaluators=[session.get_one(User, staff.inspector.id)],
        )


TimedLine = tuple[str, list[tuple[str, float, float]]]


def _timed(lines: list[tuple[str, str]]) -> list[TimedLine]:
    at, timed = 0.8, []
    for role, text in lines:
        words = []
        for word in text.split():
            length = 0.21 * (1 if word == "[unk]" else len(word))
            words.append((word, round(at, 2), round(at + length, 2)))
            at += length
        timed.append((role, words))
        at += 0.7
    return timed


def _record(installation: Installation, call: Call, timed: list[TimedLine]) -> Recording:
    folder = installation.settings.home / "test-sound"
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(folder / f"{call.provider_call_id}.wav")
    path.write_bytes(_sound(timed, seed=call.id))
    facts = RecordingFacts(
        call_id=call.id,
        agent_id=call.agent_id,
        agent_channel=1,
        started_at=call.started_at + timedelta(seconds=20),
        answered_at_s=0.0,
    )
    return add_recording(installation, [AudioFile(path, path.name)], facts).recording


def _sound(timed: list[TimedLine], *, seed: int) -> bytes:
    """Return a two-channel WAV with a shaped tone wherever a word is spoken."""
    random = np.random.default_rng(seed)
    end = timed[-1][1][-1][2] + 1.0
    channels = random.normal(0, 40, (int(end * RATE), 2))
    for role, words in timed:
        channel, pitch = (1, 190) if role == "agent" else (0, 130)
        for _word, start_s, end_s in words:
            first, last = int(start_s * RATE), int(end_s * RATE)
            t = np.arange(last - first) / RATE
            tone = sum(np.sin(2 * np.pi * pitch * n * t) / n for n in range(1, 7))
            hull = np.sin(np.pi * np.arange(last - first) / (last - first)) ** 0.6
            channels[first:last, channel] += tone * hull * random.uniform(2500, 6500)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.clip(channels, -32000, 32000).astype("<i2").tobytes())
    return buffer.getvalue()


def _transcribe(
    session: Session, recording: Recording, timed: list[TimedLine], confidence: float, *, at: datetime
) -> Transcript:
    recording.state = "transcribed"
    for track in recording.tracks:
        _hear(track, timed)
    transcript = Transcript(
        recording_id=recording.id,
        model_name="sansheng-demo-zh",
        model_hash="0" * 64,
        pipeline_version=1,
        created_at=at,
        confidence=confidence,
    )
    for number, (role, words) in enumerate(timed, start=1):
        transcript.utterances.append(_utterance(number, role, words, confidence))
    session.add(transcript)
    session.flush()
    return transcript


def _hear(track: Track, timed: list[TimedLine]) -> None:
    track.level_dbfs = -24.0
    track.speech = [[words[0][1], words[-1][2]] for role, words in timed if role == track.role]


def _utterance(number: int, role: str, words: list[tuple[str, float, float]], confidence: float) -> Utterance:
    spoken = [
        [word, start, end, 0.42 if (number + i) % 13 == 0 else confidence]
        for i, (word, start, end) in enumerate(words)
    ]
    return Utterance(
        number=number,
        channel=1 if role == "agent" else 0,
        role=recording_models.Role(role),
        start_s=words[0][1],
        end_s=words[-1][2],
        text="".join(word for word, *_ in words if word != "[unk]"),
        words=spoken,
    )
