"""Providers of several dialects, as strict as the real ones: their models are found, imported, and refused in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.control.endpoints.calls import ENDPOINTS, create_endpoint, models_at
from tests.control.management import Management, answered

from control_layer.contract.dialects import DIALECTS, DialectOptions
from control_layer.control.endpoints import discovery, listing
from control_layer.control.endpoints.discovery import DiscoveryFailed, NoModels, Provider, discover
from control_layer.simulator.bedrock.invoking import MODELS_OF_VECTORS
from control_layer.simulator.bedrock.signature import KEY_ID, SECRET
from control_layer.simulator.script import MODELS

_OLDER = DialectOptions(api_version="2024-10-21", deployment_paths=True)
_REGION = DialectOptions(region="eu-west-1")
_NONE = DialectOptions()


@pytest.fixture(scope="module")
def root() -> Iterator[str]:
    with simulator("--api-key", "key") as url:
        yield url.removesuffix("/v1")


def _provider(url: str, dialect: str, options: DialectOptions = _NONE, credential: str | None = "key") -> Provider:
    name, prefix = DIALECTS[dialect].header
    return Provider(
        url=url,
        credential=credential,
        auth_header_name=name,
        auth_header_prefix=prefix,
        verify_tls=True,
        ca_bundle=None,
        dialect=dialect,
        options=options,
    )


@pytest.mark.parametrize("page", [1000, 3])
@pytest.mark.parametrize(
    ("path", "dialect", "options"),
    [
        ("/v1", "openai", _NONE),
        ("/anthropic", "anthropic", _NONE),
        ("/anthropic/v1", "anthropic", _NONE),
        ("/gemini", "gemini", _NONE),
        ("/gemini/v1beta", "gemini", _NONE),
        ("/azure", "azure", _NONE),
        ("/ollama", "ollama", _NONE),
        ("/azure/openai/v1/", "azure", DialectOptions(api_version="preview")),
        ("/azure", "azure", _OLDER),
    ],
)
async def test_models_are_found_in_pages_too(
    root: str, monkeypatch: pytest.MonkeyPatch, path: str, dialect: str, options: DialectOptions, page: int
) -> None:
    monkeypatch.setattr(listing, "_PAGE", page)
    found = await discover(_provider(root + path, dialect, options), timeout_seconds=20)
    assert [model.id for model in found] == list(MODELS)


@pytest.mark.parametrize(
    ("path", "dialect", "credential", "word"),
    [
        ("/anthropic", "anthropic", "other", "refused the API key"),
        ("/gemini", "gemini", "other", "refused the API key"),
        ("/gemini", "gemini", None, "does not let this API key"),
        ("/azure", "azure", "other", "refused the API key"),
        ("/anthropic", "openai", "key", "It answers as Anthropic's Messages API does; set dialect to 'anthropic'"),
        ("/gemini", "openai", "key", "It answers as Google's Gemini API does"),
        ("/gemini", "anthropic", "key", "It answers as Google's Gemini API does"),
        ("/azure", "anthropic", "key", "It answers as Azure OpenAI does; set dialect to 'azure'"),
        ("/v1", "gemini", "key", "It answers as OpenAI's API does; set dialect to 'openai'"),
        ("/v1", "ollama", "key", "the dialect is 'ollama'"),
    ],
)
async def test_what_does_not_fit_is_explained(
    root: str, path: str, dialect: str, credential: str | None, word: str
) -> None:
    with pytest.raises(DiscoveryFailed) as failed:
        await discover(_provider(root + path, dialect, credential=credential), timeout_seconds=20)
    assert word in str(failed.value)


@pytest.mark.parametrize("page", [1000, 2])
@pytest.mark.parametrize(
    ("credential", "options"),
    [("key", _NONE), (f"{KEY_ID}:{SECRET}", _REGION), (f"{KEY_ID}:{SECRET}:session/token=", _REGION)],
)
async def test_models_and_inference_profiles_of_bedrock_are_found(
    root: str, monkeypatch: pytest.MonkeyPatch, credential: str, options: DialectOptions, page: int
) -> None:
    monkeypatch.setattr(listing, "_PAGE", page)
    found = await discover(_provider(f"{root}/bedrock", "bedrock", options, credential), timeout_seconds=20)
    profiles = [f"us.anthropic.claude-sim-{number}" for number in (1, 2, 3)]
    assert [model.id for model in found] == [*MODELS, *MODELS_OF_VECTORS, *profiles]


@pytest.mark.parametrize(
    ("credential", "words"),
    [
        ("other", "Please make sure your API Key is valid. Models can also be named in model_filter"),
        (f"{KEY_ID}:{SECRET[:-1]}1", "The request signature we calculated does not match"),
        (None, "Missing Authentication Token. Models can also be named in model_filter"),
    ],
)
async def test_amazon_says_why_it_lists_no_models(root: str, credential: str | None, words: str) -> None:
    with pytest.raises(DiscoveryFailed) as failed:
        await discover(_provider(f"{root}/bedrock", "bedrock", _REGION, credential), timeout_seconds=20)
    assert words in str(failed.value)
    assert SECRET[:-1] not in str(failed.value)


async def test_what_has_no_list_says_how_to_go_on(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All have one; the next dialect may not."""
    monkeypatch.setattr(discovery, "model_list_of", lambda *_: None)
    with pytest.raises(DiscoveryFailed, match="model_filter") as failed:
        await discover(_provider(root, "vertex"), timeout_seconds=20)
    assert not isinstance(failed.value, NoModels)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/anthropic", {"dialect": "anthropic"}),
        ("/azure", {"dialect": "azure"}),
        ("/azure", {"dialect": "azure", "options": {"api_version": "2024-10-21", "deployment_paths": True}}),
    ],
)
async def test_endpoints_of_served_dialects_import_their_models(
    management: Management, root: str, path: str, more: dict[str, Any]
) -> None:
    endpoint = await create_endpoint(management, 201, url=root + path, api_key="key", sync=True, **more)
    assert set(await models_at(management, endpoint["id"])) == set(MODELS)
    done = await answered(management.admin.post(f"{ENDPOINTS}/{endpoint['id']}/synchronize"), 200)
    assert done["changes_made"] == 0


