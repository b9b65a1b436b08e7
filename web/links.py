"""Links inside the product: where a form may send the browser back to."""

from __future__ import annotations

from urllib.parse import urlsplit


def safe_return(target: str | None, default: str = "/") -> str:
    """Return a path of ours to go back to; anything that names another host becomes the default."""
    if not target or any(character in target for character in "\\\r\n\t"):
        return default
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith("//"):
        return default
    return target
