"""TwiML's grammar: which element may stand in which, its attributes and their values, read from what Twilio publishes.

npm's `twilio` has a class per element, generated from Twilio's definition: its methods say what may stand inside,
the type declarations beside it say which attributes there are and what they may be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from re import Pattern
from xml.etree import ElementTree as ET

from tests.integration.twilio.published import published

_CLASS = re.compile(r"^ *class (\w+) extends", re.MULTILINE)
_CHILD = re.compile(r'new VoiceResponse\.(\w+)\(this\.\w+\.ele\("([^"]+)"')
_INTERFACE = re.compile(r"interface (\w+)Attributes \{(.*?)^    \}", re.MULTILINE | re.DOTALL)
_ATTRIBUTE = re.compile(r'^ {8}"?([\w:-]+)"?\?: ([^;]+);', re.MULTILINE)
_ALIAS = re.compile(r"^    type (\w+) = ([^;]+);", re.MULTILINE)
_PLAIN = {"string": r"[^\0]*", "number": r"\d+", "boolean": "true|false", "object": r"[^\0]*"}


class BadDocument(AssertionError):
    """A document Twilio would refuse, or that makes no sense."""


@dataclass(frozen=True)
class Element:
    """What may stand in an element: by tag the class of the child, by name the values of the attribute."""

    children: dict[str, str]
    attributes: dict[str, Pattern[str]]


@cache
def grammar() -> dict[str, Element]:
    """Return the elements by the names of their classes; the root is `VoiceResponse`."""
    source, declared = published("VoiceResponse.js"), published("VoiceResponse.d.ts")
    aliases = dict(_ALIAS.findall(declared))
    attributes: dict[str, dict[str, Pattern[str]]] = {}
    for name, body in _INTERFACE.findall(declared):
        known = attributes.setdefault(name, {})  # the same one is declared more than once
        known |= {attribute: _values(kind, aliases) for attribute, kind in _ATTRIBUTE.findall(body)}
    places = list(_CLASS.finditer(source))
    ends = [place.start() for place in places[1:]] + [len(source)]
    found = {}
    for place, end in zip(places, ends, strict=True):
        children = {tag: of for of, tag in _CHILD.findall(source, place.end(), end)}
        found[place[1]] = Element(children, attributes.get(place[1], {}))
    return found


def check_grammar(root: ET.Element) -> None:
    """Raise BadDocument for an element, an attribute or a value that Twilio does not know in its place."""
    if root.tag != "Response":
        raise BadDocument(f"the root is {root.tag}")
    _check(root, "VoiceResponse")


def _check(element: ET.Element, of: str) -> None:
    known = grammar()[of]
    for name, value in element.attrib.items():
        values = known.attributes.get(name)
        if values is None or not values.fullmatch(value):
            raise BadDocument(f"{element.tag} {name}={value!r}")
    for child in element:
        if child.tag not in known.children:
            raise BadDocument(f"{child.tag} in {element.tag}")
        _check(child, known.children[child.tag])


def _values(kind: str, aliases: dict[str, str]) -> Pattern[str]:
    """Return what a TypeScript type lets an attribute be; a list is written with spaces between."""
    one = kind.removesuffix("[]")
    choice = "|".join(
        _PLAIN[part] if part in _PLAIN else _literals(aliases[part]) for part in one.split(" | ")
    )
    return re.compile(f"(?:{choice})(?: (?:{choice}))*" if kind.endswith("[]") else f"(?:{choice})")


def _literals(alias: str) -> str:
    return "|".join(map(re.escape, re.findall(r'"([^"]*)"', alias)))
