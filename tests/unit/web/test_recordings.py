"""The sound of a recording: byte ranges, audit, download; and its waveform."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.http import parse_range_header

from core.audit import AuditEntry
from tests.factories import add_scored_call
from web.recordings.ranges import chosen_range, in_chunks


@pytest.fixture
def recording(installation, staff):
    return add_scored_call(installation, staff)


def actions(installation):
    with installation.unit_of_work(read_only=True) as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
        return [(e.action, e.subject) for e in entries if e.subject.startswith("recording:")]


def test_the_whole_sound_is_a_wav_of_two_channels(browser_of, recording):
    answer = browser_of("inspector").get(f"/recordings/{recording.id}/audio")

    assert answer.status_code == 200
    assert answer.mimetype == "audio/wav"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.content_length == len(answer.data) == 44 + recording.frames * 4
    assert answer.data[:4] == b"RIFF"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-99", 0, 99), ("bytes=1000-", 1000, -1), ("bytes=-50", -50, -1), ("bytes=44-44", 44, 44)],
)
def test_a_range_is_exactly_those_bytes(browser_of, recording, asked, first, last):
    client = browser_of("inspector")
    whole = client.get(f"/recordings/{recording.id}/audio").data
    size = len(whole)
    start, end = first % size, last % size
    answer = client.get(f"/recordings/{recording.id}/audio", headers={"Range": asked})

    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{end}/{size}"
    assert answer.data == whole[start : end + 1]
    assert answer.content_length == end + 1 - start


def test_a_range_beyond_the_end_is_refused_with_the_size(browser_of, recording):
    size = 44 + recording.frames * 4
    answer = browser_of("inspector").get(
        f"/recordings/{recording.id}/audio", headers={"Range": f"bytes={size}-"}
    )

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize("asked", ["lines=0-5", "bytes=0-1,5-9", "nonsense"])
def test_a_range_that_is_not_served_gives_the_whole(browser_of, recording, asked):
    answer = browser_of("inspector").get(f"/recordings/{recording.id}/audio", headers={"Range": asked})

    assert answer.status_code == 200


def test_head_tells_the_size_without_the_sound_and_is_no_listening(browser_of, recording, installation):
    answer = browser_of("inspector").head(f"/recordings/{recording.id}/audio")

    assert answer.content_length == 44 + recording.frames * 4
    assert answer.data == b""
    assert actions(installation) == []


@given(size=st.integers(1, 500), cuts=st.lists(st.integers(0, 499), max_size=6))
def test_consecutive_ranges_put_together_are_the_file(size, cuts):
    whole = bytes(i % 251 for i in range(size))
    edges = sorted({0, size, *(cut for cut in cuts if cut < size)})
    joined = b""
    for start, stop in itertools.pairwise(edges):
        part = chosen_range(parse_range_header(f"bytes={start}-{stop - 1}"), size)
        joined += b"".join(in_chunks(lambda o, n: whole[o : o + n], part.start, part.stop))

    assert joined == whole


def test_listening_is_one_audit_entry_a_session_and_recording(browser_of, recording, installation):
    client = browser_of("inspector")
    for start in (0, 5000, 9000):
        client.get(f"/recordings/{recording.id}/audio", headers={"Range": f"bytes={start}-"})
    assert actions(installation) == [("recording_played", f"recording:{recording.id}")]

    browser_of("supervisor").get(f"/recordings/{recording.id}/audio")
    assert len(actions(installation)) == 2


def test_looking_at_the_page_is_not_listening(browser_of, recording, installation):
    browser_of("inspector").get(f"/recordings/{recording.id}")
    browser_of("inspector").get(f"/recordings/{recording.id}/peaks")

    assert actions(installation) == []


def test_a_download_is_a_file_an_audit_entry_and_a_right_of_its_own(browser_of, recording, installation):
    assert browser_of("inspector").get(f"/recordings/{recording.id}/download").status_code == 403
    answer = browser_of("qa_lead").get(f"/recordings/{recording.id}/download")

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.data[:4] == b"RIFF"
    assert actions(installation) == [("recording_downloaded", f"recording:{recording.id}")]


def test_the_waveform_has_both_channels_and_shows_who_speaks_first(browser_of, recording):
    data = browser_of("inspector").get(f"/recordings/{recording.id}/peaks").data
    values = memoryview(data).cast("b").tolist()
    caller, agent = values[: len(values) // 2], values[len(values) // 2 :]

    assert len(caller) == len(agent)
    assert max(agent[:400]) > 10 * max(1, *caller[:400]), "the agent greets, the caller is silent"
