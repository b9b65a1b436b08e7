"""Errors: the numbers scripts and browsers rely on."""

import pytest

from core import errors


@pytest.mark.parametrize(
    ("kind", "code", "http_status", "exit_code"),
    [
        (errors.BadInput, "bad_input", 400, 1),
        (errors.NotFound, "not_found", 404, 1),
        (errors.Forbidden, "forbidden", 403, 1),
        (errors.Conflict, "conflict", 409, 1),
        (errors.MissingPart, "missing_part", 503, 3),
        (errors.RetryLater, "retry_later", 503, 4),
    ],
)
def test_each_error_says_itself_to_people_scripts_and_browsers(kind, code, http_status, exit_code):
    error = kind("the sentence")
    assert (str(error), error.code) == ("the sentence", code)
    assert (error.http_status, error.exit_code) == (http_status, exit_code)


def test_a_room_may_give_its_error_an_id_of_its_own():
    assert errors.BadInput("x", code="flow_has_a_loop").code == "flow_has_a_loop"
    assert errors.BadInput.code == "bad_input"
