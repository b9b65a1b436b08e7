"""`sansheng db`."""

from __future__ import annotations

import click

from core.i18n import gettext as _
from core.installation import Installation
from core.settings import Settings
from sansheng.migrations import pending_revisions, upgrade_database


@click.group()
def db() -> None:
    """Work with the database schema."""


@db.command("upgrade")
@click.pass_obj
def db_upgrade(settings: Settings) -> None:
    """Bring the schema up to this program's version. Make a backup first."""
    installation = Installation.open(settings)
    pending = pending_revisions(installation.engine)
    upgrade_database(installation.engine)
    installation.close()
    if pending:
        click.echo(_("applied %(revisions)s", revisions=", ".join(pending)))
    else:
        click.echo(_("the schema is up to date"))
