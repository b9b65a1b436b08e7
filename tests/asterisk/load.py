"""Many real calls at once: `python -m tests.asterisk.load --calls 70 --record`. A measurement, not a test.

Callers and agents are SIPp with real RTP both ways, on the same machine as Asterisk and our server. SIPp calls a
caller who hung up in the queue a success, so what counts is read from queue_log, and recordings are listened to.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

from core.logging import configure_logging
from ivr.asterisk.role import flow_of, running_ivr
from ivr.models import Agent as AgentRow
from ivr.models import Queue, QueueMember
from tests.asterisk.conftest import Telephony
from tests.asterisk.engine import cache_folder
from tests.asterisk.rtp import Telephone
from tests.asterisk.scene import tone
from tests.asterisk.sipp import Agent, Caller, Stage, phone_address

FLOW = """
flow: load
languages: [zh]
prompts:
  recorded: {zh: 本次通话将会录音}
start: hello
nodes:
  hello: {kind: HELLO, say: recorded, then: people}
  people: {kind: queue, queue: load, max_wait_s: 60, then: bye}
  bye: {kind: hangup}
"""
AGENTS_AT = phone_address("1010")
QUICK = ("SET VARIABLE", "GET VARIABLE", "ANSWER", "EXEC")
TALK_S = 10.0


def add_agents(telephony, count):
    """As many agents as calls, all at one address."""
    with telephony.installation.unit_of_work() as session:
        queue = Queue(name="load", title_zh="压测", title_en="Load")
        queue.members = [
            QueueMember(agent=AgentRow(code=str(2000 + n), name=f"L{n}", interface=f"PJSIP/{2000 + n}"))
            for n in range(count)
        ]
        session.add(queue)
    return [str(2000 + n) for n in range(count)]


def cpu_s(pid):
    """Processor seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def intact(path):
    """Whether a caller's leg is one tone of its length without a gap of more than 40 ms."""
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    loud = [
        np.sqrt(np.mean(part**2)) > 500
        for part in np.split(sound[: len(sound) // 160 * 160], len(sound) // 160)
    ]
    spoken = np.flatnonzero(loud)
    return len(spoken) > 0.8 * TALK_S * 50 and int(np.diff(spoken).max()) <= 3


def run(telephony, arguments, folder):
    agents = add_agents(telephony, arguments.calls)
    telephony.use_flow(FLOW.replace("HELLO", "consent" if arguments.record else "announce"))
    telephony.write_configuration(dict.fromkeys(agents, f"{AGENTS_AT}:5070"))
    telephony.asterisk.start()
    telephony.asterisk.log_in("load", *agents)
    stage = Stage(folder, telephony.sip_port, niceness=10)
    timings = []
    answering = Agent().rings(1).answers()
    voice = Telephone().say(tone(TALK_S, 880)).save(folder / "agent.pcap")
    speech = Telephone().say(tone(TALK_S + 4, 440)).save(folder / "caller.pcap")
    calls = 2 * arguments.calls
    telling = {"timed": lambda command, passed_s: timings.append((command, passed_s))}
    flow = flow_of(telephony.settings)
    port = telephony.settings.agi.port
    with contextlib.ExitStack() as stack:
        stack.callback(stage.stop)
        stack.enter_context(running_ivr(telephony.installation, flow, host="127.0.0.1", port=port, **telling))
        stage.agent("1010", answering.plays(voice).is_hung_up_on(), calls=calls)
        before = time.perf_counter(), cpu_s(os.getpid()), cpu_s(telephony.asterisk.process.pid)
        caller = Caller().answered().plays(speech).waits(TALK_S + 5).hangs_up()
        rate = arguments.calls / (TALK_S + 5)
        party = stage.call(caller, calls=calls, rate=max(1, round(rate)), at_once=arguments.calls)
        party.process.wait(300)
        after = time.perf_counter(), cpu_s(os.getpid()), cpu_s(telephony.asterisk.process.pid)
    return figures(telephony, arguments, calls, timings, [b - a for a, b in zip(before, after, strict=True)])


def figures(telephony, arguments, calls, timings, used):
    lines = [line.split("|") for line in telephony.asterisk.queue_log.read_text().splitlines()]
    waits = sorted(int(line[5]) for line in lines if line[4] == "CONNECT")
    quick = sorted(passed_s for command, passed_s in timings if command in QUICK)
    legs = sorted(telephony.settings.spool.glob("*-rx.wav"))
    return {
        "calls": calls,
        "at_once": arguments.calls,
        "recorded": arguments.record,
        "connected": len(waits),
        "longest_wait_s": waits[-1] if waits else None,
        "recordings": len(legs),
        "recordings_intact": sum(map(intact, legs)),
        "fastagi_commands": len(timings),
        "fastagi_p99_ms": round(quick[int(len(quick) * 0.99)] * 1000, 1) if quick else None,
        "our_cpu_share": round(used[1] / used[0], 3),
        "asterisk_cpu_share": round(used[2] / used[0], 3),
        "load_average": os.getloadavg()[0],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=70, help="calls at once; twice as many are made")
    parser.add_argument("--record", action="store_true", help="record both legs of every call")
    arguments = parser.parse_args()
    configure_logging("ERROR")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        telephony = Telephony(folder / "installation", cache_folder() / "tree")
        try:
            sys.stdout.write(json.dumps(run(telephony, arguments, folder), indent=2) + "\n")
        finally:
            telephony.asterisk.stop()
            telephony.installation.close()


if __name__ == "__main__":
    main()
