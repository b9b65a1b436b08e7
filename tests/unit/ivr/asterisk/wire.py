"""The Asterisk end of an AGI connection for tests: replays what a real one said, or answers by a rule."""

import socket
import threading
from contextlib import contextmanager
from pathlib import Path

WIRE = Path(__file__).parents[3] / "data" / "agi"
ENVIRONMENT = {
    "agi_network": "yes",
    "agi_network_script": "begin",
    "agi_uniqueid": "1795319643.0",
    "agi_callerid": "13800138000",
    "agi_calleridname": "13800138000",
    "agi_extension": "4008001234",
}


def recorded(name):
    """Return a recorded exchange as (commands, lines said) pairs; before the first command stands None."""
    turns = [(None, [])]
    for line in (WIRE / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("> "):
            turns.append((line[2:], []))
        elif line.startswith("< "):
            turns[-1][1].append(line[2:])
        elif line == "<":
            turns[-1][1].append("")
    return turns


class FakeAsterisk:
    """Answers commands in a thread of its own; `said` is what it was told."""

    def __init__(self, answer, environment=None):
        self.ours, self.theirs = socket.socketpair()
        self.answer = answer
        self.said = []
        self.environment = ENVIRONMENT if environment is None else environment
        self.thread = threading.Thread(target=self._talk)

    def _talk(self):
        with self.theirs, self.theirs.makefile("rb") as lines:
            try:
                self.theirs.sendall(environment_lines(self.environment))
                for line in lines:
                    command = line.decode("utf-8", "surrogateescape").rstrip("\n")
                    self.said.append(command)
                    told = self.answer(command)
                    if told is None:
                        return
                    self.theirs.sendall(told)
            except OSError:  # our side has closed: the end of every call
                return

    def variables(self):
        """Return the channel variables that were set, the last value of each."""
        found = {}
        for command in self.said:
            if command.startswith("SET VARIABLE "):
                name, value = command.removeprefix('SET VARIABLE "').split('" "', 1)
                found[name] = value.removesuffix('"')
        return found


def environment_lines(values):
    if isinstance(values, bytes):
        return values
    return "".join(f"{key}: {value}\n" for key, value in values.items()).encode() + b"\n"


@contextmanager
def fake_asterisk(answer, environment=None):
    """Run the Asterisk end for a block."""
    fake = FakeAsterisk(answer, environment)
    fake.thread.start()
    try:
        yield fake
    finally:
        fake.ours.close()
        fake.thread.join(10)


def replay(name):
    """Return the rule that answers as was recorded; an unexpected command ends the connection."""
    turns = iter(recorded(name)[1:])

    def answer(command):
        expected, lines = next(turns, (None, []))
        return "".join(f"{line}\n" for line in lines).encode() if command == expected else None

    return answer
