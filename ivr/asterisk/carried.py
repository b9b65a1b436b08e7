"""What a call carries in a channel variable while the dial plan has it: its place in the flow.

The state goes with the call and ends with it, so any of our processes can go on with the call, also one that
was started while the caller talked with an agent. It is packed, so that no log of Asterisk shows a number.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Final

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.flow.state import FlowState

VARIABLE: Final = "SANSHENG_CARRIED"
_LARGEST: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Carried:
    """A call between two visits to us.

    Attributes:
        state: its place in the flow.
        steps: how many of its steps the ledger has been told.
    """

    state: FlowState
    steps: int

    def pack(self) -> str:
        """Return it as letters that need no escaping."""
        document = json.dumps({"state": self.state.to_json(), "steps": self.steps}, ensure_ascii=False)
        return base64.b64encode(zlib.compress(document.encode("utf-8"), 9)).decode("ascii")

    @classmethod
    def unpack(cls, text: str) -> Carried:
        """Return what `pack` wrote; `BadInput` when it is anything else."""
        try:
            document = json.loads(_inflate(base64.b64decode(text, validate=True)))
            return cls(FlowState.from_json(document["state"]), int(document["steps"]))
        except (ValueError, TypeError, KeyError, zlib.error) as error:
            raise BadInput(_("this is not a stored call state: %(reason)s", reason=error)) from error


def _inflate(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    plain = unpacking.decompress(packed, _LARGEST)
    if not unpacking.eof:
        raise ValueError("torn or too long")
    return plain
