"""`sansheng web`: the web pages alone."""

from __future__ import annotations

import click

from core.installation import Installation
from web.server import serve_web


@click.command()
@click.option("--host", help="Address to listen on (default: the setting web.host).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default: the setting web.port).")
@click.pass_obj
def web(installation: Installation, host: str | None, port: int | None) -> None:
    """Serve the web pages."""
    shown = installation.settings.web
    click.echo(f"http://{host or shown.host}:{shown.port if port is None else port}/", err=True)
    serve_web(installation, host=host, port=port)
