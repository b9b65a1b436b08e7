"""Logs: machine-readable lines, and never what a caller said or is called from."""

import json
import logging

import pytest
import structlog

from core.logging import configure_logging, get_logger


@pytest.fixture
def _configured(capsys):
    configure_logging("INFO")
    yield
    structlog.reset_defaults()
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


@pytest.fixture
def lines(_configured, capsys):
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_one_json_object_with_level_and_time(lines):
    get_logger("core.test").info("call_ended", call=7, queue="订房")
    (line,) = lines()
    assert (line["event"], line["call"], line["queue"], line["level"]) == ("call_ended", 7, "订房", "info")
    assert line["module"] == "core.test"
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "key", ["caller", "number", "phone", "digits", "transcript", "text", "password", "token"]
)
@pytest.mark.usefixtures("_configured")
def test_a_personal_key_is_refused(key):
    with pytest.raises(ValueError, match=key):
        get_logger("core.test").info("call_ended", **{key: "13800138000"})
    with pytest.raises(ValueError, match=key):
        get_logger("core.test").info("call_ended", call={"id": 1, key: "13800138000"})


@pytest.mark.usefixtures("_configured")
def test_a_personal_key_bound_to_the_context_is_refused_too():
    with (
        structlog.contextvars.bound_contextvars(caller="13800138000"),
        pytest.raises(ValueError, match="caller"),
    ):
        get_logger("core.test").info("call_ended")


def test_what_is_below_the_level_is_not_written(lines):
    get_logger("core.test").debug("step")
    logging.getLogger("some.library").info("chatter")
    assert lines() == []


def test_a_librarys_warning_is_a_json_line_as_well(lines):
    logging.getLogger("some.library").warning("lost %s", "it")
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == ("lost it", "warning", "some.library")
