"""An endpoint's dialect: said, or recognised by its address; what follows from it, and what a wrong one is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.control.endpoints.calls import ENDPOINTS, create_endpoint
from tests.control.endpoints.provider import answer, listing, scripted
from tests.control.management import Management, answered, refused

from control_layer.contract.dialects import DIALECTS, DialectOptions, recognised
from control_layer.control.endpoints import dialect as dialects_module
from control_layer.control.endpoints.dialect import Options
from control_layer.control.endpoints.foreign_answer import hint, spoken_in
from control_layer.simulator.bedrock.signature import KEY_ID, SECRET

_ANTHROPIC = "https://api.anthropic.com/v1"
_VERTEX = "https://europe-west4-aiplatform.googleapis.com/"
_BEDROCK = "https://bedrock-runtime.eu-west-1.amazonaws.com/"
_AZURE = "https://ours.openai.azure.com/"


def _header(endpoint: dict[str, Any]) -> tuple[str, str, str]:
    return endpoint["dialect"], endpoint["auth_header_name"], endpoint["auth_header_prefix"]


async def _patched(management: Management, endpoint: dict[str, Any], **body: Any) -> Any:
    body = {"alias_mapping": {}, **body}
    return await answered(management.admin.patch(f"{ENDPOINTS}/{endpoint['id']}", json=body), 200)


async def test_what_is_not_said_is_recognised_by_the_address_and_brings_its_header(management: Management) -> None:
    assert _header(await create_endpoint(management)) == ("openai", "Authorization", "Bearer ")
    assert _header(await create_endpoint(management, url=_ANTHROPIC)) == ("anthropic", "x-api-key", "")
    assert _header(await create_endpoint(management, url=_AZURE, dialect=None)) == ("azure", "api-key", "")
    for url, header in (
        ("https://generativelanguage.googleapis.com/", ("gemini", "x-goog-api-key", "")),
        (_BEDROCK, ("bedrock", "Authorization", "Bearer ")),
        (_VERTEX, ("vertex", "Authorization", "Bearer ")),
        ("http://localhost:11434", ("ollama", "Authorization", "Bearer ")),
        ("HTTPS://API.Cohere.com:443", ("cohere", "Authorization", "Bearer ")),
    ):
        assert _header(await create_endpoint(management, url=url)) == header
    said = await create_endpoint(management, url="http://proxy.example/claude", dialect="anthropic")
    assert _header(said) == ("anthropic", "x-api-key", "")
    kept = await create_endpoint(management, url=_AZURE, auth_header_name="Authorization", auth_header_prefix="Bearer ")
    assert _header(kept) == ("azure", "Authorization", "Bearer ")
    assert _header(await create_endpoint(management, url=_ANTHROPIC, dialect="openai"))[0] == "openai"


async def test_a_change_of_dialect_takes_the_header_along_unless_it_is_ones_own(management: Management) -> None:
    endpoint = await create_endpoint(management)
    assert _header(await _patched(management, endpoint, dialect="anthropic")) == ("anthropic", "x-api-key", "")
    assert _header(await _patched(management, endpoint, description="d")) == ("anthropic", "x-api-key", "")
    own = await create_endpoint(management, auth_header_name="X-Key")
    assert _header(await _patched(management, own, dialect="azure")) == ("azure", "X-Key", "Bearer ")


async def test_a_new_address_is_recognised_unless_somebody_has_said_otherwise_of_the_old(
    management: Management,
) -> None:
    endpoint = await create_endpoint(management)
    assert _header(await _patched(management, endpoint, url=_ANTHROPIC))[0] == "anthropic"
    assert _header(await _patched(management, endpoint, url="http://127.0.0.1:9/"))[0] == "openai"
    said = await create_endpoint(management, dialect="anthropic")
    assert _header(await _patched(management, said, url="http://127.0.0.1:10/"))[0] == "anthropic"


async def _refused(management: Management, status: int, **body: Any) -> str:
    body = {"name": "n", "url": "http://127.0.0.1:9/", "sync": False, **body}
    response = await management.admin.post(ENDPOINTS, json=body)
    assert response.status_code == status, response.text
    return response.text


async def test_only_what_the_gateway_serves_can_be_connected_and_the_way_around_is_told(
    management: Management, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are served; the next one may not be at first."""
    unserved = replace(DIALECTS["vertex"], served=False, instead="Its other address ends in /endpoints/openapi")
    monkeypatch.setattr(dialects_module, "DIALECTS", {**DIALECTS, "vertex": unserved})
    text = await _refused(management, 400, dialect=unserved.name)
    assert "is not served yet; there are openai, anthropic, azure" in text
    assert unserved.instead in text
    await _refused(management, 422, dialect="esperanto")
    endpoint = await create_endpoint(management)
    await refused(management.admin.patch(f"{ENDPOINTS}/{endpoint['id']}", json={"dialect": unserved.name}), 400)
    body = {"url": "http://h/", "dialect": unserved.name}
    await refused(management.admin.post(f"{ENDPOINTS}/validate", json=body), 400)
    assert recognised(_VERTEX) == "vertex"
    assert f"This is the address of {unserved.title}" in await _refused(management, 400, url=_VERTEX)
    await create_endpoint(management, url=_VERTEX, dialect="openai")


