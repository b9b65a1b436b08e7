"""The blob store: what was put in comes out whole, whatever happens while it is put in."""

import errno
import hashlib
import io
import multiprocessing
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.blobs import FolderBlobs
from core.errors import NotFound, RetryLater

KEY = "a" * 64


@pytest.fixture
def blobs(tmp_path):
    return FolderBlobs(tmp_path / "blobs")


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_bytes_come_back_under_the_hash_of_what_they_are(blobs):
    stored = blobs.put(io.BytesIO(b"three voices"))
    assert stored.size == 12
    assert blobs.path(stored.key).read_bytes() == b"three voices"
    assert stored.key == hashlib.sha256(b"three voices").hexdigest()


def test_the_same_bytes_twice_are_one_file(blobs, tmp_path):
    assert blobs.put(io.BytesIO(b"x" * 3_000_000)) == blobs.put(io.BytesIO(b"x" * 3_000_000))
    assert len(files_below(tmp_path)) == 1
    assert len(list(blobs.keys())) == 1


def test_putting_a_blob_again_repairs_a_damaged_file(blobs):
    key = blobs.put(io.BytesIO(b"whole")).key
    blobs.path(key).write_bytes(b"who")
    blobs.put(io.BytesIO(b"whole"))
    assert blobs.path(key).read_bytes() == b"whole"


@pytest.mark.parametrize(
    "key", ["", "..", "../../etc/passwd", "a" * 63, "A" * 64, KEY + "\n", "/" + "a" * 63]
)
def test_a_malformed_key_reaches_no_file(blobs, tmp_path, key):
    outside = tmp_path / "precious"
    outside.write_text("kept")
    with pytest.raises(NotFound):
        blobs.path(key)
    blobs.delete(key)
    assert outside.read_text() == "kept"


@given(key=st.text(max_size=80))
def test_no_text_at_all_reaches_a_file_that_was_not_put(tmp_path_factory, key):
    with pytest.raises(NotFound):
        FolderBlobs(tmp_path_factory.getbasetemp() / "none").path(key)


def test_an_unknown_key_is_said_to_be_missing(blobs):
    with pytest.raises(NotFound, match="aaaaaaaaaaaa"):
        blobs.path(KEY)


def test_deleting_twice_is_no_error(blobs):
    key = blobs.put(io.BytesIO(b"x")).key
    blobs.delete(key)
    blobs.delete(key)
    assert list(blobs.keys()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_full_or_locked_disk_is_said_and_may_be_tried_again(blobs, tmp_path, monkeypatch, code):
    def refuse(_descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RetryLater, match="free space"):
        blobs.put(io.BytesIO(b"x"))
    assert files_below(tmp_path) == []


def test_an_error_of_the_source_is_not_taken_for_one_of_the_store(blobs, tmp_path):
    class Torn(io.BytesIO):
        def read(self, *_):
            raise OSError(errno.EIO, "torn")

    with pytest.raises(OSError, match="torn"):
        blobs.put(Torn())
    assert files_below(tmp_path) == []


def _die_before_the_rename(root):
    class LastWords(io.BytesIO):
        def read(self, size=-1):
            return super().read(size) or os._exit(9)

    FolderBlobs(root).put(LastWords(b"half of a recording"))


def test_a_writer_killed_before_the_rename_leaves_no_blob_and_its_rest_is_swept(blobs, tmp_path):
    writer = multiprocessing.get_context("fork").Process(
        target=_die_before_the_rename, args=(tmp_path / "blobs",)
    )
    writer.start()
    writer.join(30)
    assert writer.exitcode == 9
    assert list(blobs.keys()) == []
    (rest,) = files_below(tmp_path)
    blobs.sweep()
    assert rest.exists(), "a file this young may belong to a running writer"
    two_days_ago = time.time() - 2 * 86400
    os.utime(rest, (two_days_ago, two_days_ago))
    blobs.sweep()
    assert files_below(tmp_path) == []


def test_sweeping_touches_no_blob(blobs):
    key = blobs.put(io.BytesIO(b"kept")).key
    os.utime(blobs.path(key), (0, 0))
    blobs.sweep()
    assert blobs.path(key).read_bytes() == b"kept"
