"""Write docs/reference from the code: `python -m docs.generate`, or `--check` to fail when a page is stale."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from sqlalchemy import Table

import core.audit
import core.events
import core.jobs
import qa.models
from core.accounts import ROLE_PERMISSIONS, Permission
from core.db import Base
from core.events import Event
from core.i18n import use_locale
from core.settings import Settings, setting_origins
from ivr.metrics.counts import COUNTS
from ivr.metrics.definitions import FORMS, PRESETS, STANDARD, Definition
from sansheng.cli import cli
from sansheng.wiring import SUBSCRIPTIONS

REFERENCE = Path(__file__).parent / "reference"
_NOTE = "<!-- Written by `make docs` from the code; edit the code instead. -->\n\n"
_TABLE_ROOMS = (core.audit, core.events, core.jobs, qa.models)  # imported for their rows


def settings_page() -> Iterator[str]:
    """Every setting, its variable, its default."""
    yield "# Settings\n\nStrongest first: the variable, then the key in `sansheng.toml`, then the default.\n\n"
    yield "| key | variable | default | what it does |\n|---|---|---|---|\n"
    home = str(Path.home())
    for s in setting_origins(Settings(), environment={}, file=Path("/dev/null")):
        yield f"| `{s.name}` | `{s.variable}` | `{s.value.replace(home, '~')}` | {s.description} |\n"


def cli_page() -> Iterator[str]:
    """Every command with its options, as `--help` prints them."""
    yield "# Commands\n\n"
    yield "Exit codes: 0 done, 1 the input is wrong, 2 usage, 3 a needed part is missing, 4 failed and can be retried.\n"
    yield "`--json` prints one JSON document on stdout and nothing else; progress goes to stderr.\n"
    yield from _command_help(cli, click.Context(cli, info_name="sansheng"))


def _command_help(command: click.Command, ctx: click.Context) -> Iterator[str]:
    yield f"\n## {ctx.command_path}\n\n```\n{command.get_help(ctx)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            child = command.get_command(ctx, name)
            if child is not None:
                yield from _command_help(child, click.Context(child, info_name=name, parent=ctx))


def database_page() -> Iterator[str]:
    """Every table and column."""
    yield "# Database\n\nThe same schema on SQLite and PostgreSQL. Times are UTC, durations are seconds.\n"
    classes = {m.local_table: m.class_ for m in Base.registry.mappers}
    for table in sorted((t for t in classes if isinstance(t, Table)), key=lambda t: t.name):
        yield f"\n## {table.name}\n\n{_unwrapped(classes[table].__doc__)}\n\n| column | type | null |\n|---|---|---|\n"
        for column in table.columns:
            target = next((f" → {key.target_fullname}" for key in column.foreign_keys), "")
            yield f"| `{column.name}` | {column.type!r}{target} | {'yes' if column.nullable else ''} |\n"


def _unwrapped(text: str | None) -> str:
    return "\n".join(line.strip() for line in (text or "").strip().splitlines())


def events_page() -> Iterator[str]:
    """Every event, its fields and the jobs it starts."""
    yield "# Events\n\nA room publishes into the outbox; a worker turns each event into the jobs listed here.\n\n"
    yield "| event | published by | fields | starts |\n|---|---|---|---|\n"
    # a class with slots is made twice: the one that is used comes last
    events = {event.name(): event for event in Event.__subclasses__()}
    for event in sorted(events.values(), key=lambda e: (e.__module__, e.__name__)):
        fields = ", ".join(f"`{f}`" for f in event.__dataclass_fields__)
        jobs = ", ".join(f"`{j}`" for j in SUBSCRIPTIONS.get(event, ()))
        yield f"| `{event.name()}` | `{event.__module__.split('.')[0]}` | {fields} | {jobs} |\n"


def permissions_page() -> Iterator[str]:
    """Which role may do what."""
    yield "# Roles and permissions\n\n"
    roles = list(ROLE_PERMISSIONS)
    yield "| permission | " + " | ".join(roles) + " |\n|---" * 1 + "|---" * len(roles) + "|\n"
    for permission in Permission:
        marks = " | ".join("✓" if permission in ROLE_PERMISSIONS[role] else "" for role in roles)
        yield f"| `{permission}` | {marks} |\n"


def metrics_page() -> Iterator[str]:
    """Every figure of the queue reports with its formula, and what the shipped definitions say."""
    yield "# Figures of the queues\n\nA report prints the name and version of its definition. A version never changes: asked for\n"
    yield "an old one, a report gives the old numbers. A figure that is not known is empty, never 0.\n"
    yield from _presets()
    with use_locale("en"):
        latest = STANDARD.formulas()
    chinese = _in_chinese(STANDARD)
    yield f"\n## Formulas of {STANDARD.label}\n\n| figure | unit | formula | 公式 |\n|---|---|---|---|\n"
    for name, formula in latest.items():
        yield f"| `{name}` | {_unit(name)} | {formula} | {chinese[name]} |\n"
    yield "\n## Forms of the service level\n\n| form | formula |\n|---|---|\n"
    for form in FORMS:
        yield f"| `{form}` | {STANDARD.service_level_formula(form)} |\n"


def _presets() -> Iterator[str]:
    yield (
        "\n## Shipped definitions\n\n| | "
        + " | ".join(d.label for d in PRESETS)
        + " |\n|---"
        + "|---" * len(PRESETS)
        + "|\n"
    )
    for field in Definition.model_fields:
        if field not in {"name", "version"}:
            yield f"| `{field}` | " + " | ".join(str(getattr(d, field)) for d in PRESETS) + " |\n"


def _in_chinese(definition: Definition) -> dict[str, str]:
    with use_locale("zh_CN"):
        return definition.formulas()


def _unit(name: str) -> str:
    if name in COUNTS:
        return "calls"
    if name.endswith("_s"):
        return "s"
    return {"rings": "rings", "day_part": "time of day"}.get(name, "share")


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "settings.md": settings_page,
    "cli.md": cli_page,
    "database.md": database_page,
    "events.md": events_page,
    "permissions.md": permissions_page,
    "metrics.md": metrics_page,
}


def main() -> int:
    """Write all pages, or with --check name those that differ from what would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        text = _NOTE + "".join(page())
        path = REFERENCE / name
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(str(path.relative_to(Path.cwd())))
        elif not check:
            path.write_text(text, encoding="utf-8")
    for page_path in stale:
        sys.stderr.write(f"{page_path} is stale: run make docs\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
