"""Setting up an account at Twilio, and looking whether it is still as it was set up.

Set-up compares what is there with what must be and changes only the difference, so it can be run again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.errors import AppError
from core.i18n import gettext as _
from core.settings import Settings
from ivr.flow.document import Flow
from ivr.flow.nodes.queue import Queue
from ivr.flow.nodes.screen import Screen
from ivr.twilio.account import Account
from ivr.twilio.hotline import Addresses, Hotline
from ivr.twilio.models import TwilioAgent, TwilioRecording
from ivr.twilio.refusals import refusals
from ivr.twilio.render import line_name

_ACCOUNT_SID: Final = re.compile(r"AC[0-9a-f]{32}")
_UNTIL_FETCHED: Final = ("started", "completed", "fetched")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `ok`, `change` (done, or to be done), `warning` or `missing`."""

    part: str
    state: Literal["ok", "change", "warning", "missing"]
    text: str


def webhooks(addresses: Addresses) -> dict[str, str]:
    """Return what the hotline's number must be set to."""
    return {
        "voice_url": addresses.voice(),
        "voice_method": "POST",
        "voice_fallback_url": addresses.fallback(),
        "voice_fallback_method": "POST",
        "status_callback": addresses.status(),
        "status_callback_method": "POST",
    }


def lines(flow: Flow) -> set[str]:
    """Return every name the flow's queues can have at Twilio: by priority, recorded or not."""
    vip = {0, *(node.vip_priority for node in flow.nodes.values() if isinstance(node, Screen))}
    found = set()
    for node in flow.nodes.values():
        if isinstance(node, Queue):
            for priority in {node.priority + more for more in vip}:
                found |= {line_name(node.queue, priority, record=record) for record in (node.record, False)}
    return found


def set_up(account: Account, settings: Settings, *, dry_run: bool) -> Iterator[Finding]:
    """Bring number and queues into the state they must have; a dry run only says what it would do."""
    hotline = Hotline.of(settings)
    yield from _local(settings)
    yield from _number(account, settings, hotline.addresses, change=not dry_run, drifted="change")
    missing = sorted(lines(hotline.flow) - account.queue_names())
    for name in missing:
        if not dry_run:
            account.create_queue(name)
        yield Finding("queue", "change", name)
    if not missing:
        yield Finding("queue", "ok", _("all queues of the flow are there"))
    yield from _media(account)


def examine(session: Session, account: Account | None, settings: Settings) -> Iterator[Finding]:
    """Look at everything the line on Twilio needs; nothing is changed. Without an account only what is here."""
    yield from _local(settings)
    yield _agents(session)
    yield from _recordings(session)
    yield from _refused(session)
    if account is not None:
        try:
            addresses = Addresses(settings.public.base_url)
            yield from _number(account, settings, addresses, change=False, drifted="warning")
            yield from _media(account)
        except AppError as error:
            yield Finding("account", "warning", str(error))


def _local(settings: Settings) -> Iterator[Finding]:
    base, twilio = settings.public.base_url, settings.twilio
    host = base.partition("://")[2]
    if not base.startswith("https://") or "_" in host:
        told = _(
            "SANSHENG_PUBLIC_BASE_URL must be the https address Twilio reaches us at, without underscores"
        )
        yield Finding("address", "missing", told)
    else:
        yield Finding("address", "ok", base)
    if not _ACCOUNT_SID.fullmatch(twilio.account_sid) or not any(twilio.auth_tokens):
        told = _(
            "SANSHENG_TWILIO_ACCOUNT_SID and SANSHENG_TWILIO_AUTH_TOKEN must be set: webhooks are refused"
        )
        yield Finding("account", "missing", told)
    elif twilio.next_auth_token.get_secret_value():
        yield Finding("account", "warning", _("a second auth token is good too; remove it after the change"))
    else:
        yield Finding("account", "ok", twilio.account_sid)


def _number(
    account: Account,
    settings: Settings,
    addresses: Addresses,
    *,
    change: bool,
    drifted: Literal["change", "warning"],
) -> Iterator[Finding]:
    found = account.number(settings.twilio.number) if settings.twilio.number else None
    if found is None:
        told = _(
            "the account does not have the number of SANSHENG_TWILIO_NUMBER; buy one or correct the setting"
        )
        yield Finding("number", "missing", told)
        return
    wanted = webhooks(addresses)
    wrong = {name: value for name, value in wanted.items() if found.webhooks.get(name) != value}
    if wrong and change:
        account.configure(found.sid, wrong)
    for name, value in wrong.items():
        yield Finding("number", drifted, f"{name}: {_shown(found.webhooks, name)} → {value}")
    if not wrong:
        yield Finding("number", "ok", _("the number calls our webhooks"))


def _shown(values: Mapping[str, str], name: str) -> str:
    return json.dumps(values.get(name, ""), ensure_ascii=False)


def _media(account: Account) -> Iterator[Finding]:
    recording = account.newest_recording()
    if not recording:
        yield Finding("media", "warning", _("not known yet whether recordings are closed: there is none"))
    elif account.media_are_open(recording):
        told = _("anybody with its address can fetch a recording: turn on HTTP authentication for media")
        yield Finding("media", "missing", told)
    else:
        yield Finding("media", "ok", _("recordings are closed to strangers"))


def _agents(session: Session) -> Finding:
    states = _counted(session, select(TwilioAgent.state, func.count()).group_by(TwilioAgent.state))
    told = _(
        "%(all)s agents with a telephone, %(ready)s ready",
        all=sum(states.values()),
        ready=states.get("ready", 0),
    )
    return Finding("agents", "ok" if states else "warning", told)


def _recordings(session: Session) -> Iterator[Finding]:
    states = _counted(session, select(TwilioRecording.state, func.count()).group_by(TwilioRecording.state))
    if lost := states.get("failed", 0):
        yield Finding("recordings", "warning", _("%(count)s could not be fetched within a day", count=lost))
    waiting = sum(states.get(state, 0) for state in _UNTIL_FETCHED)
    yield Finding("recordings", "ok", _("%(count)s on their way to us", count=waiting))


def _refused(session: Session) -> Iterator[Finding]:
    for row in refusals(session):
        told = _(
            "%(reason)s: %(count)s, last %(at)s",
            reason=row.reason,
            count=row.count,
            at=row.last_at.isoformat(),
        )
        yield Finding("refused webhooks", "warning", told)


def _counted(session: Session, counts: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(counts)}
