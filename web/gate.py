"""What every request passes before its view: who is it, in which language, may they, is it forged."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, current_app, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import Forbidden, Unauthorized

from web.auth.sessions import session_account
from web.context import is_fragment_request
from web.language import enter_language
from web.permissions import allowed

_csrf = CSRFProtect()


def install_gate(app: Flask) -> None:
    """Put the gate before every view."""
    _csrf.init_app(app)
    app.before_request(_identify)
    app.before_request(enter_language)
    app.before_request(_authorise)
    app.before_request(_refuse_forgery)


def _identify() -> None:
    g.user = None if request.endpoint in {"static", "health"} else session_account()


def _authorise() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    if endpoint is None or allowed(g.user, endpoint):
        return None
    if g.user is not None:
        raise Forbidden
    if request.method != "GET" or is_fragment_request():
        raise Unauthorized
    return redirect("/login?" + urlencode({"next": request.full_path.rstrip("?")}))


def _refuse_forgery() -> None:
    if request.blueprint == "hooks":  # no browser and no session: the signature is their check
        return
    if request.endpoint is not None and current_app.config["WTF_CSRF_ENABLED"]:
        _csrf.protect()
