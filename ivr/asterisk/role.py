"""The role `sansheng ivr`: everything a FastAGI server of an installation needs, started and stopped together."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from core.errors import BadInput
from core.i18n import gettext as _
from core.installation import Installation
from core.logging import get_logger
from core.rounds import in_background
from core.settings import Settings
from ivr.asterisk import verdict as words
from ivr.asterisk.agi import Channel
from ivr.asterisk.announcing import announcing_works, entrance_language
from ivr.asterisk.callback_line import serve_reached, serve_tried
from ivr.asterisk.callbacks import callback_works
from ivr.asterisk.driver import Hotline, serve_call
from ivr.asterisk.enquiries import Enquiries
from ivr.asterisk.fastagi import FastAgiServer, Timed
from ivr.asterisk.notebook import Notebook
from ivr.asterisk.wait_language import WaitLanguage
from ivr.asterisk.watch import asterisk_works
from ivr.callers.lists import UNLISTED, Standing, standing_of
from ivr.flow.check import load_flow, shipped_flow
from ivr.flow.document import Flow
from ivr.flow.instructions import Enqueue

_log = get_logger(__name__)

_SWITCH_S: Final = 0.0005
"""A call whose answer has come waits at most so long for a thread that works: Python's own is ten times that."""


def flow_of(settings: Settings, file: Path | None = None) -> Flow:
    """Return the flow calls run in: the file given, the one of the settings, or the shipped one."""
    chosen = file or (Path(settings.agi.flow) if settings.agi.flow else None)
    return load_flow(chosen) if chosen else shipped_flow()


@contextmanager
def running_ivr(
    installation: Installation,
    flow: Flow,
    *,
    host: str,
    port: int,
    grace_s: float = 10.0,
    timed: Timed | None = None,
) -> Iterator[FastAgiServer]:
    """Serve calls in the background for as long as the block lasts.

    Args:
        installation: whose ledger and spool.
        flow: the flow that calls run in.
        host: address to listen on.
        port: port to listen on; 0: any.
        grace_s: how long calls in progress may go on at the end.
        timed: told every AGI command and the seconds it took.
    """
    spool = installation.settings.spool
    try:
        spool.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        told = _("the spool %(folder)s cannot be made: %(reason)s", folder=spool, reason=error.strerror)
        raise BadInput(told) from error
    with (
        _quick_switching(),
        closing(Notebook(installation)) as notebook,
        closing(Enquiries(installation)) as enquiries,
    ):
        hotline = _hotline(installation, flow, notebook, enquiries)
        server = FastAgiServer(
            host,
            port,
            partial(_serve, hotline=hotline),
            threads=installation.settings.agi.threads,
            timed=timed,
        )
        listening = threading.Thread(target=server.serve, name="fastagi")
        listening.start()
        try:
            yield server
        finally:
            server.stop(grace_s=grace_s)
            listening.join()


def _hotline(installation: Installation, flow: Flow, notebook: Notebook, enquiries: Enquiries) -> Hotline:
    def standing(number: str, at: datetime) -> Standing:
        return enquiries.ask("standing", lambda session: standing_of(session, number, at), UNLISTED)

    def entrance(enqueue: Enqueue, at: datetime) -> str:
        if not enqueue.announce_wait:
            return enqueue.language
        otherwise = str(WaitLanguage(enqueue.language))
        return enquiries.ask("wait", lambda session: entrance_language(session, enqueue, at), otherwise)

    return Hotline(
        flow=flow,
        spool=installation.settings.spool,
        clock=installation.clock,
        tell=notebook.tell,
        standing=standing,
        entrance=entrance,
    )


@contextmanager
def _quick_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _serve(channel: Channel, hotline: Hotline) -> None:
    """Serve a visit of a call: a caller's own, or one of a callback."""
    match channel.script:
        case words.REACHED:
            serve_reached(channel, hotline)
        case words.TRIED:
            serve_tried(channel, hotline)
        case _:
            serve_call(channel, hotline)


def serve_ivr(installation: Installation, flow: Flow, *, host: str, port: int) -> None:
    """Serve calls, watch Asterisk and follow its queue_log until SIGINT or SIGTERM."""
    told_to_stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_args: told_to_stop.set())
    with (
        in_background(
            *asterisk_works(installation),
            *announcing_works(installation, flow),
            *callback_works(installation),
        ),
        running_ivr(installation, flow, host=host, port=port) as server,
    ):
        _log.info("ivr_ready", host=server.address[0], port=server.address[1], flow=flow.name)
        told_to_stop.wait()
