"""Alembic's entry point: runs migrations on the connection it is given."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

import core.accounts
import core.audit
import core.events
import core.jobs
import ivr.callbacks.models
import ivr.callers.models
import ivr.metrics.models
import ivr.missed.models
import ivr.models
import ivr.shifts.models
import ivr.presence.models
import ivr.twilio.models
import ivr.waiting.models
import qa.models
import recording.models
from core.db import Base, EncryptedText, JSONValue, UTCDateTime

# The schema is what these declare together.
_DECLARING = (
    core.accounts,
    core.audit,
    core.events,
    core.jobs,
    ivr.models,
    ivr.callbacks.models,
    ivr.callers.models,
    ivr.twilio.models,
    ivr.metrics.models,
    ivr.missed.models,
    ivr.shifts.models,
    ivr.presence.models,
    ivr.waiting.models,
    recording.models,
    qa.models,
)
_PLAIN = {UTCDateTime: "sa.DateTime(timezone=True)", EncryptedText: "sa.LargeBinary()"}


def _render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write plain types into revisions: history must not change when our column types do."""
    if item is JSONValue:
        autogen.imports.add("from sqlalchemy.dialects.postgresql import JSONB")
        return 'sa.JSON().with_variant(JSONB(), "postgresql")'
    return _PLAIN.get(type(item), False) if kind == "type" else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_render_item,
)
with context.begin_transaction():
    context.run_migrations()
