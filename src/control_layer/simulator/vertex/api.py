"""The paths of Vertex AI (https://docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, unquote

from control_layer.simulator import anthropic, gemini
from control_layer.simulator.native import Answered, Asked
from control_layer.simulator.script import MODELS
from control_layer.simulator.strictness import Refusal, parse_object
from control_layer.simulator.tokens import is_good
from control_layer.simulator.vertex.claude import claude
from control_layer.simulator.vertex.google import google
from control_layer.wire import Header, Request

__all__ = ["API"]

_PATH = re.compile(
    r"/v1(?:beta1)?(?P<place>/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+))?"
    r"/publishers/(?P<publisher>[^/]+)/models/(?P<model>[^/:]+):(?P<method>\w+)"
)
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_LOCATION = re.compile(r"global|us|eu|[a-z]+-[a-z]+\d+")
_LIST = re.compile(r"/v1beta1/publishers/(google|anthropic)/models")
_PAGE, _MAX_PAGE = 50, 1000
_KEY = b"x-goog-api-key"


class _Api:
    def authorise(self, request: Request, api_key: str | None) -> None:
        """A token of Google's, or an API key."""
        key, field = request.header(_KEY), request.header(b"authorization") or b""
        token = field[7:].decode("latin-1") if field[:7] == b"Bearer " else None
        if key is not None and token is None:
            if api_key is not None and key != api_key.encode():
                raise Refusal(400, "API_KEY_INVALID", "API key not valid. Please pass a valid API key.")
        elif token is None or not (is_good(token, "google") or (token == api_key if api_key else token[:4] != "ya29")):
            raise Refusal(
                401,
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
                "valid authentication credential.",
            )

    def read(self, request: Request, path: str, body: bytes) -> Asked | Answered:
        query = {name: values[-1] for name, values in parse_qs(request.query.decode("latin-1")).items()}
        listed = _LIST.fullmatch(path)
        if listed is not None and request.method == b"GET":
            return Answered(body=_models(listed[1], query))
        found = _PATH.fullmatch(path)
        if found is None or request.method != b"POST":
            raise _not_found(path)
        if found["place"] is None:
            if request.header(_KEY) is None:
                raise _not_found(path)
        elif not _PROJECT.fullmatch(found["project"]):
            raise Refusal(400, "INVALID_ARGUMENT", f"Invalid resource field value in the request: {found['project']}")
        elif not _LOCATION.fullmatch(found["location"]):
            raise Refusal(400, "INVALID_ARGUMENT", f"Unsupported region for Vertex AI: {found['location']}")
        fields, model = parse_object(body), unquote(found["model"])
        if found["publisher"] == "google":
            return google(model, found["method"], query, fields, path)
        if found["publisher"] == "anthropic":
            return claude(model, found["method"], fields, path)
        raise _not_found(path)

    def refused(self, refusal: Refusal, answer_id: str) -> dict[str, Any]:
        if refusal.code.endswith("_error") and refusal.code != "simulated_error":
            return anthropic.API.refused(refusal, answer_id)
        return gemini.API.refused(refusal, answer_id)

    def headers(self, answer_id: str, _refusal: Refusal | None = None) -> list[Header]:
        del answer_id
        return [(b"server", b"simulated scaffolding"), (b"vary", b"Origin")]


API = _Api()


def _not_found(path: str) -> Refusal:
    return Refusal(404, "NOT_FOUND", f"The requested URL {path} was not found on this server.")


def _models(publisher: str, query: dict[str, str]) -> dict[str, Any]:
    """A page; the token is the number of the first model of the next."""
    names = [f"gemini-{name}" for name in MODELS] if publisher == "google" else [f"claude-{name}" for name in MODELS]
    names += ["imagen-sim"] if publisher == "google" else []
    size, token = query.get("pageSize", str(_PAGE)), query.get("pageToken", "0")
    if not size.isdigit() or not token.isdigit():
        raise Refusal(400, "INVALID_ARGUMENT", "Invalid value for page_size or page_token")
    begin, end = int(token), int(token) + min(int(size) or _PAGE, _MAX_PAGE)
    shown = [
        {"name": f"publishers/{publisher}/models/{name}", "versionId": "default", "launchStage": "GA"}
        for name in names[begin:end]
    ]
    page: dict[str, Any] = {"publisherModels": shown}
    return {**page, "nextPageToken": str(end)} if end < len(names) else page
