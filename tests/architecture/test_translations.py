"""Texts for people: each one exists in Chinese, completely, and takes the same values in both languages."""

import ast
import re
from functools import cache

from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from tests.architecture.sources import ROOMS, ROOT, sources

KEYWORDS = {"_": None, "gettext": None, "N_": None}
CATALOGUE = ROOT / "core/locale/zh_CN/LC_MESSAGES/sansheng.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[#0\- +]?[\d.]*[a-zA-Z]")


def extracted():
    """Yield (msgid, where it is used) of code and templates."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            method = {".py": "python", ".html": babel_extract, ".txt": babel_extract}.get(path.suffix)
            if method is None or (path.suffix != ".py" and "templates" not in path.parts):
                continue
            with path.open("rb") as file:
                for line, message, _, _ in extract(method, file, keywords=KEYWORDS):
                    yield message, f"{path.relative_to(ROOT)}:{line}"


@cache
def catalogue():
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh_CN", abort_invalid=True)


def test_every_text_of_code_and_templates_has_a_chinese_translation():
    translated = {message.id for message in catalogue() if message.id and message.string}
    missing = {message: place for message, place in extracted() if message not in translated}
    listed = "\n".join(f"{place}: {message!r}" for message, place in missing.items())
    assert not missing, f"{len(missing)} texts without Chinese:\n{listed}"


def test_no_translation_is_a_guess():
    assert [message.id for message in catalogue() if message.fuzzy and message.id] == []


def test_both_languages_take_the_same_values():
    different = {
        message.id: message.string
        for message in catalogue()
        if message.id
        and sorted(set(PLACEHOLDER.findall(message.id))) != sorted(set(PLACEHOLDER.findall(message.string)))
    }
    assert different == {}


def test_a_text_is_never_put_together_before_it_is_translated():
    """An f-string has another text every time: none of them is in the catalogue."""
    composed = [
        f"{source.path}:{node.lineno}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in KEYWORDS
        and node.args
        and isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
    ]
    assert composed == []
