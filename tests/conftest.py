"""Shared fixtures: an installation with a fresh database, on SQLite or, with --postgres, on PostgreSQL."""

import os
import shutil
import sqlite3
import uuid
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text

import core.i18n
from core.clock import FixedClock
from core.db import create_database_engine
from core.installation import Installation
from core.settings import Settings
from sansheng.migrations import upgrade_database
from tests.postgres import PostgresServer

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def pytest_addoption(parser):
    parser.addoption(
        "--postgres", action="store_true", help="run database tests on a PostgreSQL server of our own"
    )
    parser.addoption(
        "--thorough", action="store_true", help="run long tests at full length: 2,000 callers, 150 kills"
    )


def pytest_collection_modifyitems(config, items):
    """With --postgres only what touches the database runs: the rest has run already, the same way."""
    if config.getoption("--postgres"):
        other = [item for item in items if "postgres_server" not in item.fixturenames]
        config.hook.pytest_deselected(items=other)
        items[:] = [item for item in items if "postgres_server" in item.fixturenames]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    """A developer's own settings must not decide a test."""
    for name in [n for n in os.environ if n.startswith("SANSHENG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setitem(core.i18n._installed, "locale", "zh_CN")


@pytest.fixture(scope="session")
def postgres_server(request):
    """The session's own PostgreSQL server, or None when the tests run on SQLite."""
    if not request.config.getoption("--postgres"):
        yield None
        return
    server = PostgresServer()
    server.start()
    try:
        with _administration(server) as connection:
            connection.execute(text("CREATE DATABASE template_sansheng"))
        _migrate(server.url("template_sansheng"))
        yield server
    finally:
        server.stop()


@contextmanager
def _administration(server):
    engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _migrate(url):
    engine = create_database_engine(url)
    upgrade_database(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def thorough(request):
    """Whether the tests that try many of a kind try all of them, not a part that fits every change."""
    return request.config.getoption("--thorough")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A migrated, empty SQLite database to copy from."""
    path = tmp_path_factory.mktemp("template") / "sansheng.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def database_url(tmp_path, sqlite_template, postgres_server):
    """URL of a migrated, empty database of this test's own."""
    if postgres_server is None:
        home = tmp_path / "home"
        home.mkdir()
        with (
            closing(sqlite3.connect(sqlite_template)) as source,
            closing(sqlite3.connect(home / "sansheng.db")) as target,
        ):
            source.backup(target)
        yield f"sqlite:///{home / 'sansheng.db'}"
        return
    name = f"test_{uuid.uuid4().hex}"
    with _administration(postgres_server) as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_sansheng"))
    yield postgres_server.url(name)
    with _administration(postgres_server) as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def settings(tmp_path, database_url):
    """Settings of a test installation in a folder of its own."""
    return Settings.model_validate(
        {
            "home": tmp_path / "home",
            "secret_key": "a secret for tests only",
            "database": {"url": database_url},
        }
    )


@pytest.fixture
def clock():
    """A clock that stands still until a test moves it."""
    return FixedClock(NOW)


@pytest.fixture
def installation(settings, clock):
    """An opened installation with an empty, migrated database."""
    opened = Installation.open(settings, clock=clock)
    yield opened
    opened.close()
    shutil.rmtree(settings.home, ignore_errors=True)


@pytest.fixture
def session(installation):
    """A session that commits at the end of the test."""
    with installation.unit_of_work() as opened:
        yield opened
