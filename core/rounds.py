"""Work that goes round for as long as a process lives: looking at a folder, following a file, watching a line.

Unlike a job (`core.jobs`) it is promised to nobody and keeps nothing: what a round did not do, the next does.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import AppError
from core.logging import get_logger

_log = get_logger(__name__)

Work = Callable[[threading.Event], None]
"""Works until the event is set."""


def go_round(name: str, look: Callable[[], object], *, every_s: float) -> Work:
    """Return work that looks again and again. A look that fails is logged, and the next one tries again."""

    def work(stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                look()
            except AppError as error:
                _log.warning("round_failed", work=name, error=error.code)
            except Exception as error:  # noqa: BLE001  (a defect in one round must not end all rounds)
                # An exception may quote what it was working on: the log gets its type and where it came from.
                frames = traceback.extract_tb(error.__traceback__)
                where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
                _log.error("round_failed", work=name, error=type(error).__name__, where=where[-8:])
            stop.wait(every_s)

    return work


@contextmanager
def in_background(*works: Work) -> Iterator[None]:
    """Let works run, each in its own thread, for as long as the block lasts."""
    stop = threading.Event()
    threads = [threading.Thread(target=work, args=(stop,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
