"""From a document's tree to a `Flow`: every section read, every wrong value noted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast
from zoneinfo import ZoneInfo

from core.documents.reading import Reading, nearest
from core.documents.section import NAME, Section
from core.documents.yaml_tree import Table
from core.i18n import gettext as _
from ivr.flow.document import Flow, Settings
from ivr.flow.holidays import HolidayCalendar, read_calendar
from ivr.flow.hours import OpeningHours, read_hours
from ivr.flow.nodes import KINDS
from ivr.flow.nodes.base import Node, read_speech

DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")


def read_flow(reading: Reading, table: Table) -> Flow:
    """Return the flow a document describes; sound only if the reading has no findings."""
    top = Section(reading, table, "", 1)
    name, version = top.name("flow"), top.whole("version", 1, 1_000_000, 1)
    settings = _read_settings(top)
    holidays = {key: read_calendar(key, section) for key, section in _named(top, "holidays", required=False)}
    prompts = _read_prompts(top, settings.languages)
    flow = Flow(
        name=name,
        version=version,
        settings=settings,
        hours=_read_hours(top, settings, holidays),
        holidays=holidays,
        prompts=prompts,
        start=top.reference("start", "node"),
        error=top.reference("error", "node", required=False),
        nodes=_read_nodes(top, settings),
    )
    top.close()
    return flow


def _named(top: Section, key: str, *, required: bool) -> list[tuple[str, Section]]:
    """Return the named parts of a section; a name that is none becomes a finding."""
    found = list(top.sections(key, required=required))
    for name, section in found:
        top.reading.define(key, name, section.line)
        if not NAME.fullmatch(name):
            section.note(_("%(name)s is not a name (a-z, 0-9, _, a letter first)", name=name[:64]))
    return found


def _read_settings(top: Section) -> Settings:
    languages = top.listed("languages", required=True)
    for language, line in languages:
        if not NAME.fullmatch(language):
            top.note_at(line, _("%(name)s is not a language code such as zh or en", name=language[:64]))
    section = top.section("settings", required=False) or Section(top.reading, Table({}, 1, {}), "settings")
    settings = Settings(
        languages=tuple(dict.fromkeys(language for language, _line in languages)) or ("zh",),
        zone=section.zone("zone", DEFAULT_ZONE),
        type_ahead=cast("Literal['drop', 'keep']", section.choice("type_ahead", ("drop", "keep"), "drop")),
        noinput=read_speech(section, "noinput", required=False),
        nomatch=read_speech(section, "nomatch", required=False),
        attempts=section.whole("attempts", 1, 10, 3),
        timeout_s=section.number("timeout_s", 1, 60, 5),
        interdigit_s=section.number("interdigit_s", 1, 60, 3),
        max_steps=section.whole("max_steps", 20, 10_000, 500),
    )
    section.close()
    return settings


def _read_prompts(top: Section, languages: tuple[str, ...]) -> dict[str, dict[str, str]]:
    prompts: dict[str, dict[str, str]] = {}
    for name, section in _named(top, "prompts", required=True):
        prompts[name] = {language: section.text(language) for language in languages}
        section.close()
    return prompts


def _read_hours(
    top: Section, settings: Settings, holidays: Mapping[str, HolidayCalendar]
) -> dict[str, OpeningHours]:
    return {
        name: read_hours(name, section, settings.zone, holidays)
        for name, section in _named(top, "hours", required=False)
    }


def _read_nodes(top: Section, settings: Settings) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    for name, section in _named(top, "nodes", required=True):
        kind = section.text("kind")
        if kind in KINDS:
            nodes[name] = KINDS[kind].read(name, section, settings)
            section.close()
        elif kind:
            section.note(_("there is no kind %(name)s", name=kind[:64]) + nearest(kind, KINDS), "kind")
    return nodes
