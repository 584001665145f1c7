"""Providers' model lists in all dialects, and what is no list."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.dialects import DIALECTS, DialectOptions
from control_layer.control.endpoints.listing import ListedModel, ListPage, ModelList, NotAModelList, model_list_of
from control_layer.control.endpoints.model_type import ModelType, detected

_PLAIN = DialectOptions()
_OLDER = DialectOptions(api_version="2024-10-21", deployment_paths=True)


def list_of(dialect: str, base: str = "/", options: DialectOptions = _PLAIN) -> ModelList:
    found = model_list_of(dialect, base, options)
    assert found is not None
    return found


def read(dialect: str, content: object, options: DialectOptions = _PLAIN) -> ListPage:
    return list_of(dialect, options=options).read(json.dumps(content).encode())


def names(page: ListPage) -> list[str]:
    return [model.id for model in page.models]


def test_reads_an_openai_list_each_model_once_in_its_order() -> None:
    data = [
        {"id": "b", "object": "model", "created": 1700000000, "owned_by": "acme"},
        {"id": " a "},
        {"id": "b", "owned_by": "other"},
        {"id": ""},
        {"id": "x\0y"},
    ]
    page = read("openai", {"object": "list", "data": data})
    assert page == ListPage((ListedModel("b", 1700000000, "acme"), ListedModel("a")), None)


def test_reads_anthropic_pages_to_the_end() -> None:
    first = {"data": [{"type": "model", "id": "claude-a", "created_at": "2025-01-01T00:00:00Z"}], "has_more": True}
    page = read("anthropic", {**first, "first_id": "claude-a", "last_id": "claude-a"})
    assert (names(page), page.next_after) == (["claude-a"], "claude-a")
    asked = list_of("anthropic")
    assert asked.headers == {"anthropic-version": "2023-06-01"}
    assert asked.target(None) == "/v1/models?limit=1000"
    assert asked.target("claude-a") == "/v1/models?limit=1000&after_id=claude-a"
    assert read("anthropic", {"data": [], "has_more": False, "last_id": None}).next_after is None


def test_reads_geminis_pages_without_what_cannot_be_asked() -> None:
    models = [
        {"name": "models/gemini-a", "supportedGenerationMethods": ["generateContent", "countTokens"]},
        {"name": "models/embedder", "supportedGenerationMethods": ["embedContent"]},
        {"name": "models/painter", "supportedGenerationMethods": ["predict"]},
        {"name": "models/talker", "supportedGenerationMethods": ["bidiGenerateContent"]},
        {"name": "models/unsaid"},
    ]
    page = read("gemini", {"models": models, "nextPageToken": "t/1"})
    assert (names(page), page.next_after) == (["gemini-a", "embedder", "unsaid"], "t/1")
    assert list_of("gemini").target("t/1") == "/v1beta/models?pageSize=1000&pageToken=t%2F1"
    assert list_of("gemini", "/v1beta").target(None) == "/v1beta/models?pageSize=1000"
    assert read("gemini", {"models": models[:1], "nextPageToken": ""}).next_after is None


def test_reads_azures_models_or_its_deployments() -> None:
    assert names(read("azure", {"data": [{"id": "gpt-4o", "status": "succeeded"}]})) == ["gpt-4o"]
    assert list_of("azure").target(None) == list_of("azure", "/openai/v1/").target(None) == "/openai/v1/models"
    preview = DialectOptions(api_version="preview")
    assert list_of("azure", "/", preview).target(None) == "/openai/v1/models?api-version=preview"
    data = [{"id": "chat", "model": "gpt-4o", "status": "succeeded"}, {"id": "new", "status": "creating"}]
    assert names(read("azure", {"data": data}, _OLDER)) == ["chat"]
    assert list_of("azure", "/openai/v1", _OLDER).target(None) == "/openai/deployments?api-version=2022-12-01"


def test_reads_ollamas_tags_and_coheres_models() -> None:
    assert names(read("ollama", {"models": [{"name": "llama3:latest", "digest": "d"}]})) == ["llama3:latest"]
    assert {list_of("ollama", base).target(None) for base in ("/", "/api", "/v1", "/api/")} == {"/api/tags"}
    page = read("cohere", {"models": [{"name": "command-r", "endpoints": ["chat"]}], "next_page_token": "n"})
    assert (names(page), page.next_after) == (["command-r"], "n")
    assert list_of("cohere", "/v2").target("n") == "/v1/models?page_size=1000&page_token=n"


def test_reads_bedrocks_models_and_then_its_inference_profiles() -> None:
    models = list_of("bedrock")
    assert models.target(None) == "/foundation-models?byInferenceType=ON_DEMAND&byOutputModality=TEXT"
    page = models.read(
        b'{"modelSummaries":[{"modelId":"amazon.nova-pro-v1:0","providerName":"Amazon","modelArn":"a"}]}'
    )
    assert page.models == (ListedModel("amazon.nova-pro-v1:0", None, "Amazon"),)
    embedding = models.more
    assert embedding is not None
    assert embedding.target(None) == "/foundation-models?byInferenceType=ON_DEMAND&byOutputModality=EMBEDDING"
    page = embedding.read(
        b'{"modelSummaries":[{"modelId":"amazon.titan-embed-text-v2:0"},{"modelId":"amazon.titan-embed-image-v1"}]}'
    )
    assert names(page) == ["amazon.titan-embed-text-v2:0"]
    profiles = embedding.more
    assert profiles is not None
    assert profiles.target("t=") == "/inference-profiles?maxResults=1000&nextToken=t%3D"
    page = profiles.read(b'{"inferenceProfileSummaries":[{"inferenceProfileId":"eu.x.y"}],"nextToken":"n"}')
    assert (names(page), page.next_after, profiles.more) == (["eu.x.y"], "n", None)


def test_all_have_one() -> None:
    assert [name for name in DIALECTS if model_list_of(name, "/", _PLAIN) is None] == []
    assert model_list_of("another", "/", _PLAIN) is None


@pytest.mark.parametrize(
    "base", ["/", "/v1", "/v1beta1/", "/v1/projects/p/locations/global", "/v1/projects/p/locations/l/publishers/google"]
)
def test_reads_vertex_ais_model_garden_of_two_publishers(base: str) -> None:
    google = list_of("vertex", base)
    assert google.more is not None
    assert google.target(None) == "/v1beta1/publishers/google/models?pageSize=1000"
    assert google.more.target("n") == "/v1beta1/publishers/anthropic/models?pageSize=1000&pageToken=n"
    garden = [{"name": f"publishers/google/models/{name}"} for name in ("gemini-3", "imagen-4", "text-embedding-005")]
    page = read("vertex", {"publisherModels": garden, "nextPageToken": "n"})
    assert (names(page), page.next_after) == (["gemini-3", "text-embedding-005"], "n")
    assert names(read("vertex", {})) == []


def test_reads_openrouters_list_which_has_no_object_field() -> None:
    body = {"data": [{"id": "acme/model", "canonical_slug": "x", "name": "Acme", "created": 1.7e9, "pricing": {}}]}
    assert read("openai", body).models == (ListedModel("acme/model", 1700000000),)


@pytest.mark.parametrize("dialect", ["openai", "gemini", "bedrock"])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"<html>", b'{"data": {}}', b'{"data": [1]}', b'{"data": [{"name": "x"}]}',
        b'{"data": [{"id": 7}]}', b'{"data": [{"id": "\xff"}]}', b"[" * 100_000, b'{"models": [{"id": "x"}]}',
    ],
)  # fmt: skip
def test_refuses_what_is_no_list(dialect: str, body: bytes) -> None:
    with pytest.raises(NotAModelList):
        list_of(dialect).read(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_refused(body: bytes) -> None:
    for dialect in DIALECTS:
        found = model_list_of(dialect, "/", _OLDER)
        if found is not None:
            with suppress(NotAModelList):
                found.read(body)


@pytest.mark.parametrize(
    ("name", "model_type"),
    [
        ("gpt-4o", ModelType.CHAT),
        ("text-embedding-3-small", ModelType.EMBEDDINGS),
        ("text-embedding-ADA-002", ModelType.EMBEDDINGS),
        ("BAAI/bge-m3", ModelType.EMBEDDINGS),
        ("intfloat/e5-large", ModelType.EMBEDDINGS),
        ("sentence-transformers/all-MiniLM-L6-v2", ModelType.EMBEDDINGS),
        ("BAAI/bge-reranker-v2-m3", ModelType.RERANKER),
        ("cross-encoder/ms-marco", ModelType.RERANKER),
    ],
)
def test_type_is_guessed_from_the_name(name: str, model_type: ModelType) -> None:
    assert detected(name) is model_type
