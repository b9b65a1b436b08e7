"""Twilio's request signature, checked over the configured public address and the raw request target.

The scheme (Twilio's "Webhooks security" page): HMAC-SHA1 over the address, then every form parameter's name
and value, sorted by name, a repeated value once; base64. It knows no delimiters, no time and no nonce, so it
proves only that Twilio once sent these bytes: shapes, routes and repeats are judged elsewhere (`requests`, `calls`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}


def sign(token: str, address: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return the signature of a POST to an address with these form parameters."""
    signed = address + "".join(name + value for name, value in sorted(set(parameters)))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def is_signed(
    tokens: Iterable[str], address: str, parameters: Iterable[tuple[str, str]], signature: str
) -> bool:
    """Whether one of the tokens (two while one is being replaced) made this signature.

    Args:
        tokens: auth tokens; empty ones sign nothing.
        address: configured base address plus the request target exactly as it came.
        parameters: every form parameter, repeated ones as often as they came.
        signature: header `X-Twilio-Signature`, empty when it was not sent.
    """
    parameters = list(parameters)
    claimed = signature.encode()
    good = False
    for token in filter(None, tokens):
        for written in _ways_to_write(address):
            good |= hmac.compare_digest(sign(token, written, parameters).encode(), claimed)
    return good


def _ways_to_write(address: str) -> Iterator[str]:
    """Yield the address as it is, and with the scheme's own port named or left out: Twilio does either."""
    yield address
    parts = urlsplit(address)
    port = _DEFAULT_PORTS.get(parts.scheme)
    if parts.port is None and port is not None:
        yield _with_netloc(address, parts, f"{parts.netloc}:{port}")
    elif parts.port is not None:
        yield _with_netloc(address, parts, parts.netloc.removesuffix(f":{parts.port}"))


def _with_netloc(address: str, parts: SplitResult, netloc: str) -> str:
    """Replace host and port and nothing else: parsing and writing again would change the target's bytes."""
    return address.replace(f"//{parts.netloc}", f"//{netloc}", 1)
