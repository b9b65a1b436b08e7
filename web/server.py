"""Serves the pages with waitress, in this process, until it is told to stop."""

from __future__ import annotations

import logging

import waitress

from core.errors import MissingPart
from core.installation import Installation
from web.app import create_app


def serve_web(installation: Installation, *, host: str | None = None, port: int | None = None) -> None:
    """Serve until interrupted; host and port default to the settings.

    Raises:
        MissingPart: the address cannot be listened on.
    """
    web = installation.settings.web
    host, port = host or web.host, web.port if port is None else port
    # A page with its files is more requests than threads for a moment; that is no warning.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        server = waitress.create_server(
            create_app(installation), host=host, port=port, threads=web.threads, ident=None
        )
    except OSError as error:
        raise MissingPart(
            f"cannot listen on {host}:{port}: {error.strerror}; free the port or choose another with --port"
        ) from error
    try:
        server.run()
    finally:
        server.close()
