"""The web application: every hook, blueprint and template helper is put together here, nowhere else."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, request
from sqlalchemy.orm import configure_mappers

from core.crypto import derived_key
from core.installation import Installation
from web.admin.views import blueprint as admin
from web.assets import install_assets
from web.auth.throttle import LoginThrottle
from web.auth.views import THEME_COOKIE, THEMES
from web.auth.views import blueprint as auth
from web.callers.views import blueprint as callers
from web.calls.views import blueprint as calls
from web.charts import interval_bar
from web.context import WebApp, account
from web.duty.views import blueprint as duty
from web.errors import install_errors
from web.evaluations.views import blueprint as evaluations
from web.formats import install_formats
from web.gate import install_gate
from web.hooks.twilio import blueprint as hooks
from web.language import install_language
from web.missed.views import blueprint as missed
from web.permissions import allowed
from web.recordings.views import blueprint as recordings
from web.reports.views import blueprint as reports
from web.samples.views import blueprint as samples
from web.security import install_security
from web.shifts.views import blueprint as shifts
from web.staffing.views import blueprint as staffing
from web.tasks.views import blueprint as tasks
from web.wall.views import blueprint as wall

SESSION_LENGTH = timedelta(hours=12)
MAX_REQUEST_BYTES = 1 << 20


def create_app(installation: Installation) -> WebApp:
    """Build the application that serves an installation."""
    app = WebApp("web")
    app.installation = installation
    app.config.update(
        SECRET_KEY=derived_key("session"),
        PERMANENT_SESSION_LIFETIME=SESSION_LENGTH,
        SESSION_COOKIE_NAME="sansheng_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=installation.settings.web.secure_cookies,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        WTF_CSRF_CHECK_DEFAULT=False,  # web.gate checks, after it knows who asks
        WTF_CSRF_TIME_LIMIT=None,  # a score sheet may stay open for hours; the token ends with the session
    )
    app.extensions["login_throttle"] = LoginThrottle()
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for install in (
        install_gate,
        install_security,
        install_language,
        install_errors,
        install_formats,
        install_assets,
        _install_chrome,
    ):
        install(app)
    for blueprint in (
        auth,
        tasks,
        calls,
        recordings,
        evaluations,
        samples,
        admin,
        hooks,
        reports,
        wall,
        duty,
        missed,
        shifts,
        callers,
        staffing,
    ):
        app.register_blueprint(blueprint)
    app.add_url_rule("/health", "health", lambda: {"status": "up"})
    configure_mappers()  # else the first caller waits for it, and whoever wants to write waits behind them
    return app


def _install_chrome(app: Flask) -> None:
    """Give templates what the frame around every page needs."""
    app.jinja_env.globals.update(
        account=account,
        may_reach=_may_reach,
        theme=_theme,
        current_section=_current_section,
        interval_bar=interval_bar,
    )


def _may_reach(endpoint: str) -> bool:
    return allowed(account(), endpoint)


def _current_section() -> str:
    """Return the address of the main section a page belongs to."""
    blueprint, _dot, name = (request.endpoint or "").partition(".")
    if blueprint == "admin":
        return {"add": "/admin/users", "disable": "/admin/users", "retry": "/admin/jobs"}.get(
            name, f"/admin/{name}"
        )
    sections = {
        "tasks": "/",
        "samples": "/samples",
        "missed": "/missed",
        "shifts": "/shift",
        "callers": "/callers",
        "staffing": "/staffing",
        "wall": "/wall",
        "duty": "/duty",
        "reports": "/reports",
    }
    return sections.get(blueprint, "/calls") if blueprint not in {"", "auth"} else ""


def _theme() -> str:
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"
