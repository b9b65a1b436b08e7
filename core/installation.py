"""An installation: one data folder with its settings, database, blobs and clock.

Commands, jobs, daemons and the web all start from an opened installation; it is passed, never global.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.blobs import Blobs, FolderBlobs
from core.clock import Clock, SystemClock
from core.crypto import install_secret, load_or_create_secret
from core.db import create_database_engine, unit_of_work
from core.errors import BadInput
from core.i18n import gettext as _
from core.i18n import install_locale
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Installation:
    """What every part of the product works on."""

    settings: Settings
    engine: Engine
    blobs: Blobs
    clock: Clock

    @classmethod
    def open(cls, settings: Settings, *, clock: Clock | None = None) -> Installation:
        """Open (and on first use create) the data folder; the schema is `sansheng db upgrade`'s business.

        Raises:
            BadInput: the data folder cannot be made.
            MissingPart: the secret key cannot be read, or the database's driver is not there.
        """
        try:
            settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)  # recordings are nobody else's
        except OSError as error:
            raise BadInput(
                _(
                    "the data folder %(folder)s cannot be made: %(reason)s; set SANSHENG_HOME to a folder of your own",
                    folder=settings.home,
                    reason=error.strerror,
                )
            ) from None
        install_locale(settings.web.locale)
        secret = settings.secret_key.get_secret_value()
        install_secret(secret or load_or_create_secret(settings.home / "secret.key"))
        blobs = FolderBlobs(settings.blob_root)
        blobs.sweep()
        return cls(
            settings=settings,
            engine=create_database_engine(settings.database_url),
            blobs=blobs,
            clock=clock or SystemClock(),
        )

    @contextmanager
    def unit_of_work(self, *, read_only: bool = False) -> Iterator[Session]:
        """Give a session that commits at the end or rolls back; see `core.db.unit_of_work`."""
        with unit_of_work(self.engine, read_only=read_only) as session:
            yield session

    def close(self) -> None:
        """Give the database connections back."""
        self.engine.dispose()
