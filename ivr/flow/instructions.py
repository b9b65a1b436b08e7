"""What a flow tells a driver to do with the call.

An advance of the interpreter yields any number of instructions that run on (say, start recording, note) and
then exactly one that waits for an event (ask, queue, dial, record, look up) or ends the call (hang up, reject).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in one language: a driver plays its audio, or speaks its text."""

    id: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Spelled:
    """Digits to be read out one by one."""

    digits: str = field(repr=False)
    language: str


Speech = tuple[Prompt | Spelled, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Speak to the end, then go on; keys pressed meanwhile are dropped.

    Attributes:
        interruptible: the interpreter may make it part of a question that follows (a flow that keeps
            type-ahead); a driver need not look at it.
    """

    waits: ClassVar[bool] = False
    speech: Speech
    interruptible: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRecording:
    """From here on the call may be recorded: the caller has been told, or has agreed."""

    waits: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BookCallback:
    """Note a promise to call back, for the agents of a queue."""

    waits: ClassVar[bool] = False
    number: str = field(repr=False)
    queue: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteScore:
    """Note the caller's rating of the call (`best` is the top of the scale, which begins at 1)."""

    waits: ClassVar[bool] = False
    score: int
    best: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Speak and collect keys; answered by `Digits` or `NoInput`.

    Attributes:
        speech: what is said first.
        min_digits: fewer are reported all the same: the flow judges them.
        max_digits: the answer is complete with this many.
        finish_key: ends the answer early and is not part of it; empty: none, every key is a choice.
        timeout_s: wait for the first key after the speech ends.
        interdigit_s: wait between keys.
        barge_in: keys pressed during the speech stop it and count.
    """

    waits: ClassVar[bool] = True
    speech: Speech
    min_digits: int = 1
    max_digits: int = 1
    finish_key: str = ""
    timeout_s: float
    interdigit_s: float
    barge_in: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """Put the caller into a queue; answered by `QueueResult`.

    Attributes:
        priority: 0 is normal, higher goes first.
        record: record the conversation (only ever true after consent).
        music: music-on-hold class.
        announce: said every `announce_every_s` seconds while waiting; empty: nothing.
        announce_position: also say the place in the queue.
        announce_wait: also say how long it will take, as a range.
        callback_key: key that leaves the queue with result `callback`; empty: none.
        leave_key: key that leaves the queue with result `left`; empty: none.
    """

    waits: ClassVar[bool] = True
    queue: str
    language: str
    max_wait_s: float
    priority: int
    record: bool
    music: str
    announce: Speech
    announce_every_s: float
    announce_position: bool
    announce_wait: bool
    callback_key: str
    leave_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Connect the caller with a number or SIP address; answered by `DialResult`."""

    waits: ClassVar[bool] = True
    target: str
    timeout_s: float
    record: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Record a message for the agents of a queue; answered by `RecordResult`.

    Attributes:
        max_s: longest message.
        silence_s: this much silence ends it.
        finish_key: this key ends it.
    """

    waits: ClassVar[bool] = True
    queue: str
    max_s: float
    silence_s: float
    finish_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Ask an outside system, for at most `timeout_s`; answered by `LookupResult`."""

    waits: ClassVar[bool] = True
    name: str
    values: Mapping[str, str] = field(repr=False)
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup:
    """End the call; `outcome` says how it ended."""

    waits: ClassVar[bool] = True
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Refuse the call before it is answered."""

    waits: ClassVar[bool] = True
    cause: Literal["busy", "rejected"]
    outcome: str


Instruction = (
    Say | StartRecording | BookCallback | NoteScore | Ask | Enqueue | Dial | Record | Lookup | Hangup | Reject
)
