"""Languages: English msgids, a Chinese catalogue, and the language of the current piece of work.

The catalogue is read from its .po file, so there is no compiled copy to forget. The language is a
context variable: a request, a command or a report sets it around its work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any, Final

from babel.messages.pofile import read_po

LOCALES: Final = ("zh_CN", "en")
SOURCE_LOCALE: Final = "en"

_locale: ContextVar[str] = ContextVar("locale", default="")
_installed = {"locale": "zh_CN"}
"""Language of work that nobody chose one for: jobs and their threads, which inherit no context."""


@cache
def catalogue(locale: str) -> dict[str, str]:
    """Return msgid → text of one language; empty for the source language."""
    if locale == SOURCE_LOCALE:
        return {}
    path = files("core") / "locale" / locale / "LC_MESSAGES" / "sansheng.po"
    with path.open("rb") as file:
        messages = read_po(file, locale=locale)
    return {str(m.id): str(m.string) for m in messages if m.id and m.string and not m.fuzzy}


def gettext(message: str, **values: Any) -> str:
    """Translate a msgid into the current language and fill in its `%(name)s` values."""
    text = catalogue(current_locale()).get(message, message)
    return text % values if values else text


def N_(message: str) -> str:  # noqa: N802  (gettext's own name, which extraction looks for)
    """Mark a msgid for extraction without translating it here."""
    return message


def current_locale() -> str:
    """Return the language of the current piece of work, `zh_CN` or `en`."""
    return _locale.get() or _installed["locale"]


def install_locale(locale: str) -> None:
    """Set the language of this process where no `use_locale` holds."""
    _installed["locale"] = locale


@contextmanager
def use_locale(locale: str) -> Iterator[None]:
    """Do a piece of work in a language; an unknown one falls back to zh_CN."""
    token = _locale.set(locale if locale in LOCALES else "zh_CN")
    try:
        yield
    finally:
        _locale.reset(token)
