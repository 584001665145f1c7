"""Pictures that OpenAI's clients ask for or have changed, as Google's models are asked for them and give them.

`transcripts/openai_images/<scenario>/` holds `request.json` (a client's), `request.form` (the same request as a form),
`sent.json` and `answer.json` (Gemini's), `answered.json` (what the client is told of it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.gateway.dialects import gemini_requests, vertex_requests
from tests.gateway.dialects.transcripts import Scenario, scenarios, splits

from control_layer.gateway.dialects import openai_images
from control_layer.gateway.dialects.dialect import Outgoing
from control_layer.gateway.dialects.gemini import GEMINI
from control_layer.gateway.dialects.images import ImageDialect, ImagesAsked
from control_layer.gateway.dialects.vertex import VERTEX_GEMINI
from control_layer.gateway.held_forms import form_as_json
from control_layer.gateway.multipart import ModelField

_BOUNDARY = b"d7f1a2"
_MODEL = "gemini-3.1-flash-image"
_MADE = 1_700_000_000
"""Unix seconds."""
_JUDGES: dict[str, tuple[ImageDialect, Callable[[Outgoing], dict[str, Any]]]] = {
    "gemini": (GEMINI, gemini_requests.judged),
    "vertex": (VERTEX_GEMINI, vertex_requests.judged),
}


def _each(*files: str) -> pytest.MarkDecorator:
    found = scenarios("openai_images", *files)
    return pytest.mark.parametrize("scenario", found, ids=[scenario.name for scenario in found])


def _read(body: bytes) -> ImagesAsked:
    return openai_images.read_edit(body) if b'"images"' in body else openai_images.read_request(body)


@_each("request.json", "sent.json")
@pytest.mark.parametrize("provider", _JUDGES)
def test_what_a_client_asks_is_sent(provider: str, scenario: Scenario) -> None:
    dialect, judged = _JUDGES[provider]
    outgoing = dialect.write_images(_read(scenario.bytes("request.json")), _MODEL, lenient=False)
    assert judged(outgoing) == scenario.json("sent.json")
    assert outgoing.dropped == ()


@_each("answer.json", "answered.json")
@pytest.mark.parametrize("provider", _JUDGES)
def test_an_answer_is_told(provider: str, scenario: Scenario) -> None:
    given = _JUDGES[provider][0].read_images(scenario.bytes("answer.json"))
    assert msgspec.json.decode(openai_images.write_answer(given, _MADE)) == scenario.json("answered.json")


@_each("request.form", "request.json")
def test_a_form_is_the_same_request_however_it_is_cut(scenario: Scenario) -> None:
    form, request = scenario.bytes("request.form"), _read(scenario.bytes("request.json"))
    for pieces in splits(form):
        field = ModelField(b"multipart/form-data; boundary=" + _BOUNDARY)
        named = [field.feed(piece) for piece in pieces]
        assert named[-1] == "painter"
        assert _read(form_as_json(field.boundary, b"".join(pieces), "painter")) == request
