"""Log-in, log-out, and the choice of language and colours."""

from __future__ import annotations

import math

from flask import Blueprint, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from core.accounts import User, authenticate
from core.audit import record_audit
from core.i18n import LOCALES
from core.i18n import gettext as _
from web.auth.sessions import begin_session, end_session
from web.auth.throttle import LoginThrottle
from web.context import account, db, installation, now, request_value, user
from web.language import LOCALE_COOKIE
from web.links import safe_return

blueprint = Blueprint("auth", __name__)

THEME_COOKIE = "sansheng_theme"
THEMES = ("auto", "light", "dark")
_ONE_YEAR_S = 365 * 24 * 3600


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Show the log-in form, or check what was sent."""
    target = safe_return(request.values.get("next"))
    if request.method == "GET":
        return redirect(target) if account() else _form(target)
    throttle: LoginThrottle = current_app.extensions["login_throttle"]
    name, address = request_value("username").lower()[:64], request.remote_addr or ""
    if wait_s := throttle.wait_s(name, address, now()):
        minutes = math.ceil(wait_s / 60)
        return _form(target, _("Too many tries. Wait %(minutes)s minutes.", minutes=minutes), status=429)
    found = authenticate(db(), name, request.form.get("password", ""))
    if found is None:
        throttle.failed(name, address, now())
        _audit("login_failed", None, f"user:{name}")
        return _form(target, _("User name or password is wrong."), status=401)
    throttle.succeeded(name, address)
    _audit("logged_in", found, f"user:{found.username}")
    begin_session(found)
    return redirect(target, 303)


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End this browser's session."""
    _audit("logged_out", user(), f"user:{user().username}")
    end_session()
    return redirect("/login", 303)


@blueprint.post("/preferences")
def preferences() -> ResponseReturnValue:
    """Keep the language or the colours this browser asks for."""
    response = redirect(safe_return(request.form.get("next")), 303)
    locale, theme = request_value("locale"), request_value("theme")
    if locale in LOCALES:
        _keep(response, LOCALE_COOKIE, locale)
        if (who := account()) and (row := db().get(User, who.id)):
            row.locale = locale
    if theme in THEMES:
        _keep(response, THEME_COOKIE, theme)
    return response


def _form(target: str, problem: str = "", *, status: int = 200) -> ResponseReturnValue:
    name = request.form.get("username", "")
    return render_template("auth/login.html", next=target, problem_text=problem, username=name), status


def _audit(action: str, who: User | None, subject: str) -> None:
    record_audit(db(), at=now(), user_id=who.id if who else None, action=action, subject=subject)


def _keep(response: Response, cookie: str, value: str) -> None:
    secure = installation().settings.web.secure_cookies
    response.set_cookie(
        cookie, value, max_age=_ONE_YEAR_S, secure=secure, httponly=True, samesite="Lax", path="/"
    )
