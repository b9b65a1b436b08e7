"""Twilio's REST API as its OpenAPI document describes it: a transport for `twilio.rest.Client` that takes nothing else.

What is not in the document is refused (an unknown field, a value of another shape, a resource that does not
exist), what is answered comes from the document's own examples. What the document leaves to prose, the names of a
call's events, is listed here.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from twilio.http import HttpClient
from twilio.http.response import Response

from tests.integration.twilio.published import published

CALL_EVENTS = {"initiated", "ringing", "answered", "completed"}
"""docs.twilio.com: voice/api/call-resource, StatusCallbackEvent; the document only says that they are texts."""


class NotInTheDocument(AssertionError):
    """A request that Twilio's own document does not know."""


@cache
def document() -> Mapping[str, Any]:
    """Return the document of the API's version 2010-04-01."""
    found: dict[str, Any] = json.loads(published("twilio_api_v2010.json"))
    return found


class StrictApi(HttpClient):
    """Answers by the document; `answers` has, by method and last part of the path, what is to be said instead."""

    def __init__(self, **answers: tuple[int, object]) -> None:
        super().__init__(logger=logging.getLogger("twilio.http_client"), is_async=False)
        self.answers = answers
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def request(self, method, url, params=None, data=None, headers=None, auth=None, timeout=None, **_more):
        """Judge a request and answer it."""
        path, operation, found = _operation(method, url)
        _hold(auth, "no credentials")
        given = {name: value for name, value in (params or {}).items() if value is not None}
        _check_path(operation, path, found)
        _check_query(operation, given)
        _check_form(operation, data or {}, headers or {})
        self.asked.append((method, path, {**given, **(data or {})}))
        name = f"{method.lower()}_{path.rpartition('/')[2].partition('.')[0].strip('{}')}"
        if name in self.answers:
            status, body = self.answers[name]
            return Response(status, json.dumps(body))
        return _example(operation)


def _operation(method: str, url: str) -> tuple[str, Mapping[str, Any], Mapping[str, str]]:
    parts = urlsplit(url)
    _hold(f"{parts.scheme}://{parts.netloc}" == document()["servers"][0]["url"], f"host {parts.netloc}")
    for path, item in document()["paths"].items():
        shape = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        found = re.fullmatch(shape, parts.path)
        if found and method.lower() in item:
            _hold(method == method.upper(), f"method {method}")
            return path, item[method.lower()], found.groupdict()
    raise NotInTheDocument(f"{method} {parts.path}")


def _check_path(operation: Mapping[str, Any], path: str, found: Mapping[str, str]) -> None:
    known = {p["name"]: p["schema"] for p in operation.get("parameters", ()) if p["in"] == "path"}
    _hold(known.keys() == found.keys(), f"path of {path}")
    for name, value in found.items():
        _check_value(name, value, known[name])


def _check_query(operation: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    known = {p["name"]: p for p in operation.get("parameters", ()) if p["in"] == "query"}
    for name, value in given.items():
        _hold(name in known, f"unknown query {name}")
        _check_value(name, value, known[name]["schema"])


def _check_form(operation: Mapping[str, Any], data: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    body = operation.get("requestBody")
    if body is None:
        _hold(not data, "a body nobody reads")
        return
    kind = "application/x-www-form-urlencoded"
    _hold(headers.get("Content-Type") == kind, f"body as {headers.get('Content-Type')}")
    schema = body["content"][kind]["schema"]
    for name, value in data.items():
        _hold(name in schema["properties"], f"unknown field {name}")
        _check_value(name, value, schema["properties"][name])
    for name in schema.get("required", ()):
        _hold(name in data, f"{name} is missing")
    if operation["operationId"] == "CreateCall":
        _hold(
            "From" in data and ("Url" in data or "Twiml" in data or "ApplicationSid" in data), "half a call"
        )
        _hold(set(data.get("StatusCallbackEvent", ())) <= CALL_EVENTS, "an event that does not exist")


def _check_value(name: str, value: Any, schema: Mapping[str, Any]) -> None:
    if reference := schema.get("$ref"):
        schema = document()["components"]["schemas"][reference.rpartition("/")[2]]
    if schema.get("type") == "array":
        _hold(isinstance(value, (list, tuple)), f"{name} is no list")
        for item in value:
            _check_value(name, item, schema["items"])
        return
    text = str(value).lower() if isinstance(value, bool) else str(value)
    _hold("enum" not in schema or text in schema["enum"], f"{name}={text}")
    _hold(re.search(schema.get("pattern", ""), text), f"{name}={text}")
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 1 << 20)
    _hold(shortest <= len(text) <= longest, f"{name} has {len(text)} characters")
    if schema.get("type") in {"integer", "number"}:
        _hold(re.fullmatch("-?[0-9]+", text), f"{name}={text} is no number")
        _hold(schema.get("minimum", 0) <= int(text) <= schema.get("maximum", int(text)), f"{name}={text}")
    if schema.get("type") == "boolean":
        _hold(text in {"true", "false"}, f"{name}={text}")
    if schema.get("format") == "uri":
        _hold(re.match("https?://[^/]+", text), f"{name} is no address")
    if schema.get("format") == "http-method":
        _hold(text in {"GET", "POST", "HEAD", "PATCH", "PUT", "DELETE"}, f"{name}={text}")


def _example(operation: Mapping[str, Any]) -> Response:
    for status, told in operation["responses"].items():
        content = told.get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            value = example["value"]
            if "next_page_uri" in value:  # in the examples every page has another one behind it
                value = {**value, "next_page_uri": None}
            return Response(int(status), json.dumps(value))
        return Response(int(status), "")
    raise NotInTheDocument("no answer")


def _hold(condition: object, complaint: str) -> None:
    if not condition:
        raise NotInTheDocument(complaint)
