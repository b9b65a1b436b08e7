"""What the call log says of a call, as plain rows that a test can compare."""

from sqlalchemy import select

from ivr.models import Call, CallEvent
from tests.waiting import wait_until


def settled_call(telephony, *, after=0):
    """Return the newest call once the ledger holds it closed; `after` is the newest id before the scenario."""
    wait_until(lambda: _newest(telephony, after), "the call to be closed in the ledger", limit_s=150)
    return _newest(telephony, after)


def newest_id(telephony):
    with telephony.installation.unit_of_work(read_only=True) as session:
        return session.scalar(select(Call.id).order_by(Call.id.desc()).limit(1)) or 0


def rows(telephony, *, after=0):
    """Return every call made after one, as dictionaries, oldest first."""
    telephony.read_queue_log()
    with telephony.installation.unit_of_work(read_only=True) as session:
        calls = session.scalars(select(Call).where(Call.id > after).order_by(Call.started_at, Call.id)).all()
        return [_row(session, call) for call in calls]


def _newest(telephony, after):
    found = rows(telephony, after=after)
    return found[-1] if found and found[-1]["outcome"] != "open" else None


def _row(session, call):
    steps = session.scalars(
        select(CallEvent)
        .where(CallEvent.provider_call_id == call.provider_call_id, CallEvent.source == "flow")
        .order_by(CallEvent.position)
    )
    return {
        "id": call.provider_call_id,
        "outcome": call.outcome,
        "caller": call.caller,
        "dialled": call.dialled,
        "agent": call.agent and call.agent.code,
        "score": call.survey_score,
        "ring_s": call.ring_s,
        "wait_s": call.wait_s,
        "talk_s": call.talk_s,
        "hold_s": call.visits[-1].hold_s if call.visits else None,
        "visits": [
            {
                "queue": visit.queue.name,
                "outcome": visit.outcome,
                "agent": visit.agent and visit.agent.code,
                "ended_by": visit.ended_by,
                "rings": [(ring.agent and ring.agent.code, ring.outcome) for ring in visit.rings],
            }
            for visit in call.visits
        ],
        "path": [
            f"{event.fields.get('node', event.kind)}:{event.fields.get('outcome', '')}" for event in steps
        ],
    }
