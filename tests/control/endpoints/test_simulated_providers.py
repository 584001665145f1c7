"""Providers of several dialects, as strict as the real ones: their models are found, imported, and refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bench.processes import simulator
from tests.control.endpoints.calls import ENDPOINTS, create_endpoint, models_at
from tests.control.management import Management, answered

from control_layer.contract.dialects import DIALECTS, DialectOptions
from control_layer.control.endpoints import listing
from control_layer.control.endpoints.discovery import DiscoveryFailed, NoModels, Provider, discover
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
    # Gemini's list says what cannot be asked for words or vectors.
    assert [model.id for model in found] == [name for name in MODELS if dialect != "gemini" or name != "sim-image"]


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
    assert [model.id for model in found] == [*MODELS, *profiles]


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


async def test_what_has_no_list_says_how_to_go_on(root: str) -> None:
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
