"""A small hotline behind the web application, and browsers of every role."""

from contextlib import contextmanager

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event

import core.accounts
import web.assets
from core.accounts import Role
from tests.factories import add_staff
from web.app import create_app


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch):
    """Hash cheaply; how strong the product hashes is core's own test."""
    monkeypatch.setattr(core.accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(autouse=True)
def _vendored_files(monkeypatch):
    """Pages need the addresses of the front-end files, not the files."""
    names = ["htmx.org/htmx.min.js", *web.assets.MODULES.values()]
    files = {name: {"path": name, "integrity": "sha384-x"} for name in names}
    monkeypatch.setattr(web.assets, "_vendor_files", lambda: files)


@pytest.fixture
def staff(installation):
    return add_staff(installation)


@pytest.fixture
def app(installation):
    """The application, without CSRF checks: those have their own tests."""
    made = create_app(installation)
    made.config["WTF_CSRF_ENABLED"] = False
    return made


@pytest.fixture
def browser_of(app, staff):
    """Return a function that gives a browser logged in as a role, in a language."""

    def browser(role, locale="en"):
        client = app.test_client()
        client.set_cookie("sansheng_locale", locale)
        if role is not None:
            account = staff.of(Role(role))
            with client.session_transaction() as cookie:
                cookie["user_id"], cookie["epoch"] = account.id, account.session_epoch
        return client

    return browser


@pytest.fixture
def count_queries(installation):
    """Return a context manager that lists the SELECTs of its body."""

    @contextmanager
    def counting():
        seen = []

        def note(_connection, _cursor, statement, *_rest):
            if statement.lstrip().startswith("SELECT"):
                seen.append(statement)

        event.listen(installation.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(installation.engine, "before_cursor_execute", note)

    return counting
