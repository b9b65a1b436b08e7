"""What can go wrong between us and AMI."""

from __future__ import annotations

from core.errors import Conflict, MissingPart, RetryLater


class AmiLost(RetryLater):
    """There is no line to Asterisk, or it did not answer in time."""

    code = "ami_lost"


class AmiRefused(Conflict):
    """Asterisk understood and refused; `reason` is its own word for why."""

    code = "ami_refused"

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class AmiDenied(MissingPart):
    """Asterisk does not let us in: user, secret, or the address we come from."""

    code = "ami_denied"
