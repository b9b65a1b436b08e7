"""The database: one declarative base, the portable column types and the unit of work.

A row class lives in its room's `models.py`; code gets a session from `Installation.unit_of_work()`
(commands, jobs, daemons) or from the request (web). Nothing here knows any table.
"""

from core.db.base import Base
from core.db.session import create_database_engine, database_errors, database_is_busy, unit_of_work
from core.db.types import EncryptedText, JSONValue, UTCDateTime

__all__ = [
    "Base",
    "EncryptedText",
    "JSONValue",
    "UTCDateTime",
    "create_database_engine",
    "database_errors",
    "database_is_busy",
    "unit_of_work",
]
