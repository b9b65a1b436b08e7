"""Response headers of every answer, and the nonce behind the content security policy.

No inline script or style runs without the request's nonce; nothing is loaded from elsewhere; no other
site may frame a page.
"""

from __future__ import annotations

import secrets
from typing import cast

from flask import Flask, Response, g, request

_ONE_YEAR_S = 365 * 24 * 3600
_PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"


def csp_nonce() -> str:
    """Return the nonce of this request."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    return cast("str", g.csp_nonce)


def content_security_policy(nonce: str) -> str:
    """Return the policy: own files only, and inline only what carries the nonce."""
    directives = {
        "default-src": "'none'",
        "script-src": f"'self' 'nonce-{nonce}'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": "'self' data:",
        "media-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def secure_headers(response: Response) -> Response:
    """Put the security headers on an answer; pages with personal data are never cached."""
    headers = response.headers
    headers["Content-Security-Policy"] = content_security_policy(csp_nonce())
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = _PERMISSIONS_POLICY
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if request.is_secure:
        headers["Strict-Transport-Security"] = f"max-age={_ONE_YEAR_S}"
    if request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    return response


def install_security(app: Flask) -> None:
    """Register the headers and give templates the nonce."""
    app.after_request(secure_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
