"""Error pages: a sentence and a code for what a person can act on, nothing of the inside otherwise."""

from __future__ import annotations

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from core.errors import AppError
from core.i18n import gettext as _
from core.logging import get_logger
from web.context import is_fragment_request, now
from web.language import enter_language

_log = get_logger(__name__)


def install_errors(app: Flask) -> None:
    """Register one handler for each kind of failure."""
    app.register_error_handler(AppError, _app_error)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _defect)


def error_answer(status: int, title: str, sentence: str, code: str) -> ResponseReturnValue:
    """Return an error as a page, or as a fragment where htmx asked."""
    if "language" not in g:  # the request failed before its language was known
        enter_language()
    texts = {"status": status, "title": title, "sentence": sentence, "code": code, "at": now()}
    if not is_fragment_request():
        return render_template("error.html", **texts), status
    elsewhere = {"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"}  # what was asked for stays as it is
    return render_template("error_fragment.html", **texts), status, elsewhere


def _app_error(error: AppError) -> ResponseReturnValue:
    return error_answer(error.http_status, _title(error.http_status), str(error), error.code)


def _forged(_error: CSRFError) -> ResponseReturnValue:
    sentence = _("This page is too old or was not opened here. Load it again and repeat what you did.")
    return error_answer(400, _title(400), sentence, "csrf")


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error
    sentences = {
        401: _("Your session has ended. Log in again."),
        403: _("Your role does not allow this. Ask your administrator if you need it."),
        404: _("There is nothing at this address. It may have been removed, or you may not see it."),
        405: _("This address cannot be used in this way."),
    }
    return error_answer(status, _title(status), sentences.get(status, ""), f"http_{status}")


def _defect(error: Exception) -> ResponseReturnValue:
    _log.error("request_failed", exc_info=error, endpoint=request.endpoint)
    sentence = _("Something went wrong on our side. What you did was not saved; the log has the details.")
    return error_answer(500, _title(500), sentence, "internal")


def _title(status: int) -> str:
    titles = {
        400: _("That did not work"),
        401: _("Logged out"),
        403: _("Not allowed"),
        404: _("Not found"),
        409: _("Not possible now"),
        503: _("Not available now"),
    }
    return titles.get(status, _("Error") if status >= 500 else titles[400])
