"""CONTRIBUTING.md, as far as a machine can hold us to it."""

import ast
import re
import subprocess

import pytest

from tests.architecture.sources import ROOT, sources

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60
VAGUE_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "managers",
    "processor",
    "handler",
    "handlers",
}
VAGUE_NAMES |= {"misc", "common", "data", "info"}
PRODUCT = ("core", "ivr", "recording", "qa", "web", "sansheng", "speech", "bench")


def written_by_us(*folders):
    return [s for s in sources(*folders) if "/migrations/versions/" not in s.path]


def test_no_module_is_too_long():
    lengths = {s.path: s.text.count("\n") for s in written_by_us(*PRODUCT, "tests")}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_MODULE_LINES} == {}


def test_no_function_is_too_long():
    too_long = [
        f"{source.path}:{node.lineno} {node.name}"
        for source in written_by_us(*PRODUCT)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert too_long == []


def test_every_module_says_what_it_is_for():
    silent = [s.path for s in sources(*PRODUCT) if not ast.get_docstring(s.tree)]
    assert silent == []


def test_no_module_has_a_name_that_says_nothing():
    named = [s.path for s in sources(*PRODUCT, "tests") if VAGUE_NAMES & set(re.split(r"[/_.]", s.path))]
    assert named == []


def test_only_the_settings_read_the_environment():
    readers = [
        source.path
        for source in sources()
        for node in ast.walk(source.tree)
        if (
            isinstance(node, ast.Attribute)
            and node.attr in {"environ", "getenv", "putenv"}
            and not (isinstance(node.value, ast.Name) and node.value.id == "request")  # a request's, not ours
        )
        or (isinstance(node, ast.alias) and node.name in {"environ", "getenv", "putenv"})
    ]
    assert set(readers) == {"core/settings.py"}


@pytest.mark.parametrize("call", ["sleep"])
def test_tests_wait_for_conditions_and_never_for_a_time(call):
    sleepers = [
        f"{source.path}:{node.lineno}"
        for source in sources("tests")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == call
    ]
    assert [place for place in sleepers if not place.startswith("tests/waiting.py:")] == []


def test_no_file_speaks_of_the_machine_it_was_written_on():
    """Paths of one developer's machine mean nothing to anybody else."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    private = re.compile(rb"(?<![\w.])/(?:work|root|Users)/|/\.librar[y]\b")
    telling = [
        name
        for name in listed.stdout.decode().split("\0")
        if name and (ROOT / name).is_file() and private.search((ROOT / name).read_bytes())
    ]
    assert telling == []
