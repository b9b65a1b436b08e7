"""Twilio's webhooks: who asks is checked here, what to do is `ivr.twilio`'s business.

Nothing is done, and no database touched, before the signature has been found good; who is refused is told nothing.
A passing failure answers 503, which Twilio repeats and then takes to the fallback; a defect of ours answers with
an apology, because the caller is on the line.
"""

from __future__ import annotations

import re
from typing import Final, cast

from flask import Blueprint, Response, current_app, g, request, send_file
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException, NotFound

from core.errors import RetryLater
from core.logging import get_logger
from core.settings import Settings
from ivr.twilio.agents import (
    agent_accepts,
    agent_answered,
    agent_done,
    connecting,
    leg_progress,
    whisper,
)
from ivr.twilio.calls import answer_call, take_event
from ivr.twilio.hotline import Hotline, Waiting
from ivr.twilio.recordings import note_recording
from ivr.twilio.refusals import RefusalTally
from ivr.twilio.results import reading
from ivr.twilio.signature import is_signed
from ivr.twilio.twiml import APOLOGY
from ivr.twilio.waiting import wait_document
from ivr.twilio.webhook import Refused, Webhook, read_webhook
from web.context import WebApp, db, installation, now

_log = get_logger(__name__)

blueprint = Blueprint("hooks", __name__, url_prefix="/twilio")

_NUMBER: Final = "[0-9]{1,9}"
_QUERIES: Final = {
    name: re.compile(shape)
    for name, shape in {
        "hooks.event": f"s=(?P<s>{_NUMBER})",
        "hooks.wait": f"s=(?P<s>{_NUMBER})&n=(?P<n>{_NUMBER})",
        "hooks.agent": f"o=(?P<o>{_NUMBER})&step=(?P<step>answered|accept|done)",
        "hooks.whispered": "step=(?P<step>ask|accept)",
        "hooks.audio": "v=[0-9a-f]{12}",
    }.items()
}
"""The exact query of each address; all others have none."""

_SILENT: Final = frozenset({"hooks.status", "hooks.recording", "hooks.amd"})
"""Webhooks whose answer nobody hears."""

_AUDIO_KEPT_S: Final = 24 * 3600


@blueprint.before_request
def check() -> None:
    """Refuse what Twilio did not sign for us, and what is not shaped as Twilio writes it."""
    if request.endpoint == "hooks.audio":  # prompts are no secret, and Twilio's fetcher signs nothing
        return
    settings = installation().settings
    base, account_sid = settings.public.base_url, settings.twilio.account_sid
    if not (base and account_sid and any(settings.twilio.auth_tokens)):
        raise Refused("not_configured")
    parameters = list(request.form.items(multi=True))
    signature = request.headers.get("X-Twilio-Signature", "")
    if not is_signed(settings.twilio.auth_tokens, base + _target(), parameters, signature):
        raise Refused("signature" if signature else "no_signature")
    shape = _QUERIES.get(request.endpoint or "", re.compile(""))
    query = shape.fullmatch(request.query_string.decode("latin-1"))
    if query is None:
        raise Refused("query")
    g.query = query.groupdict()
    g.webhook = read_webhook(parameters, account_sid=account_sid)
    missing, unexpected = g.webhook.differences(request.path.removeprefix("/twilio/"))
    # names only, for the first call on a real account: values are what callers typed and are called from
    _log.debug(
        "twilio_webhook",
        path=request.path,
        call_sid=g.webhook["CallSid"],
        missing=missing,
        unexpected=unexpected,
    )


def _target() -> str:
    """Return the request target as it came: what Flask makes of it is decoded, and signs differently.

    gunicorn names it RAW_URI, waitress REQUEST_URI.
    """
    return str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "")


@blueprint.record_once
def read_flow(state: BlueprintSetupState) -> None:
    """Read the flow when the application starts: the first caller does not wait for it, and its faults show early."""
    settings = cast("WebApp", state.app).installation.settings
    state.app.extensions["twilio_hotline"] = Hotline.of(settings)
    state.app.extensions["twilio_refusals"] = RefusalTally(cast("WebApp", state.app).installation)


def hotline() -> Hotline:
    """Return the hotline on Twilio."""
    return cast("Hotline", current_app.extensions["twilio_hotline"])


def _settings() -> Settings:
    return installation().settings


def _webhook() -> Webhook:
    return cast("Webhook", g.webhook)


