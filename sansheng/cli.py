"""The command line: `sansheng COMMAND`. Each room brings its own commands; this puts them together.

Commands are imported only when they are called, so that `sansheng --help` is instant. Errors for
people become one sentence on stderr and an exit code; only a defect of ours shows a traceback.
"""

from __future__ import annotations

import errno
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import click

from core.errors import AppError, ExitCode, MissingPart
from core.i18n import gettext as _
from core.i18n import use_locale
from core.installation import Installation
from core.logging import configure_logging
from core.settings import Settings, load_settings
from sansheng.migrations import is_empty, pending_revisions, upgrade_database

COMMANDS = {
    "agent": "ivr.cli_floor:agent",
    "asterisk": "sansheng.commands.asterisk:asterisk",
    "audit": "sansheng.commands.accounts:audit",
    "caller": "ivr.cli_caller:caller",
    "db": "sansheng.commands.database:db",
    "dead": "sansheng.commands.work:dead",
    "demo": "sansheng.commands.demo:demo",
    "doctor": "sansheng.commands.doctor:doctor",
    "ivr": "ivr.cli:ivr",
    "listen": "ivr.cli_floor:listen",
    "live": "ivr.cli_floor:live",
    "model": "recording.cli:model",
    "queue": "ivr.cli_queue:queue",
    "recording": "recording.cli:recording",
    "report": "web.reports.command:report",
    "rescore": "qa.cli:rescore",
    "sample": "qa.cli:sample",
    "score": "qa.cli:score",
    "scorecard": "qa.cli:scorecard",
    "serve": "sansheng.commands.work:serve",
    "transcribe": "recording.cli:transcribe",
    "twilio": "ivr.cli_twilio:twilio",
    "user": "sansheng.commands.accounts:user",
    "web": "web.cli:web",
    "worker": "sansheng.commands.work:worker",
}
WITHOUT_INSTALLATION = frozenset({"db", "demo", "doctor"})
"""Commands that must work on a machine where nothing is set up, or set it up themselves."""

OPENS_WHEN_NEEDED = frozenset({"ivr"})
"""Commands of which some need the installation and some must work without: they are given the way to open it."""


_OF_THE_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
"""Full disks and folders one may not write to: the user's to put right, not a defect of ours."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; its room is not loaded before."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sansheng", prog_name="sansheng")
@click.option("--home", type=click.Path(path_type=Path), help="Data folder (default: SANSHENG_HOME).")
@click.pass_context
def cli(ctx: click.Context, home: Path | None) -> None:
    """Sansheng 三声: an offline service hotline and call-quality QA."""
    settings = load_settings()
    if home is not None:
        settings = settings.model_copy(update={"home": home})
    configure_logging(settings.log_level)
    ctx.with_resource(use_locale(settings.web.locale))
    if ctx.invoked_subcommand in WITHOUT_INSTALLATION:
        ctx.obj = settings
        return
    if ctx.invoked_subcommand in OPENS_WHEN_NEEDED:
        ctx.obj = partial(open_installation, settings)
        return
    if "--help" in sys.argv or "-h" in sys.argv:
        return
    installation = open_installation(settings)
    ctx.obj = installation
    ctx.call_on_close(installation.close)


def open_installation(settings: Settings) -> Installation:
    """Open the installation with an up-to-date schema.

    A new database gets its schema at once; an older one is left alone, because an upgrade is a
    decision (and wants a backup).

    Raises:
        MissingPart: the database needs `sansheng db upgrade`.
    """
    installation = Installation.open(settings)
    if is_empty(installation.engine):
        upgrade_database(installation.engine)
    elif pending := pending_revisions(installation.engine):
        raise MissingPart(
            _(
                "the database is older than this program (revisions missing: %(count)s); "
                "make a backup, then run: sansheng db upgrade",
                count=len(pending),
            )
        )
    return installation


def main() -> None:
    """Run a command and exit with the code that says how it went."""
    try:
        code = cli(standalone_mode=False)  # the code a command gave to ctx.exit(), else what it returned
        sys.exit(code if isinstance(code, int) else ExitCode.DONE)
    except click.Abort:
        click.echo(_("stopped"), err=True)
        sys.exit(130)
    except click.UsageError as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.BAD_INPUT)
    except AppError as error:
        click.echo(f"sansheng: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(ExitCode.DONE)
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE:
            raise
        told = _(
            "%(name)s: %(reason)s; try again when that is put right",
            name=error.filename or "-",
            reason=error.strerror,
        )
        click.echo(f"sansheng: {told}", err=True)
        sys.exit(ExitCode.RETRY_LATER)
