"""TwiML documents: elements in, bytes out, always well-formed and small enough.

Everything is built from elements, so what callers typed or are called can never become markup; characters XML
does not know are dropped, because one of them makes Twilio refuse the whole document (error 12100).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from xml.etree import ElementTree as ET

MAX_BYTES: Final = 64 * 1024
"""Twilio's own limit (error 11750)."""

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

VOICES: Final[Mapping[str, tuple[str, str]]] = {
    "zh": ("cmn-CN", "Polly.Zhiyu"),
    "en": ("en-US", "Polly.Joanna"),
}
"""Language and voice of `<Say>`; note that `<Gather>` writes Mandarin otherwise (cmn-Hans-CN)."""

RECOGNISED: Final[Mapping[str, str]] = {"zh": "cmn-Hans-CN", "en": "en-US"}
"""Language of `<Gather>`, where speech is heard."""

APOLOGIES: Final = (
    ("zh", "对不起，系统出现故障，请您稍后再拨。"),
    ("en", "We are sorry, something is wrong on our side. Please call again later."),
)


def verb(name: str, text: str = "", **attributes: str | int) -> ET.Element:
    """Return an element; attributes are written in camelCase as given, numbers as whole numbers."""
    element = ET.Element(name, {key: clean(str(value)) for key, value in attributes.items()})
    element.text = clean(text) or None
    return element


def say(language: str, text: str) -> ET.Element:
    """Return `<Say>` with the voice of a language; a language without a voice is said in English."""
    spoken, voice = VOICES.get(language, VOICES["en"])
    return verb("Say", text, language=spoken, voice=voice)


def document(verbs: Iterable[ET.Element]) -> str:
    """Return the document with these verbs.

    Raises:
        ValueError: it is longer than Twilio takes.
    """
    response = ET.Element("Response")
    response.extend(verbs)
    text = '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(response, encoding="unicode")
    if len(text.encode()) >= MAX_BYTES:
        message = f"a TwiML document of {len(text.encode())} bytes is longer than Twilio takes"
        raise ValueError(message)
    return text


def clean(text: str) -> str:
    """Return a text without the characters XML 1.0 does not allow."""
    return _ILLEGAL.sub("", text)


EMPTY: Final = document(())

APOLOGY: Final = document([*(say(language, text) for language, text in APOLOGIES), verb("Hangup")])
"""Said when nothing else can be; made once, so it needs neither database nor flow."""