async def test_options_are_kept_without_their_defaults_and_replaced_as_a_whole(management: Management) -> None:
    endpoint = await create_endpoint(management)
    assert "options" not in endpoint
    given: dict[str, Any] = {
        "quirks": ["no_stream_options", "no_stream_options"],
        "api_version": None,
        "deployment_paths": False,
    }
    changed = await _patched(management, endpoint, options=given)
    kept = {"quirks": ["no_stream_options"]}
    assert changed["options"] == kept
    assert (await _patched(management, endpoint, description="d"))["options"] == kept
    assert "options" not in await _patched(management, endpoint, dialect="anthropic")
    assert (await _patched(management, endpoint, dialect="openai", options=given))["options"] == kept
    assert "options" not in await _patched(management, endpoint, options={"quirks": []})
    await _patched(management, endpoint, options=given)
    assert "options" not in await _patched(management, endpoint, options=None)
    older = {"api_version": "2024-10-21", "deployment_paths": True}
    assert (await create_endpoint(management, url=_AZURE, options=older))["options"] == older
    given = {"native_apis": ["messages", "chat_completions"], "unsupported_parameters": "refuse"}
    kept = {"native_apis": ["chat_completions", "messages"]}
    assert (await create_endpoint(management, options=given))["options"] == kept
    place = {"project": "our-project", "location": "europe-west4"}
    assert (await create_endpoint(management, url=_VERTEX, options=place))["options"] == place
    lenient = {"unsupported_parameters": "drop"}
    assert (await create_endpoint(management, url=_ANTHROPIC, options=lenient))["options"] == lenient


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"options": {"api_version": "2024-10-21"}}, 400),
        ({"url": _AZURE, "options": {"deployment_paths": True}}, 400),
        ({"url": _AZURE, "options": {"api_version": "a&b=c"}}, 400),
        ({"url": _AZURE, "options": {"api_version": "2024-10-21\r\nx: y"}}, 400),
        ({"url": _ANTHROPIC, "options": {"api_version": "2023-06-01"}}, 400),
        ({"url": _ANTHROPIC, "options": {"quirks": ["no_stream_options"]}}, 400),
        ({"options": {"quirks": ["makes_coffee"]}}, 422),
        ({"options": {"native_apis": []}}, 400),
        ({"options": {"native_apis": ["fax"]}}, 422),
        ({"url": _ANTHROPIC, "options": {"native_apis": ["messages"]}}, 400),
        ({"options": {"unsupported_parameters": "guess"}}, 422),
        ({"options": {"project": "our-project"}}, 400),
        ({"url": _VERTEX, "options": {"project": "our/project"}}, 400),
        ({"url": _VERTEX, "options": {"location": "../us"}}, 400),
        ({"options": {"region": "eu-west-1"}}, 400),
        ({"url": _BEDROCK, "options": {"region": "eu-west-1/us-east-1"}}, 400),
    ],
)
async def test_options_that_mean_nothing_are_refused(management: Management, body: dict[str, Any], status: int) -> None:
    await _refused(management, status, **body)


async def test_access_keys_of_amazons_are_looked_at(management: Management) -> None:
    elsewhere: dict[str, Any] = {"url": "http://127.0.0.1:9/", "dialect": "bedrock"}
    keys: dict[str, Any] = {"api_key": f"{KEY_ID}:{SECRET}"}
    for body in ({"url": _BEDROCK, "api_key": KEY_ID}, {"url": _BEDROCK, "api_key": f"{KEY_ID}:short"}):
        told = await _refused(management, 400, **body)
        assert "ACCESS_KEY_ID:SECRET_ACCESS_KEY" in told
        assert KEY_ID not in told
    assert "options.region" in await _refused(management, 400, **elsewhere, **keys)
    answer = await management.admin.post(f"{ENDPOINTS}/validate", json={**elsewhere, **keys})
    assert (answer.status_code, "options.region" in answer.text) == (400, True)
    endpoint = await create_endpoint(management, url=_BEDROCK, **keys)
    assert (endpoint["dialect"], endpoint["auth_header_name"]) == ("bedrock", "Authorization")
    assert SECRET not in str(endpoint)
    region: dict[str, Any] = {"options": {"region": "eu-west-1"}}
    signed = await create_endpoint(management, **elsewhere, **keys, **region)
    assert signed["options"] == {"region": "eu-west-1"}
    await refused(management.admin.patch(f"{ENDPOINTS}/{signed['id']}", json={"options": {}}), 400)
    await _patched(management, signed, options={}, remove_api_key=True)
    await _patched(management, signed, api_key="ABSKQmVkcm9jaw==")