def _twiml(text: str, status: int = 200) -> Response:
    return Response(text, status, content_type="text/xml; charset=utf-8")


@blueprint.post("/voice")
def voice() -> Response:
    """A call has come."""
    return _twiml(answer_call(db(), hotline(), _webhook(), now()))


@blueprint.post("/fallback")
def fallback() -> Response:
    """Something failed: an apology that needs neither database nor flow."""
    code = _webhook().get("ErrorCode")
    _log.error("twilio_fallback", call_sid=_webhook()["CallSid"], error=code[:5] if code.isdigit() else "")
    return _twiml(APOLOGY)


@blueprint.post("/flow/<any(digits, queue, dial, record):event>", endpoint="event")
def flow_event(event: Waiting) -> Response:
    """What a document waited for has happened."""
    webhook, at = _webhook(), now()
    read = reading(event, webhook, at)
    return _twiml(
        take_event(db(), hotline(), webhook, waiting=event, sequence=int(g.query["s"]), reading=read, now=at)
    )


@blueprint.post("/wait")
def wait() -> Response:
    """A queued caller is to hear something."""
    sequence, announced = int(g.query["s"]), int(g.query["n"])
    text = wait_document(
        db(), hotline(), _settings().twilio, _webhook(), sequence=sequence, announced=announced, now=now()
    )
    return _twiml(text)


@blueprint.post("/connecting", endpoint="connecting")
def connecting_caller() -> Response:
    """A queued caller goes to an agent."""
    return _twiml(connecting(db(), _webhook(), now()))


@blueprint.post("/agent")
def agent() -> Response:
    """An agent's leg goes on."""
    offer_id, step = int(g.query["o"]), g.query["step"]
    if step == "answered":
        return _twiml(agent_answered(db(), hotline(), _webhook(), offer_id, now()))
    if step == "accept":
        return _twiml(agent_accepts(db(), hotline(), _webhook(), offer_id, now()))
    return _twiml(agent_done(db(), hotline(), _webhook(), offer_id, now()))


@blueprint.post("/whisper", endpoint="whispered")
def whispered() -> Response:
    """Somebody has answered a transfer."""
    return _twiml(whisper(hotline(), _webhook(), g.query["step"]))


@blueprint.post("/status")
def status() -> Response:
    """A leg has got further."""
    leg_progress(db(), hotline(), _webhook(), now())
    return Response(status=204)


@blueprint.post("/recording")
def recording() -> Response:
    """A recording has got further."""
    note_recording(db(), _settings().twilio, _webhook(), now())
    return Response(status=204)


@blueprint.post("/amd")
def amd() -> Response:
    """Whether a machine answered an agent's leg: only logged, because agents accept with a key."""
    _log.info("twilio_answered_by", call_sid=_webhook()["CallSid"], answered_by=_webhook().get("AnsweredBy"))
    return Response(status=204)


@blueprint.get("/audio/<any(zh, en, music):folder>/<name>.wav")
def audio(folder: str, name: str) -> Response:
    """Return a prompt's audio."""
    path = hotline().audio.folder / folder / f"{name}.wav"
    if not re.fullmatch("[a-z0-9_]{1,64}", name) or not path.is_file():
        raise NotFound
    return send_file(path, mimetype="audio/x-wav", max_age=_AUDIO_KEPT_S, conditional=True)


@blueprint.errorhandler(Refused)
def refused(refusal: Refused) -> Response:
    """Count a refusal and say nothing about it."""
    tally = cast("RefusalTally", current_app.extensions["twilio_refusals"])
    try:
        tally.add(refusal.reason)
    except RetryLater:
        _log.warning("twilio_refusal_not_counted", reason=refusal.reason)
    return Response(status=403)


@blueprint.errorhandler(Exception)
def failed(error: Exception) -> Response:
    """Answer in a way that Twilio can go on with."""
    if isinstance(error, HTTPException):
        return Response(status=error.code or 500)
    if isinstance(error, RetryLater):
        _log.warning("twilio_webhook_later", endpoint=request.endpoint)
        return Response(status=503)
    # The exception may quote what it was working on: the log gets its type and the endpoint.
    _log.error("twilio_webhook_failed", endpoint=request.endpoint, error=type(error).__name__)
    return Response(status=500) if request.endpoint in _SILENT else _twiml(APOLOGY)
