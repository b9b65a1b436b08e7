"""Published scorecards: immutable versions, kept as the text they were published from."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.audit import record_audit
from core.errors import MissingPart, NotFound
from core.i18n import gettext as _
from qa.models import ScorecardVersion
from qa.scorecard import Scorecard, read_scorecard

SHIPPED: Final = "hotline-etiquette"


def publish(session: Session, text: str, at: datetime, *, by: int | None = None) -> ScorecardVersion:
    """Publish a document as the next version of its scorecard; raises BadInput when it has errors.

    An unchanged document is the same version: nothing is written.
    """
    scorecard = read_scorecard(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    latest = latest_version(session, scorecard.name)
    if latest is not None and latest.sha256 == digest:
        return latest
    version = ScorecardVersion(
        name=scorecard.name,
        version=latest.version + 1 if latest else 1,
        sha256=digest,
        document=text,
        published_at=at,
    )
    session.add(version)
    session.flush()
    record_audit(
        session,
        at=at,
        user_id=by,
        action="scorecard_published",
        subject=f"scorecard:{version.name}@{version.version}",
        sha256=digest,
    )
    return version


def shipped_document(name: str = SHIPPED) -> str:
    """Return the text of a scorecard that comes with the product."""
    return (files("qa") / "scorecards" / f"{name}.yaml").read_text(encoding="utf-8")


def current_version(session: Session, *, at: datetime, name: str = SHIPPED) -> ScorecardVersion:
    """Return the version that new calls are scored with: the latest of a name (the setting `qa.scorecard`).

    The shipped scorecard is published when it is first asked for.

    Raises:
        MissingPart: no scorecard of that name is published.
    """
    latest = latest_version(session, name)
    if latest is None and name != SHIPPED:
        raise MissingPart(
            _(
                "the setting qa.scorecard names %(name)s, which is not published; "
                "run: sansheng scorecard publish FILE",
                name=name,
            )
        )
    return latest or publish(session, shipped_document(), at)


def find_version(session: Session, reference: str) -> ScorecardVersion:
    """Return the version `NAME` (the latest) or `NAME@VERSION`; raises NotFound naming what there is."""
    name, _at, number = reference.partition("@")
    versions = select(ScorecardVersion).where(ScorecardVersion.name == name)
    if number.isdecimal():
        found = session.scalar(versions.where(ScorecardVersion.version == int(number)))
    else:
        found = None if number else latest_version(session, name)
    if found is None:
        known = session.scalars(select(ScorecardVersion).order_by(ScorecardVersion.id))
        names = ", ".join(f"{v.name}@{v.version}" for v in known) or "-"
        raise NotFound(
            _("there is no scorecard %(reference)s; published: %(names)s", reference=reference, names=names)
        )
    return found


def scorecard_of(version: ScorecardVersion) -> Scorecard:
    """Return the scorecard of a published version."""
    return _parsed(version.document, f"{version.name}@{version.version}")


@lru_cache(maxsize=64)
def _parsed(document: str, name: str) -> Scorecard:
    return read_scorecard(document, name)


def latest_version(session: Session, name: str) -> ScorecardVersion | None:
    """Return the latest version of a scorecard, None when there is none of that name."""
    versions = select(ScorecardVersion).where(ScorecardVersion.name == name)
    return session.scalar(versions.order_by(ScorecardVersion.version.desc()).limit(1))
