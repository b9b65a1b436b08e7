"""A line to an installation's Asterisk for one thing to be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from core.errors import MissingPart
from core.i18n import gettext as _
from core.installation import Installation
from ivr.asterisk.ami.connection import AmiConnection


@contextmanager
def asterisk_line(installation: Installation) -> Iterator[AmiConnection]:
    """Give a logged-in line without events.

    Raises:
        MissingPart: there is no Asterisk, or it does not let us in.
        AmiLost: it cannot be reached.
    """
    settings = installation.settings.ami
    if not settings.secret.get_secret_value():
        raise MissingPart(
            _("no Asterisk is set up: set SANSHENG_AMI_SECRET to the secret in its manager.conf")
        )
    with closing(AmiConnection(settings)) as line:
        yield line
