"""The language of a request: the account's choice, else the cookie, else the installation's default."""

from __future__ import annotations

from contextlib import ExitStack

from flask import Flask, g, request

from core.i18n import LOCALES, current_locale, gettext, use_locale
from web.context import account, installation

LOCALE_COOKIE = "sansheng_locale"


def chosen_locale() -> str:
    """Return the locale this request is answered in."""
    user = account()
    choices = (user.locale if user else "", request.cookies.get(LOCALE_COOKIE, ""))
    return next((c for c in choices if c in LOCALES), installation().settings.web.locale)


def enter_language() -> None:
    """Answer the rest of the request in its language."""
    g.language = ExitStack()
    g.language.enter_context(use_locale(chosen_locale()))


def _leave_language(_error: BaseException | None) -> None:
    if stack := g.pop("language", None):
        stack.close()


def html_language() -> str:
    """Return the language tag of the page, as in `<html lang>`."""
    return "zh-CN" if current_locale() == "zh_CN" else "en"


def install_language(app: Flask) -> None:
    """Give templates `_()` and close the request's language at its end."""
    app.teardown_request(_leave_language)
    app.jinja_env.globals.update(_=gettext, current_locale=current_locale, html_language=html_language)