# -- credentials that buy tokens ---------------------------------------------------------------------------------------

_VERTEXS = [f"{name}-{model}" for name in ("gemini", "claude") for model in MODELS]


def _bought(root: str, kind: str, **change: str) -> str:
    """A credential as it is pasted: in several lines."""
    return json.dumps(httpx.get(f"{root}/sim/{kind}").json() | change, indent=2)


@pytest.mark.parametrize("page", [1000, 3])
async def test_vertex_ai_lists_what_two_publishers_have(root: str, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(listing, "_PAGE", page)
    for credential in ("key", _bought(root, "service-account")):
        found = await discover(_provider(root + "/vertex", "vertex", credential=credential), timeout_seconds=20)
        assert [model.id for model in found] == _VERTEXS


@pytest.mark.parametrize(
    ("path", "dialect", "kind", "names"),
    [("/vertex", "vertex", "service-account", _VERTEXS), ("/azure", "azure", "entra-client", MODELS)],
)
async def test_endpoints_with_a_credential_that_buys_tokens(
    management: Management, root: str, path: str, dialect: str, kind: str, names: Any
) -> None:
    body = {"url": root + path, "dialect": dialect, "api_key": _bought(root, kind)}
    found = await answered(management.admin.post(f"{ENDPOINTS}/validate", json=body), 200)
    assert [model["id"] for model in found["models"]["data"]] == list(names)
    endpoint = await create_endpoint(management, 201, sync=True, **body)
    assert set(await models_at(management, endpoint["id"])) == set(names)
    assert "private_key" not in json.dumps(endpoint)
    done = await answered(management.admin.post(f"{ENDPOINTS}/{endpoint['id']}/synchronize"), 200)
    assert done["changes_made"] == 0


@pytest.mark.parametrize(
    ("path", "dialect", "kind", "change", "word"),
    [
        ("/vertex", "vertex", "service-account", {"client_email": "nobody@x.example"}, "account not found"),
        ("/vertex", "vertex", "service-account", {"token_uri": "http://127.0.0.1:1/token"}, "refused the connection"),
        ("/vertex", "vertex", "service-account", {"private_key": "none"}, "private_key cannot be read"),
        ("/vertex", "vertex", "service-account", {"token_uri": "http://h.example/token"}, "must be an https address"),
        ("/vertex", "vertex", "service-account", {"type": "external_account"}, "external_account"),
        ("/azure", "azure", "entra-client", {"client_secret": "wrong-secret"}, "Invalid client secret provided"),
        ("/azure", "azure", "entra-client", {"authority": "ftp://h.example"}, "authority must be"),
    ],
)
async def test_a_credential_that_buys_no_token_is_explained(
    management: Management, root: str, path: str, dialect: str, kind: str, change: dict[str, str], word: str
) -> None:
    body = {"url": root + path, "dialect": dialect, "api_key": _bought(root, kind, **change)}
    response = await management.admin.post(f"{ENDPOINTS}/validate", json=body)
    assert response.status_code in (400, 500)
    assert word in response.text
    assert "wrong-secret" not in response.text
    assert "PRIVATE KEY" not in response.text


async def test_an_access_token_needs_a_project(management: Management) -> None:
    url = "https://europe-west4-aiplatform.googleapis.com"
    body = {"name": "n", "url": url, "sync": False, "api_key": "ya29.token"}
    response = await management.admin.post(ENDPOINTS, json=body)
    assert (response.status_code, "options.project" in response.text) == (400, True)
    await create_endpoint(management, url=url, api_key="ya29.token", options={"project": "our-project"})
    await create_endpoint(management, url=f"{url}/v1/projects/p/locations/l", api_key="ya29.token")
    await create_endpoint(management, url=url, api_key="AIzaSy0")
