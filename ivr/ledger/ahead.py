"""Helper processes that make a log's batches ready while the one before is being written.

Reading a log costs more than writing it, and a computer with several cores can do both at once. The helpers
take turns; each reads the file by itself and is one batch ahead: its pipe holds it until what it made is
taken. They go when they are not listened to any more, also when their parent was killed.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import cycle
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, NamedTuple

from core.crypto import install_keys, installed_keys
from core.errors import BadInput
from core.i18n import current_locale, install_locale
from core.i18n import gettext as _
from ivr.ledger.batches import Batch, Reading, batches, no_search_for_cycles
from ivr.ledger.files import open_log

HELPERS: Final = 2
"""One writer takes what two make ready."""


class Start(NamedTuple):
    """Where reading begins: the number of the next line, and its offset."""

    position: int
    offset: int


class _Task(NamedTuple):
    path: Path
    reading: Reading
    start: Start
    turn: int
    keys: Mapping[str, bytes]
    locale: str


def batches_ahead(path: Path, reading: Reading, start: Start) -> Iterator[Batch]:
    """Yield the batches of a log from a line on, made ready in other processes.

    Raises:
        BadInput: the file can be read no further.
    """
    pipes: list[Connection] = []
    helpers: list[BaseProcess] = []
    try:
        for turn in range(HELPERS):
            pipe, helper = _start_helper(path, reading, start, turn)
            pipes.append(pipe)
            helpers.append(helper)
        for pipe in cycle(pipes):
            made = _next(pipe, path)
            if made is None:
                return
            yield made
    finally:
        for pipe in pipes:
            pipe.close()
        for helper in helpers:
            helper.join()


def _start_helper(path: Path, reading: Reading, start: Start, turn: int) -> tuple[Connection, BaseProcess]:
    processes = multiprocessing.get_context("spawn")
    ours, helpers = processes.Pipe(duplex=False)
    task = _Task(path, reading, start, turn, installed_keys(), current_locale())
    helper = processes.Process(target=_make_ready, args=(helpers, task), daemon=True)
    helper.start()
    helpers.close()
    return ours, helper


def _next(pipe: Connection, path: Path) -> Batch | None:
    try:
        with no_search_for_cycles():
            made: Batch | Exception | None = pipe.recv()
    except (EOFError, OSError):
        raise BadInput(
            _("%(path)s: a process that reads it was ended; import it again to go on", path=path)
        ) from None
    if isinstance(made, Exception):
        raise made
    return made


def _make_ready(pipe: Connection, task: _Task) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is our parent's, who stops listening
    install_keys(task.keys)
    install_locale(task.locale)
    with suppress(BrokenPipeError):
        try:
            with open_log(task.path) as log:
                lines = log.lines(position=task.start.position, offset=task.start.offset)
                for batch in batches(lines, task.reading, every=HELPERS, first=task.turn):
                    pipe.send(batch)
        except BadInput as error:
            pipe.send(error)
        else:
            pipe.send(None)
