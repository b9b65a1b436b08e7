"""Accounts: who gets in, who may do what, and that somebody can always administer."""

import threading

import pytest
from sqlalchemy import select

from core.accounts import (
    MAX_PASSWORD_LENGTH,
    ROLE_PERMISSIONS,
    Permission,
    Role,
    User,
    add_user,
    authenticate,
    disable_user,
)
from core.errors import BadInput, Conflict, NotFound
from tests.conftest import NOW
from tests.waiting import wait_until

PASSWORD = "a long password"


def add(session, username="wang", role=Role.AGENT, **changed):
    values = {"username": username, "display_name": "王芳", "role": role, "password": PASSWORD, "now": NOW}
    return add_user(session, **{**values, **changed})


def test_the_right_password_gets_in_and_is_not_stored(session):
    user = add(session)
    assert user.password_hash.startswith("$argon2id$")
    assert PASSWORD not in user.password_hash
    assert authenticate(session, "wang", PASSWORD) is user
    assert authenticate(session, " Wang ", PASSWORD) is user


def test_nobody_else_gets_in(session):
    add(session)
    assert authenticate(session, "wang", "another password") is None
    assert authenticate(session, "li", PASSWORD) is None
    assert authenticate(session, "wang", "x" * (MAX_PASSWORD_LENGTH + 1)) is None


def test_a_disabled_account_does_not_get_in_may_nothing_and_its_sessions_end(session):
    user = add(session)
    epoch = user.session_epoch
    assert user.may(Permission.LISTEN)
    disable_user(session, "wang")
    assert authenticate(session, "wang", PASSWORD) is None
    assert not any(user.may(permission) for permission in Permission)
    assert user.session_epoch > epoch


def test_a_damaged_hash_keeps_everybody_out(session):
    add(session).password_hash = "damaged"
    assert authenticate(session, "wang", PASSWORD) is None


def test_a_weaker_hash_of_old_times_is_renewed_at_the_next_log_in(session):
    from argon2 import PasswordHasher

    user = add(session)
    old = user.password_hash = PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
    assert authenticate(session, "wang", PASSWORD)
    assert user.password_hash != old
    assert authenticate(session, "wang", PASSWORD)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "short"}, "at least 10"),
        ({"password": "x" * 1001}, "at most 1000"),
        ({"username": "Wang"}, "lower-case"),
        ({"username": ""}, "1 to 64"),
        ({"username": "wang fang"}, "without spaces"),
        ({"username": "w" * 65}, "1 to 64"),
        ({"display_name": "名" * 81}, "1 to 80"),
    ],
)
def test_what_will_not_do_is_said(session, changed, said):
    with pytest.raises(BadInput, match=said):
        add(session, **changed)


def test_a_name_is_given_once(session):
    add(session)
    with pytest.raises(Conflict, match="“wang” exists"):
        add(session)


def test_a_name_taken_by_somebody_at_the_same_moment_is_a_conflict_too(installation):
    answers = []

    def add_the_same():
        try:
            with installation.unit_of_work() as session:
                add(session)
        except Conflict as error:
            answers.append(error)

    with installation.unit_of_work() as session:
        add(session)
        session.flush()
        other = threading.Thread(target=add_the_same)
        other.start()
    other.join(60)
    assert len(answers) == 1


def test_disabling_a_stranger_is_said(session):
    with pytest.raises(NotFound, match="“zhao”"):
        disable_user(session, "zhao")


def test_the_last_administrator_stays(session):
    add(session, "first", Role.ADMIN)
    add(session, "second", Role.ADMIN)
    disable_user(session, "first")
    with pytest.raises(Conflict, match="last administrator"):
        disable_user(session, "second")
    disable_user(session, "first")  # again: no harm, and not counted


def test_two_administrators_cannot_disable_each_other_at_the_same_moment(installation):
    with installation.unit_of_work() as session:
        add(session, "first", Role.ADMIN)
        add(session, "second", Role.ADMIN)
    refused, begun = [], threading.Event()

    def disable_second():
        try:
            with installation.unit_of_work() as session:
                begun.set()
                disable_user(session, "second")
        except Conflict as error:
            refused.append(error)

    with installation.unit_of_work() as session:
        disable_user(session, "first")
        session.flush()
        other = threading.Thread(target=disable_second)
        other.start()
    other.join(60)
    wait_until(begun.is_set, "the other administrator")
    assert len(refused) == 1
    with installation.unit_of_work(read_only=True) as session:
        assert session.scalars(select(User.username).where(User.active.is_(True))).all() == ["second"]


MAY = {
    Role.AGENT: "see_own_calls listen answer_evaluation",
    Role.INSPECTOR: "see_all_calls listen grade",
    Role.QA_LEAD: "see_all_calls listen download grade draw_samples decide_disputes",
    Role.SUPERVISOR: "see_all_calls listen listen_live see_numbers decide_disputes publish steer_agents list_callers",
    Role.ADMIN: "manage_users see_audit retry_jobs",
}


@pytest.mark.parametrize("role", Role)
def test_each_role_may_exactly_this(role):
    assert ROLE_PERMISSIONS[role] == {Permission(name) for name in MAY[role].split()}


def test_the_rules_that_must_never_soften():
    listeners = {role for role in Role if Permission.LISTEN in ROLE_PERMISSIONS[role]}
    graders = {role for role in Role if Permission.GRADE in ROLE_PERMISSIONS[role]}
    assert Role.ADMIN not in listeners
    assert Role.AGENT not in graders
    assert {role for role in Role if Permission.DOWNLOAD in ROLE_PERMISSIONS[role]} < listeners
