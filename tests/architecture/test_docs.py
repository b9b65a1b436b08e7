"""The pages people read, held to the product: links lead somewhere, commands parse, examples are in order."""

import re
import shlex
from functools import cache
from pathlib import Path

import click
import pytest

from ivr.flow.check import check_flow
from qa.scorecard import check_scorecard
from sansheng.cli import cli
from tests.architecture.sources import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SPOKEN = re.compile(r"`(sansheng [a-z-][^`]*)`")
PROMPT = re.compile(r"^(?:\w+=\S* )*(sansheng .*)$")
MADE_BY_A_COMMAND = {"docs/reference/cli.md"}
"""Help texts: what they show is generated from the commands themselves."""
PLACEHOLDER = re.compile(r"^(?:[A-Z]+|\.\.\.|\[.*)$")
"""FILE, PATH, ...: a command that is named, not one to be typed."""


def name_of(page):
    return page.relative_to(ROOT).as_posix()


@cache
def text_of(page):
    return page.read_text(encoding="utf-8")


def fences(page):
    """Yield (line, language, content) of every fenced block."""
    for match in FENCE.finditer(text_of(page)):
        yield text_of(page).count("\n", 0, match.start()) + 2, match[1], match[2]


def anchors(page):
    """Return the anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-") for h in headings}


def links():
    for page in PAGES:
        for target in LINK.findall(FENCE.sub("", text_of(page))):
            if not re.match(r"[a-z]+:", target):
                yield pytest.param(page, target, id=f"{name_of(page)}->{target}")


def typed_lines(content):
    """Yield the commands of a shell block: continued lines joined, chains taken apart, comments dropped."""
    for line in content.replace("\\\n", " ").splitlines():
        for part in re.split(r"\s+(?:&&|\|\|?)\s+|;\s+", line):
            if match := PROMPT.match(part.strip()):
                yield match[1]


def commands():
    """Yield each command line and whether it is to be typed as it stands (in running text it is only named)."""
    for page in PAGES:
        if name_of(page) in MADE_BY_A_COMMAND:
            continue
        blocks = [content for _, language, content in fences(page) if language == "sh"]
        shown = [(line, True) for content in blocks for line in typed_lines(content)]
        shown += [(line, False) for line in SPOKEN.findall(FENCE.sub("", text_of(page)))]
        for line, typed in dict.fromkeys(shown):
            yield pytest.param(line, typed, id=f"{name_of(page)}: {' '.join(line.split())}")


def examples(key):
    for page in PAGES:
        for line, language, content in fences(page):
            if language == "yaml" and re.search(rf"^{key}:", content, re.MULTILINE):
                yield pytest.param(content, f"{name_of(page)}+{line}", id=f"{name_of(page)}:{line}")


def walk_to(words):
    """Return the command the words lead to, its context, and the words left over; raises UsageError."""
    command, context, rest = cli, click.Context(cli, info_name="sansheng"), list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        child = command.get_command(context, name)
        if child is None:
            raise click.UsageError(f"there is no command {context.command_path} {name}")
        command, context = child, click.Context(child, info_name=name, parent=context)
    return command, context, rest


def check_values(command, context, given, *, typed):
    """Refuse a missing argument and a value its type does not take; files need not exist where a page is read."""
    for parameter in command.params:
        value = given.get(parameter.name)
        written = isinstance(value, str | list | tuple) and len(value) > 0
        if typed and parameter.required and not written and not getattr(parameter, "prompt", None):
            raise click.MissingParameter(ctx=context, param=parameter)
        if written and not isinstance(parameter.type, click.Path):
            parameter.type_cast_value(context, value)


def parse(line, *, typed=True):
    """Resolve a command line without running it; raises UsageError."""
    words = shlex.split(line, comments=True)[1:]
    command, context, rest = walk_to(words)
    if isinstance(command, click.Group) and not rest:
        return  # a group is spoken of as a whole
    if any(PLACEHOLDER.match(word) for word in rest):
        known = {
            name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)
        }
        for option in {word.partition("=")[0] for word in rest if word.startswith("--")} - known:
            raise click.NoSuchOption(option)
        return
    given, left, _ = command.make_parser(context).parse_args(rest)
    if left:
        raise click.UsageError(f"too many words: {left}")
    check_values(command, context, given, typed=typed)


@pytest.mark.parametrize(("page", "target"), list(links()))
def test_a_link_leads_to_a_page_and_its_heading(page, target):
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve() if path else page
    assert found.exists(), f"{name_of(page)} links to {target}, which is not there"
    assert not anchor or anchor in anchors(found), f"{name_of(found)} has no heading for #{anchor}"


@pytest.mark.parametrize(("line", "typed"), list(commands()))
def test_a_command_on_a_page_can_be_typed(line, typed):
    parse(line, typed=typed)


@pytest.mark.parametrize(
    "line",
    [
        "sansheng qeueu report",
        "sansheng queue report --quueue x",
        "sansheng recording import DIR --patern freepbx",
        "sansheng recording import calls --pattern freeswitch",
        "sansheng model use",
        "sansheng audit verify twice",
    ],
)
def test_a_command_that_cannot_be_typed_is_noticed(line):
    with pytest.raises(click.UsageError):
        parse(line)


@pytest.mark.parametrize(("content", "place"), list(examples("flow")))
def test_an_example_of_a_call_flow_is_in_order(content, place):
    assert [str(finding) for finding in check_flow(content, place)] == []


@pytest.mark.parametrize(("content", "place"), list(examples("scorecard")))
def test_an_example_of_a_scorecard_is_in_order(content, place):
    assert [str(finding) for finding in check_scorecard(content, place)[1]] == []


def test_every_yaml_block_is_checked_by_one_of_these():
    loose = [
        f"{name_of(page)}:{line}"
        for page in PAGES
        for line, language, content in fences(page)
        if language == "yaml" and not re.search(r"^(?:flow|scorecard):", content, re.MULTILINE)
    ]
    assert loose == []


def test_the_format_references_name_every_kind_of_node_and_rule():
    from ivr.flow.nodes import KINDS
    from qa.rules.registry import RULES

    pages = {"call-flow": KINDS, "scorecard": RULES}
    missing = [
        word
        for page, words in pages.items()
        for word in words
        if not re.search(
            rf"^### .*\b{word}\b", text_of(Path(ROOT / f"docs/reference/{page}.md")), re.MULTILINE
        )
    ]
    assert missing == []
