"""The audit trail: whatever is done to it afterwards shows."""

import threading
from datetime import timedelta, timezone

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from core.audit import AuditEntry, broken_entries, chain_head, record_audit
from core.crypto import install_secret
from tests.conftest import NOW

ROWS = AuditEntry.__table__


def record(session, action="recording_played", **detail):
    return record_audit(session, at=NOW, user_id=None, action=action, subject="recording:12", **detail)


@pytest.fixture
def trail(installation):
    with installation.unit_of_work() as session:
        for second in range(5):
            record(session, from_s=second)
    return installation


def broken(installation):
    with installation.unit_of_work(read_only=True) as session:
        return list(broken_entries(session))


def change(installation, statement):
    with installation.unit_of_work() as session:
        session.execute(statement)


def test_an_untouched_trail_is_whole(trail):
    assert broken(trail) == []


def test_an_empty_trail_is_whole(installation):
    assert broken(installation) == []
    with installation.unit_of_work() as session:
        assert chain_head(session) == (0, "0" * 64)


@pytest.mark.parametrize(
    "values",
    [
        {"action": "recording_exported"},
        {"subject": "recording:13"},
        {"at": NOW + timedelta(seconds=1)},
        {"detail": {"from_s": 99}},
        {"hash": "f" * 64},
    ],
)
def test_a_changed_entry_is_found(trail, values):
    change(trail, update(ROWS).where(ROWS.c.number == 3).values(**values))
    assert (3, "was changed after it was written") in broken(trail)


def test_a_removed_entry_is_found(trail):
    change(trail, delete(ROWS).where(ROWS.c.number == 3))
    assert broken(trail) == [
        (4, "entries 3 to 3 are missing"),
        (4, "does not follow the entry before it"),
    ]


def test_an_inserted_entry_is_found_even_when_its_hash_was_made_to_fit_without_the_secret(trail):
    with trail.unit_of_work() as session:
        number, head = chain_head(session)
        forged = AuditEntry(
            number=number + 1,
            at=NOW,
            user_id=None,
            action="recording_played",
            subject="recording:1",
            detail={},
            previous_hash=head,
        )
        install_secret("what a thief of the database would guess")
        forged.hash = forged.expected_hash()
        session.add(forged)
    install_secret(trail.settings.secret_key.get_secret_value())
    assert broken(trail) == [(6, "was changed after it was written")]


def test_exchanged_entries_are_found(trail):
    with trail.unit_of_work() as session:
        rows = [dict(r) for r in session.execute(select(ROWS).where(ROWS.c.number.in_([2, 3]))).mappings()]
        session.execute(delete(ROWS).where(ROWS.c.number.in_([2, 3])))
        rows[0]["number"], rows[1]["number"] = 3, 2
        session.execute(insert(ROWS), rows)
    assert {number for number, _ in broken(trail)} == {2, 3, 4}


def test_what_removal_from_the_end_leaves_can_be_told_by_the_head(trail):
    with trail.unit_of_work() as session:
        kept = chain_head(session)
    change(trail, delete(ROWS).where(ROWS.c.number == 5))
    assert broken(trail) == []
    with trail.unit_of_work() as session:
        assert chain_head(session) != kept


def test_an_act_that_was_rolled_back_leaves_no_entry(trail):
    with pytest.raises(RuntimeError), trail.unit_of_work() as session:
        record(session)
        raise RuntimeError
    with trail.unit_of_work() as session:
        assert record(session).number == 6
    assert broken(trail) == []


def test_an_entry_recorded_in_another_time_zone_is_whole(trail):
    with trail.unit_of_work() as session:
        local = NOW.astimezone(timezone(timedelta(hours=8)))
        record_audit(session, at=local, user_id=None, action="user_added", subject="user:1")
    assert broken(trail) == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # PostgreSQL's JSONB stores neither NUL nor half a surrogate pair
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "中"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(detail=st.dictionaries(st.sampled_from(["from_s", "kind", "rows"]), json_values))
@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_detail_looks_changed_after_a_round_trip_through_the_database(installation, detail):
    with installation.unit_of_work() as session:
        record(session, **detail)
    assert broken(installation) == []


def test_writers_at_the_same_time_keep_one_chain(installation):
    problems = []

    def act():
        try:
            for _ in range(10):
                with installation.unit_of_work() as session:
                    record(session)
        except BaseException as error:
            problems.append(error)
            raise

    writers = [threading.Thread(target=act) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert problems == []
    assert broken(installation) == []
    with installation.unit_of_work() as session:
        assert chain_head(session)[0] == 60


def test_a_row_that_cannot_be_read_is_named_and_the_others_are_checked_all_the_same(installation):
    if installation.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL stores JSON only as JSON")
    for _ in range(4):
        with installation.unit_of_work() as session:
            record(session)
    with installation.unit_of_work() as session:
        session.execute(text("UPDATE audit_entry SET detail = '{' WHERE number = 2"))
        session.execute(text("UPDATE audit_entry SET user_id = NULL, action = 'x' WHERE number = 4"))

    assert [number for number, _problem in broken(installation)] == [2, 4]
