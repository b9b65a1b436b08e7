"""Writes Asterisk's configuration: every file complete, from the settings, the database and the flow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import BadInput, RetryLater
from core.i18n import gettext as _
from core.settings import Settings
from ivr.asterisk.announcing import AT_LEAST_S
from ivr.asterisk.config.phones import (
    Phone,
    call_extension,
    endpoint_sections,
    log_in_lines,
    log_out_lines,
    phones_of,
)
from ivr.asterisk.speaking import SOUNDS
from ivr.flow.document import Flow
from ivr.flow.nodes.queue import Queue as QueueNode
from ivr.models import Agent, Queue, QueueMember

FILES: Final = (
    "pjsip.conf",
    "queues.conf",
    "extensions.conf",
    "manager.conf",
    "musiconhold.conf",
    "logger.conf",
    "rtp.conf",
    "indications.conf",
    "cdr.conf",
)
_SECRET_FILES: Final = frozenset({"pjsip.conf", "manager.conf"})
_PLACE: Final = re.compile(r"@([A-Z_]+)@")
_QUEUE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_PORTS_OF_A_CALL: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Telephony:
    """What an Asterisk serves.

    Attributes:
        queues: names, in the order of the database.
        phones: the active agents' telephones.
        music: folder of the music, as Asterisk sees it.
    """

    settings: Settings
    flow: Flow
    queues: tuple[str, ...]
    phones: tuple[Phone, ...]
    music: str
    nodes: Mapping[str, list[QueueNode]] = field(init=False)

    def __post_init__(self) -> None:
        nodes: dict[str, list[QueueNode]] = {name: [] for name in self.queues}
        for node in self.flow.nodes.values():
            if isinstance(node, QueueNode):
                if node.queue not in nodes:
                    raise BadInput(
                        _(
                            "the flow %(flow)s uses the queue %(queue)s, which this installation does not have",
                            flow=self.flow.name,
                            queue=node.queue,
                        )
                    )
                nodes[node.queue].append(node)
        object.__setattr__(self, "nodes", nodes)


def read_telephony(
    session: Session, settings: Settings, flow: Flow, *, music: str, addresses: Mapping[str, str]
) -> Telephony:
    """Return what the database knows of queues and agents.

    Raises:
        BadInput: there is no queue, a name does not fit, or the flow uses a queue that is not there.
    """
    queues = tuple(session.scalars(select(Queue.name).order_by(Queue.id)))
    if not queues:
        raise BadInput(_("this installation has no queue yet: add one first"))
    if wrong := [name for name in queues if not _QUEUE_NAME.fullmatch(name)]:
        raise BadInput(_("queue %(name)s: use letters, digits, _ and - only", name=wrong[0]))
    agents = session.scalars(select(Agent).where(Agent.active).order_by(Agent.code)).all()
    members: dict[int, dict[str, int]] = {}
    rows = session.execute(
        select(QueueMember.agent_id, Queue.name, QueueMember.penalty).join(Queue).order_by(Queue.id)
    )
    for agent_id, name, penalty in rows:
        members.setdefault(agent_id, {})[name] = penalty
    phones = tuple(phones_of(agents, members, addresses))
    return Telephony(settings=settings, flow=flow, queues=queues, phones=phones, music=music)


def configuration(telephony: Telephony) -> dict[str, str]:
    """Return every file's text by its name."""
    places = _places(telephony)
    return {name: _filled(name, places) for name in FILES}


