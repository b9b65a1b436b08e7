"""The parts of pjsip.conf and of the dial plan that are written once for each agent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.crypto import lookup_hash
from core.errors import BadInput
from core.i18n import gettext as _
from ivr.models import Agent

_TECHNOLOGY: Final = "PJSIP/"
_ENDPOINT: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.-]{1,128}(?::[0-9]{1,5})?")
_PASSWORD_LENGTH: Final = 32  # hexadecimal digits: 128 bits


@dataclass(frozen=True, slots=True)
class Phone:
    """An agent's telephone.

    Attributes:
        endpoint: its name in pjsip.conf, which the agent's interface ends in.
        queues: queue to penalty.
        address: host[:port] of a telephone that does not register; empty: it registers with its password.
    """

    endpoint: str
    name: str
    queues: Mapping[str, int]
    address: str = ""

    @property
    def interface(self) -> str:
        """The name queue_log knows the agent by."""
        return _TECHNOLOGY + self.endpoint


def phones_of(
    agents: Sequence[Agent], queues: Mapping[int, Mapping[str, int]], addresses: Mapping[str, str]
) -> list[Phone]:
    """Return the telephones of agents.

    Args:
        agents: who is to be reached.
        queues: agent id to queues and penalties.
        addresses: endpoint to host[:port], for telephones that do not register.

    Raises:
        BadInput: an interface is none of PJSIP's, or an address is of no agent or no address.
    """
    phones = []
    for agent in agents:
        endpoint = agent.interface.removeprefix(_TECHNOLOGY)
        if endpoint == agent.interface or not _ENDPOINT.fullmatch(endpoint):
            raise BadInput(
                _(
                    "agent %(code)s has the interface %(interface)s: write PJSIP/ and a name of letters and digits",
                    code=agent.code,
                    interface=agent.interface,
                )
            )
        phones.append(Phone(endpoint, agent.name, queues.get(agent.id, {}), addresses.get(endpoint, "")))
    if unknown := set(addresses) - {phone.endpoint for phone in phones}:
        raise BadInput(_("there is no agent with the telephone %(names)s", names=", ".join(sorted(unknown))))
    if wrong := [
        phone.address for phone in phones if phone.address and not _ADDRESS.fullmatch(phone.address)
    ]:
        raise BadInput(_("%(address)s is not host:port", address=wrong[0][:80]))
    return phones


def password(endpoint: str) -> str:
    """Return a telephone's password: the same whenever the configuration is written, another elsewhere."""
    return lookup_hash(f"sip/{endpoint}")[:_PASSWORD_LENGTH]


def endpoint_sections(phone: Phone) -> str:
    """Return a telephone's sections of pjsip.conf."""
    lines = [
        f"[{phone.endpoint}](agent)",
        f"aors = {phone.endpoint}",
        f'callerid = "{plain(phone.name)}" <{phone.endpoint}>',
        *([] if phone.address else [f"auth = {phone.endpoint}"]),
        "",
    ]
    if phone.address:
        lines += [
            f"[{phone.endpoint}]",
            "type = aor",
            f"contact = sip:{phone.endpoint}@{phone.address}",
            "qualify_frequency = 0",
            "",
            f"[{phone.endpoint}]",
            "type = identify",
            f"endpoint = {phone.endpoint}",
            f"match = {phone.address.partition(':')[0]}",
        ]
    else:
        lines += [
            f"[{phone.endpoint}](telephone)",
            "",
            f"[{phone.endpoint}]",
            "type = auth",
            "auth_type = userpass",
            f"username = {phone.endpoint}",
            f"password = {password(phone.endpoint)}",
        ]
    return "\n".join([*lines, "", ""])


def call_extension(phone: Phone) -> str:
    """Return the line by which agents call each other."""
    return f"exten => {phone.endpoint},1,Dial({phone.interface},30)\n same => n,Hangup()\n"


def log_in_lines(phone: Phone) -> str:
    """Return the subroutine that logs an agent into all queues of theirs.

    The member's name is the interface: queue_log tells the name, and the ledger knows agents by the interface.
    """
    steps = [
        f"AddQueueMember({queue},{phone.interface},{penalty},,{phone.interface},{phone.interface})"
        for queue, penalty in phone.queues.items()
    ]
    return _subroutine(phone.endpoint, steps)


def log_out_lines(phone: Phone) -> str:
    """Return the subroutine that logs an agent out everywhere."""
    return _subroutine(
        phone.endpoint, [f"RemoveQueueMember({queue},{phone.interface})" for queue in phone.queues]
    )


def plain(name: str) -> str:
    """Return a person's name as a configuration file can hold it: no character of Asterisk's own syntax."""
    return re.sub(r"[^\w .·-]", "", name, flags=re.UNICODE)[:60]


def _subroutine(name: str, steps: Sequence[str]) -> str:
    first, *others = [*steps, "Return()"]
    return "\n".join([f"exten => {name},1,{first}", *(f" same => n,{step}" for step in others), ""])
