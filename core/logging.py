"""Structured logs: one JSON object a line on stderr, snake_case event names, never personal data.

Keys that hold what callers said, typed or are called from are refused outright, so that a careless
line fails in a test and not in a data-protection audit.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO, cast

import structlog

_PERSONAL = frozenset(
    {
        "caller",
        "caller_number",
        "dialled",
        "digits",
        "number",
        "password",
        "phone",
        "phone_number",
        "quote",
        "secret",
        "text",
        "token",
        "transcript",
        "utterance",
        "words",
    }
)


def get_logger(name: str) -> Any:
    """Return the logger of a module; its lines carry the name as `module`."""
    return structlog.get_logger(module=name)


def refuse_personal(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Raise ValueError when a log line names personal data, at the top or inside a mapping."""
    if named := _PERSONAL & _keys(entry):
        message = f"a log line may not hold {', '.join(sorted(named))}"
        raise ValueError(message)
    return entry


def _keys(entry: Mapping[str, Any]) -> set[str]:
    inner = (_keys(value) for value in entry.values() if isinstance(value, Mapping))
    return set(entry).union(*inner)


class _StandardError:
    """Whatever standard error is at the moment of writing: a command under test, or a daemon, may replace it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logging(level: str) -> None:
    """Send all logs to stderr as JSON: ours from `level` on, the libraries' from WARNING on at least."""
    stamped: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    stderr = cast("TextIO", _StandardError())
    written = structlog.processors.JSONRenderer(ensure_ascii=False)
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, refuse_personal, *stamped, written],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stderr),
        cache_logger_on_first_use=True,
    )
    libraries = logging.StreamHandler(stderr)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *stamped],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, written],
        )
    )
    logging.basicConfig(level=max(logging.WARNING, number), handlers=[libraries], force=True)