def write_configuration(telephony: Telephony, folder: Path) -> list[Path]:
    """Write the files; those with passwords are readable for their owner only.

    Raises:
        RetryLater: the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in configuration(telephony).items():
            path = folder / name
            part = path.with_suffix(".part")
            part.touch(mode=0o600 if name in _SECRET_FILES else 0o644)
            part.write_text(text, encoding="utf-8")
            part.replace(path)
            written.append(path)
    except OSError as error:
        told = _("%(folder)s cannot be written: %(reason)s", folder=folder, reason=error.strerror)
        raise RetryLater(told) from error
    return written


def _filled(name: str, places: Mapping[str, str]) -> str:
    text = (files(__package__) / "templates" / name).read_text(encoding="utf-8")
    stem = name.removesuffix(".conf").upper()
    return _PLACE.sub(lambda place: places[f"{stem}.{place[1]}"], text)


def _places(telephony: Telephony) -> dict[str, str]:
    settings = telephony.settings
    sip, ami = settings.sip, settings.ami
    secret = ami.secret.get_secret_value()
    return {
        "EXTENSIONS.AGI": f"{settings.agi.host}:{settings.agi.port}",
        "EXTENSIONS.FALLBACK": _fallback(telephony),
        "EXTENSIONS.QUEUE_KEYS": "".join(
            _key_context(name, telephony.nodes[name]) for name in telephony.queues
        ),
        "EXTENSIONS.AGENT_EXTENSIONS": "".join(map(call_extension, telephony.phones)),
        "EXTENSIONS.LOG_IN": "".join(map(log_in_lines, telephony.phones)),
        "EXTENSIONS.LOG_OUT": "".join(map(log_out_lines, telephony.phones)),
        "PJSIP.BIND": f"{sip.host}:{sip.port}",
        "PJSIP.EXTERNAL": _external(sip.external_address),
        "PJSIP.TRUNK": _trunk(sip.trunk, telephony.flow),
        "PJSIP.LANGUAGE": telephony.flow.settings.languages[0],
        "PJSIP.AGENTS": "".join(map(endpoint_sections, telephony.phones)),
        "QUEUES.WRAP_UP": "5",
        "QUEUES.QUEUES": "".join(_queue(name, telephony.nodes[name]) for name in telephony.queues),
        "MANAGER.ENABLED": "yes"
        if secret
        else "no    ; set SANSHENG_AMI_SECRET and write the configuration again",
        "MANAGER.PORT": str(ami.port),
        "MANAGER.BIND": ami.listen or ami.host,
        "MANAGER.USER": _manager(ami.user, secret, ami.permit),
        "MUSICONHOLD.MUSIC": telephony.music,
        "RTP.START": str(sip.rtp_start),
        "RTP.END": str(sip.rtp_end),
        "RTP.CALLS": str((sip.rtp_end - sip.rtp_start + 1) // _PORTS_OF_A_CALL),
    }


def _fallback(telephony: Telephony) -> str:
    """Return the queue of callers whom our side has failed: the first one of the flow."""
    nodes = (node for node in telephony.flow.nodes.values() if isinstance(node, QueueNode))
    return next((node.queue for node in nodes), telephony.queues[0])


def _key_context(name: str, nodes: list[QueueNode]) -> str:
    keys = sorted({key for node in nodes for key in (node.callback_key, node.leave_key) if key})
    lines = [f"[sansheng-keys-{name}]"]
    for key in keys:
        lines += [
            f'exten => {key},1,GotoIf($["${{SANSHENG_FAILED}}" != ""]?sansheng,${{SANSHENG_DIALLED}},again)',
            f" same => n,Set(SANSHENG_KEY={key})",
            " same => n,Goto(sansheng,${SANSHENG_DIALLED},left)",
        ]
    return "\n".join([*lines, "", ""])


def _queue(name: str, nodes: list[QueueNode]) -> str:
    lines = [f"[{name}](queue)", f"context = sansheng-keys-{name}"]
    speaking = next((node for node in nodes if node.announce), None)
    if speaking is not None:
        sounds = ",".join(f"{SOUNDS}/{part}" for part in speaking.announce if not part.startswith("{"))
        lines += [
            f"periodic-announce = {sounds}",
            f"periodic-announce-frequency = {speaking.announce_every_s:.0f}",
        ]
    told = next((node for node in nodes if node.announce_position or node.announce_wait), None)
    if told is not None:
        position = "yes" if any(node.announce_position for node in nodes) else "no"
        lines += [
            f"announce-position = {position}",
            f"announce-frequency = {max(AT_LEAST_S, told.announce_every_s):.0f}",
            f"min-announce-frequency = {AT_LEAST_S:.0f}",
        ]
    return "\n".join([*lines, "", ""])


def _external(address: str) -> str:
    if not address:
        return ""
    return f"external_media_address = {address}\nexternal_signaling_address = {address}\nlocal_net = 10.0.0.0/8\nlocal_net = 172.16.0.0/12\nlocal_net = 192.168.0.0/16\n"


def _trunk(carrier: str, flow: Flow) -> str:
    if not carrier:
        return "; No carrier yet: set SANSHENG_SIP_TRUNK to its host and write the configuration again.\n"
    return "\n".join(
        [
            "[trunk]",
            "type = endpoint",
            "context = from-trunk",
            "transport = transport-udp",
            "disallow = all",
            "allow = alaw,ulaw",
            "dtmf_mode = rfc4733",
            "direct_media = no",
            "rtp_symmetric = yes",
            "force_rport = yes",
            "trust_id_inbound = yes",
            "send_connected_line = no        ; else the caller is re-invited the moment an agent rings",
            "rtp_timeout = 120               ; a caller who vanished does not wait for ever",
            f"language = {flow.settings.languages[0]}",
            "aors = trunk",
            "",
            "[trunk]",
            "type = aor",
            f"contact = sip:{carrier}",
            "",
            "[trunk]",
            "type = identify",
            "endpoint = trunk",
            f"match = {carrier.rpartition(':')[0] or carrier}",
            "",
        ]
    )


def _manager(user: str, secret: str, permit: str) -> str:
    if not secret:
        return ""
    if re.search(r"[\r\n;]", secret):
        raise BadInput(_("SANSHENG_AMI_SECRET holds a character that manager.conf cannot"))
    return "\n".join(
        [
            "",
            f"[{user}]",
            f"secret = {secret}",
            "deny = 0.0.0.0/0.0.0.0",
            *(f"permit = {network}" for network in permit.split(",")),
            "read = system,call,agent,user",
            "write = system,call,agent,originate,reporting",
            "writetimeout = 1000",
            "",
        ]
    )
