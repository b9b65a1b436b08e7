"""Typed reading of one mapping of a document: every wrong value becomes a finding, reading goes on.

A `Section` returns a harmless default for a value it refuses, so that one pass finds everything. What was
not asked for is an unknown key. References to other parts (nodes, prompts, calendars, variables) are noted
in the `Reading` and checked when the whole document is known.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.documents.reading import Reading, nearest
from core.documents.yaml_tree import Items, Leaf, Table, Value
from core.i18n import gettext as _

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
MAX_TEXT = 2000
KEYS = "0123456789*#"


class Section:
    """One mapping of the document.

    Attributes:
        reading: where findings and references go.
        where: the mapping's name in messages, such as `nodes.main`; empty for the whole document.
        line: line it begins on.
    """

    def __init__(self, reading: Reading, table: Table, where: str, line: int | None = None) -> None:
        self.reading = reading
        self.where = where
        self.line = line or table.line
        self._table = table
        self._asked: set[str] = set()

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys as written."""
        return tuple(self._table.entries)

    def _inside(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def has(self, key: str) -> bool:
        """Return whether a key is given."""
        return key in self._table.entries

    def line_of(self, key: str) -> int:
        """Return the line of a key, the mapping's own when it is absent."""
        return self._table.key_lines.get(key, self.line)

    def note(self, text: str, key: str = "", *, warning: bool = False) -> None:
        """Collect a finding at a key."""
        self.note_at(self.line_of(key), text, warning=warning)

    def note_at(self, line: int, text: str, *, warning: bool = False) -> None:
        """Collect a finding on a line of this mapping."""
        self.reading.note(line, f"{self.where}: {text}" if self.where else text, warning=warning)

    def is_text(self, key: str) -> bool:
        """Return whether a key holds text rather than a list or mapping."""
        value = self._table.entries.get(key)
        return isinstance(value, Leaf) and isinstance(value.value, str)

    def allow(self, keys: Collection[str]) -> None:
        """Count keys as known although they are not read."""
        self._asked |= set(keys)

    def close(self) -> None:
        """Report every key nobody asked for."""
        for key in self._table.entries.keys() - self._asked:
            told = _("unknown key %(key)s", key=key) + nearest(key, self._asked)
            self.note(told, key)

    def get(self, key: str, *, required: bool = False) -> Value | None:
        """Return a raw value; None when absent or empty."""
        self._asked.add(key)
        value = self._table.entries.get(key)
        if isinstance(value, Leaf) and value.value is None:
            value = None
        if value is None and required:
            self.note(_("%(key)s is missing", key=key), key)
        return value

    def _scalar(self, key: str, *, required: bool) -> str | int | float | bool | None:
        value = self.get(key, required=required)
        if value is None or isinstance(value, Leaf):
            return value.value if value else None
        self.note(_("%(key)s must be one value", key=key), key)
        return None

    def text(self, key: str, default: str | None = None) -> str:
        """Return text of a reasonable length; without a default it must be given."""
        value = self._scalar(key, required=default is None)
        if value is None:
            return default or ""
        if not isinstance(value, str):
            self.note(_('%(key)s must be text: quote it, "%(value)s"', key=key, value=value), key)
        elif len(value) > MAX_TEXT or not value.replace("\n", " ").isprintable():
            told = _(
                "%(key)s must be printable text of at most %(limit)s characters", key=key, limit=MAX_TEXT
            )
            self.note(told, key)
        else:
            return value
        return default or ""

    def name(self, key: str, default: str | None = None) -> str:
        """Return an identifier: a lower-case letter, then letters, digits and underscores."""
        value = self.text(key, default)
        if value and not NAME.fullmatch(value):
            told = _("%(key)s: %(value)s is not a name (a-z, 0-9, _, a letter first)", key=key, value=value)
            self.note(told, key)
        return value

    def choice(self, key: str, known: Collection[str], default: str | None = None) -> str:
        """Return one of the known words."""
        value = self.text(key, default)
        if value and value not in known and value != default:
            told = _(
                "%(key)s: %(value)s is not one of %(known)s", key=key, value=value, known=", ".join(known)
            )
            self.note(told, key)
            return default or ""
        return value

    def key_press(self, key: str, default: str = "") -> str:
        """Return one key of the telephone, empty when none is set."""
        value = self.text(key, default)
        if value and (len(value) != 1 or value not in KEYS):
            self.note(_("%(key)s must be one key: 0-9, * or #", key=key), key)
            return default
        return value

    def number(self, key: str, low: float, high: float, default: float) -> float:
        """Return a number between low and high."""
        value = self._scalar(key, required=False)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            told = _("%(key)s must be a number from %(low)g to %(high)g", key=key, low=low, high=high)
            self.note(told, key)
            return default
        return float(value)

    def whole(self, key: str, low: int, high: int, default: int) -> int:
        """Return a whole number between low and high."""
        value = self.number(key, low, high, default)
        if value != int(value):
            self.note(_("%(key)s must be a whole number", key=key), key)
        return int(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._scalar(key, required=False)
        if value is not None and not isinstance(value, bool):
            self.note(_("%(key)s must be true or false", key=key), key)
        return value if isinstance(value, bool) else default

    def listed(self, key: str, *, required: bool = False) -> list[tuple[str, int]]:
        """Return texts with their lines; a single text is a list of one."""
        value = self.get(key, required=required)
        items = value.items if isinstance(value, Items) else (value,) if value else ()
        found: list[tuple[str, int]] = []
        for item in items:
            if isinstance(item, Leaf) and isinstance(item.value, str):
                found.append((item.value, item.line))
            else:
                self.note_at(item.line, _("%(key)s must be text or a list of texts", key=key))
        return found

    def references(self, key: str, kind: str, *, required: bool = True) -> tuple[str, ...]:
        """Return names of other parts, noted for the check."""
        found = self.listed(key, required=required)
        for name, line in found:
            self.reading.refer(kind, name, line)
        return tuple(name for name, _line in found)

    def reference(self, key: str, kind: str, *, required: bool = True) -> str:
        """Return the name of one other part, noted for the check; empty when absent."""
        value = self.text(key, None if required else "")
        if value:
            self.reading.refer(kind, value, self.line_of(key))
        return value

    def section(self, key: str, *, required: bool = True) -> Section | None:
        """Return a mapping inside this one, None when there is none."""
        value = self.get(key, required=required)
        if isinstance(value, Table):
            return Section(self.reading, value, self._inside(key), self.line_of(key))
        if value is not None:
            self.note(_("%(key)s must be a mapping", key=key), key)
        return None

    def sections(self, key: str, *, required: bool = True) -> Iterator[tuple[str, Section]]:
        """Yield the named mappings inside a mapping."""
        outer = self.section(key, required=required)
        for name in outer.keys if outer else ():
            assert outer is not None
            inner = outer.section(name)
            if inner is not None:
                yield name, inner

    def rows(self, key: str, *, required: bool = False) -> Iterator[Section]:
        """Yield the mappings of a list of mappings."""
        value = self.get(key, required=required)
        if value is not None and not isinstance(value, Items):
            self.note(_("%(key)s must be a list", key=key), key)
            return
        for number, item in enumerate(value.items if value else (), start=1):
            if isinstance(item, Table):
                yield Section(self.reading, item, f"{self._inside(key)}[{number}]")
            else:
                self.note_at(item.line, _("%(key)s must be a list of mappings", key=key))

    def texts(self, key: str, *, required: bool = True) -> Mapping[str, str]:
        """Return a mapping of texts."""
        inner = self.section(key, required=required)
        return {name: inner.text(name) for name in inner.keys} if inner else {}

    def day(self, key: str) -> date | None:
        """Return a day written YYYY-MM-DD."""
        return self._day(self.text(key), self.line_of(key))

    def days(self, key: str) -> tuple[date, ...]:
        """Return a list of days."""
        found = (self._day(text, line) for text, line in self.listed(key))
        return tuple(day for day in found if day is not None)

    def key_day(self, key: str) -> date | None:
        """Return the day a key stands for."""
        return self._day(key, self.line_of(key))

    def _day(self, text: str, line: int) -> date | None:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                pass
        if text:
            self.note_at(line, _('"%(text)s" is not a day: write "2026-10-01"', text=text))
        return None

    def zone(self, key: str, default: ZoneInfo) -> ZoneInfo:
        """Return an IANA time zone."""
        name = self.text(key, "")
        if not name:
            return default
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.note(_("%(name)s is not a time zone: write Asia/Shanghai", name=name), key)
            return default