async def test_discovery_speaks_anthropics_dialect(management: Management) -> None:
    def reply(head: str) -> bytes:
        last = "after_id=claude-a" in head
        name = "claude-b" if last else "claude-a"
        page = {"data": [{"type": "model", "id": name}], "has_more": not last, "last_id": name}
        return answer(json.dumps(page).encode())

    async with scripted(reply) as provider:
        body = {"url": provider.url, "dialect": "anthropic", "api_key": "k"}
        found = await answered(management.admin.post(f"{ENDPOINTS}/validate", json=body), 200)
    assert [model["id"] for model in found["models"]["data"]] == ["claude-a", "claude-b"]
    assert provider.heads[0].startswith("GET /v1/models?limit=1000 ")
    assert "\r\nx-api-key: k\r\n" in provider.heads[0].lower()
    assert "\r\nanthropic-version: " in provider.heads[0].lower()


async def test_discovery_speaks_azures_dialect(management: Management) -> None:
    async with scripted(listing("chat")) as provider:
        body = {"url": provider.url.removesuffix("/v1"), "dialect": "azure", "api_key": "k"}
        await answered(management.admin.post(f"{ENDPOINTS}/validate", json=body), 200)
        older = {"api_version": "2024-10-21", "deployment_paths": True}
        await answered(management.admin.post(f"{ENDPOINTS}/validate", json={**body, "options": older}), 200)
    assert provider.heads[0].startswith("GET /openai/v1/models ")
    assert provider.heads[1].startswith("GET /openai/deployments?api-version=")
    assert "\r\napi-key: k\r\n" in provider.heads[0].lower()


_ANSWERS = {
    "anthropic": {
        "type": "error",
        "error": {"type": "authentication_error", "message": "x-api-key is required"},
    },
    "gemini": {"error": {"code": 403, "message": "no key", "status": "PERMISSION_DENIED"}},
    "azure": {"error": {"code": "401", "message": "Access denied due to invalid subscription key or wrong endpoint."}},
    "openai": {"error": {"message": "m", "type": "t", "param": None, "code": None}},
}
_LISTS = {
    "anthropic": {"data": [{"type": "model", "id": "claude"}], "has_more": False},
    "gemini": {"models": [{"name": "models/gemini", "displayName": "G"}]},
    "ollama": {"models": [{"name": "llama:latest", "modified_at": "2026-01-01T00:00:00Z", "digest": "d"}]},
    "cohere": {"models": [{"name": "command", "endpoints": ["chat"]}]},
    "openai": {"object": "list", "data": [{"id": "gpt", "object": "model"}]},
}


@pytest.mark.parametrize("answers", [_ANSWERS, _LISTS])
def test_whose_answer_it_is_can_be_seen(answers: dict[str, object]) -> None:
    for dialect, content in answers.items():
        assert spoken_in(json.dumps(content).encode()) == dialect
        assert hint(json.dumps(content).encode(), dialect, "http://h/") == ""
    for anybodys in (b"", b"<html>", b"[]", b"{}", b'{"error": "no"}', b'{"data": []}', b'{"data": [{"id": "x"}]}'):
        assert spoken_in(anybodys) is None


@pytest.mark.parametrize(
    ("url", "dialect", "body", "words"),
    [
        (_BEDROCK, "openai", b'{"message": "no"}', "It is the address of Amazon Bedrock; set dialect to 'bedrock'"),
        ("https://api.cohere.com/v2", "ollama", b"", "set dialect to 'cohere'"),
        (_ANTHROPIC, "openai", json.dumps(_ANSWERS["openai"]).encode(), ""),
        (_ANTHROPIC, "anthropic", b"", ""),
        ("http://h/", "anthropic", b"", ""),
    ],
)
def test_what_an_address_is_known_for_is_told_where_the_answer_does_not_say(
    url: str, dialect: str, body: bytes, words: str
) -> None:
    said = hint(body, dialect, url)
    assert words in said if words else said == ""


@pytest.mark.parametrize(
    ("dialect", "content", "status", "word"),
    [
        (
            "openai",
            _ANSWERS["anthropic"],
            "401 Unauthorized",
            "Messages API does; set dialect to 'anthropic'",
        ),
        ("openai", _ANSWERS["azure"], "401 Unauthorized", "set dialect to 'azure'"),
        ("openai", _LISTS["gemini"], "200 OK", "as Google's Gemini API does"),
        ("anthropic", _LISTS["ollama"], "200 OK", "as Ollama's API does"),
        ("anthropic", _ANSWERS["openai"], "401 Unauthorized", "OpenAI's API does; set dialect to 'openai'"),
        ("anthropic", {}, "404 Not Found", "whether the dialect is 'anthropic'"),
    ],
)
async def test_a_wrong_dialect_is_explained(
    management: Management, dialect: str, content: object, status: str, word: str
) -> None:
    async with scripted(answer(json.dumps(content).encode(), status)) as provider:
        body = {"url": provider.url, "dialect": dialect, "api_key": "sk-very-secret"}
        response = await management.admin.post(f"{ENDPOINTS}/validate", json=body)
    assert response.status_code in (400, 500)
    assert word in response.text
    assert "sk-very-secret" not in response.text


def test_the_api_has_every_option_that_gateways_know() -> None:
    assert set(Options.model_fields) == set(DialectOptions.__struct_fields__)
