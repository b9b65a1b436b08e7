"""A recording's page, its sound by byte ranges, its waveform, its download."""

from __future__ import annotations

from array import array
from typing import Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from recording.models import Recording
from recording.services import peaks_of, playback_of
from web.access import own_agent_id, visible_recording
from web.context import db, installation, user
from web.recordings.listening import note, note_listening
from web.recordings.listing import STATES, list_recordings
from web.recordings.page import call_page
from web.recordings.ranges import ByteRange, chosen_range, in_chunks

blueprint = Blueprint("recordings", __name__, url_prefix="/recordings")

_POINTS_PER_S: Final = 50
_MOST_POINTS: Final = 36_000


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List the recordings that belong to no call, one page at a time."""
    state, after = request.args.get("state", ""), request.args.get("after", "")
    state = state if state in STATES else ""
    page = list_recordings(db(), own_agent_id(user()), state=state, cursor=after)
    return render_template("recordings/index.html", page=page, state=state, later=bool(after))


@blueprint.get("/<int:recording_id>")
def show(recording_id: int) -> ResponseReturnValue:
    """Show the page of a recording: player, transcript, score sheet, call facts."""
    recording = visible_recording(db(), user(), recording_id)
    return render_template("recordings/show.html", page=call_page(db(), user(), recording=recording))


@blueprint.get("/<int:recording_id>/audio")
def audio(recording_id: int) -> ResponseReturnValue:
    """Stream the sound; the browser asks for the byte ranges it plays."""
    recording = visible_recording(db(), user(), recording_id)
    if request.method == "GET":
        note_listening(user(), recording.id)
    return _sound(recording)


@blueprint.get("/<int:recording_id>/download")
def download(recording_id: int) -> ResponseReturnValue:
    """Give the recording as a file."""
    recording = visible_recording(db(), user(), recording_id)
    if request.method == "GET":
        note(user(), "recording_downloaded", recording.id)
    response = _sound(recording)
    response.headers["Content-Disposition"] = f'attachment; filename="recording-{recording.id}.wav"'
    return response


@blueprint.get("/<int:recording_id>/peaks")
def peaks(recording_id: int) -> ResponseReturnValue:
    """Give the waveform: one int8 a value, channel after channel, [minimum, maximum] pairs."""
    recording = visible_recording(db(), user(), recording_id)
    points = min(_MOST_POINTS, max(1, int(recording.duration_s * _POINTS_PER_S)))
    channels = peaks_of(installation(), recording, points)
    values = array("b", (value for channel in channels for pair in channel for value in pair))
    return Response(values.tobytes(), mimetype="application/octet-stream")


def _sound(recording: Recording) -> Response:
    wav = playback_of(installation(), recording)
    try:
        part = chosen_range(request.range, wav.size)
    except ValueError:
        wav.close()
        return Response(status=416, headers={"Content-Range": f"bytes */{wav.size}"})
    whole = part or ByteRange(0, wav.size, wav.size)
    response = Response(in_chunks(wav.read, whole.start, whole.stop), mimetype="audio/wav")
    response.call_on_close(wav.close)
    response.headers["Accept-Ranges"] = "bytes"
    response.content_length = whole.length
    if part is not None:
        response.status_code = 206
        response.headers["Content-Range"] = part.header
    return response
