"""Errors a person can act on.

Every error that a user's input or machine can cause is an `AppError`: a sentence that says what is
wrong, where, and what to do, plus the two numbers the outside world needs (an HTTP status for pages,
an exit code for commands). Anything else that escapes is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command (docs/reference/cli.md)."""

    DONE = 0
    BAD_INPUT = 1
    USAGE = 2
    MISSING_PART = 3
    RETRY_LATER = 4


class AppError(Exception):
    """Base of all errors that carry a message for people.

    Attributes:
        code: stable machine id, `snake_case`, never translated.
        http_status: status the web answers with.
        exit_code: what a command exits with.
    """

    code = "error"
    http_status = 400
    exit_code = ExitCode.BAD_INPUT

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class BadInput(AppError):
    """What the user gave cannot be used as it is."""

    code = "bad_input"


class NotFound(AppError):
    """The named thing does not exist."""

    code = "not_found"
    http_status = 404


class Forbidden(AppError):
    """The person may not do this."""

    code = "forbidden"
    http_status = 403


class Conflict(AppError):
    """The thing is not, or no longer, in the state this needs."""

    code = "conflict"
    http_status = 409


class MissingPart(AppError):
    """A part this needs is absent: a model, a server, an installed package."""

    code = "missing_part"
    http_status = 503
    exit_code = ExitCode.MISSING_PART


class RetryLater(AppError):
    """The work failed for a passing reason (disk full, database locked) and may be tried again."""

    code = "retry_later"
    http_status = 503
    exit_code = ExitCode.RETRY_LATER
