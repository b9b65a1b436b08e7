"""The live state as a page reads it: all of it, and how old it is."""

from datetime import timedelta

from ivr.live import (
    LiveAgent,
    LiveFloor,
    LiveQueue,
    LiveState,
    WaitingCaller,
    read_live,
    write_live,
)


def test_what_was_written_is_read_whole(installation, clock):
    caller = WaitingCaller(
        call="1.1", caller="138****8000", position=1, since=clock.now(), ringing=("PJSIP/1",)
    )
    agent = LiveAgent(agent="PJSIP/1", state="ringing", since=clock.now(), call="1.1")
    floor = LiveFloor(
        queues=(LiveQueue(name="热线", waiting=(caller,), agents=("PJSIP/1",)),),
        agents=(agent,),
        calls=2,
        in_menu=1,
        lines=("1.1", "1.2"),
    )
    state = LiveState(floor=floor, heard_at=clock.now(), booted_at=clock.now(), silent_from=clock.now())
    for written in (LiveState(problem="x" * 300), state):
        with installation.unit_of_work() as session:
            write_live(session, written)
    with installation.unit_of_work(read_only=True) as session:
        assert read_live(session) == state
        assert read_live(session, "twilio") == LiveState()


def test_old_state_is_not_now(clock):
    state = LiveState(heard_at=clock.now())
    assert not state.is_stale(clock.now() + timedelta(seconds=5))
    assert state.is_stale(clock.now() + timedelta(seconds=6))
    assert LiveState().is_stale(clock.now())
    assert state.age_s(clock.now() - timedelta(seconds=3)) == 0, "clocks differ"
