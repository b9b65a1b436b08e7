"""What a request works with: the installation, its database session, the account, the clock's time.

A view gets its session from `db()`; the unit of work spans the view and commits before the answer is
sent. GET and HEAD are read-only units, so pages never wait for an import.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.accounts import User
from core.errors import Forbidden
from core.installation import Installation

_READING_METHODS = {"GET", "HEAD", "OPTIONS"}
_WITHOUT_DATABASE = {None, "static", "health", "hooks.audio", "hooks.fallback"}
"""Endpoints that must answer when the database does not."""
_ASK_TELEPHONY = {"duty.act", "duty.listen"}
"""They wait for a telephony, which may take seconds, and write in units of their own: nobody waits for them."""


class WebApp(Flask):
    """Flask with one unit of work around each view."""

    installation: Installation

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view inside a unit of work; what the view raises rolls it back."""
        if request.endpoint in _WITHOUT_DATABASE:
            return super().dispatch_request()
        reading = request.method in _READING_METHODS or request.endpoint in _ASK_TELEPHONY
        with self.installation.unit_of_work(read_only=reading) as session:
            g.session = session
            return super().dispatch_request()


def installation() -> Installation:
    """Return the installation this application serves."""
    return cast("WebApp", current_app).installation


def db() -> Session:
    """Return the request's session."""
    return cast("Session", g.session)


def now() -> datetime:
    """Return the aware UTC time."""
    return installation().clock.now()


def account() -> User | None:
    """Return the account that is logged in, or None."""
    return cast("User | None", g.get("user"))


def user() -> User:
    """Return the account that is logged in; raises Forbidden when there is none."""
    if (found := account()) is None:
        raise Forbidden("log in first")
    return found


def actor() -> User:
    """Return the account that is logged in as a row of the request's session, for acts that write."""
    return db().get_one(User, user().id)


def is_fragment_request() -> bool:
    """Whether htmx asks for a part of a page rather than a page."""
    return request.headers.get("HX-Request") == "true"


def request_value(name: str) -> str:
    """Return a form field, stripped; empty when it was not sent."""
    return request.form.get(name, "").strip()
