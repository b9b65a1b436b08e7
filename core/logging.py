"""Structured logs: one JSON object a line on stderr, snake_case event names, never personal data.

Keys that hold what callers said, typed or are called from are refused outright, so that a careless
line fails in a test and not in a data-protection audit.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_PERSONAL = frozenset(
    {"caller", "number", "phone", "digits", "transcript", "text", "words", "password", "token"}
)


def get_logger(name: str) -> Any:
    """Return the logger of a module."""
    return structlog.get_logger(logger=name)


def refuse_personal(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Raise ValueError when a log line names personal data."""
    if named := _PERSONAL & entry.keys():
        message = f"a log line may not hold {', '.join(sorted(named))}"
        raise ValueError(message)
    return entry


def configure_logging(level: str) -> None:
    """Send all logs, our own and the libraries', to stderr at a level."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            refuse_personal,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(logging.WARNING, logging.getLevelName(level)), stream=sys.stderr)
