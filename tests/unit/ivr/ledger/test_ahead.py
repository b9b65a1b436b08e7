"""A long log is made ready by helper processes: the same rows come of it, and what stops them is told."""

import gzip
import os
import signal

import pytest

from ivr.ledger import ahead, store
from ivr.ledger.store import import_queue_log
from tests.unit.ivr.ledger.test_store import a_log, tables

BATCH = 50


@pytest.fixture(autouse=True)
def helpers_for_short_logs(monkeypatch):
    monkeypatch.setattr(store, "WORTH_A_HELPER", BATCH)


@pytest.fixture
def helped(monkeypatch):
    """The batches that came from helpers."""
    taken = []
    whole = ahead._next

    def counted(pipe, path):
        made = whole(pipe, path)
        taken.append(made)
        return made

    monkeypatch.setattr(ahead, "_next", counted)
    return taken


def test_what_helpers_make_ready_is_what_the_log_says(installation, tmp_path, helped):
    path = tmp_path / "queue_log"
    path.write_bytes(a_log(100))
    done = import_queue_log(installation, [path], batch_lines=BATCH)
    by_helpers = tables(installation)

    assert len(helped) > 4
    assert done[0].lines == a_log(100).count(b"\n")
    store.rebuild(installation)
    assert tables(installation) == by_helpers
    assert import_queue_log(installation, [path], batch_lines=BATCH)[0].lines == 0


def test_a_log_cut_off_is_told_and_what_was_read_is_kept(installation, tmp_path, helped):
    path = tmp_path / "queue_log.1.gz"
    whole = gzip.compress(a_log(4000))
    path.write_bytes(whole[: len(whole) * 2 // 3])

    (done,) = import_queue_log(installation, [path], batch_lines=BATCH)

    assert "压缩文件不完整" in done.problem
    assert helped
    with installation.unit_of_work(read_only=True) as session:
        kept = session.query(store.QueueLogFile).one().lines
    assert kept >= BATCH * 3
    path.write_bytes(whole)
    (rest,) = import_queue_log(installation, [path], batch_lines=BATCH)
    assert kept + rest.lines == a_log(4000).count(b"\n")


def test_helpers_that_are_killed_stop_the_file_and_no_more(installation, tmp_path, helped, monkeypatch):
    path = tmp_path / "queue_log"
    path.write_bytes(a_log(2000))
    started = []
    start = ahead._start_helper

    def remembered(*args):
        pipe, helper = start(*args)
        started.append(helper)
        return pipe, helper

    monkeypatch.setattr(ahead, "_start_helper", remembered)

    def kill_them(_lines):
        for helper in started:
            os.kill(helper.pid, signal.SIGKILL)

    (done,) = import_queue_log(installation, [path], batch_lines=BATCH, progress=kill_them)

    assert "请重新导入" in done.problem
    import_queue_log(installation, [path], batch_lines=BATCH)
    assert len(tables(installation)[1]) == a_log(2000).count(b"\n")
