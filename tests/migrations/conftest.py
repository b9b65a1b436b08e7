"""An empty database, to be migrated by the test."""

import uuid

import pytest
from sqlalchemy import create_engine, text

from core.crypto import install_secret
from core.db import create_database_engine
from core.i18n import use_locale


@pytest.fixture(autouse=True)
def _english():
    """Tests read the sentences of the code; the Chinese ones are checked against them elsewhere."""
    with use_locale("en"):
        yield


@pytest.fixture
def empty_engine(tmp_path, postgres_server):
    """The product's engine on a database without any table."""
    install_secret("a secret for tests only")
    if postgres_server is None:
        url = f"sqlite:///{tmp_path}/empty.db"
    else:
        name = f"empty_{uuid.uuid4().hex}"
        admin = create_engine(postgres_server.url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = postgres_server.url(name)
    engine = create_database_engine(url)
    yield engine
    engine.dispose()
