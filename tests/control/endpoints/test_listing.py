"""Providers' model lists in all dialects, and what is no list."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.control.endpoints.listing import Dialect, ListedModel, NotAModelList, dialect_of, read_page
from control_layer.control.endpoints.model_type import ModelType, detected


def test_reads_an_openai_list_each_model_once_in_its_order() -> None:
    data = [
        {"id": "b", "object": "model", "created": 1700000000, "owned_by": "acme"},
        {"id": " a "},
        {"id": "b", "owned_by": "other"},
        {"id": ""},
        {"id": "x\0y"},
    ]
    page = read_page(json.dumps({"object": "list", "data": data}).encode(), Dialect.OPENAI)
    assert page.models == (ListedModel("b", 1700000000, "acme"), ListedModel("a"))
    assert page.next_after is None


def test_reads_anthropic_pages_to_the_end() -> None:
    first = {"data": [{"type": "model", "id": "claude-a", "created_at": "2025-01-01T00:00:00Z"}], "has_more": True}
    page = read_page(json.dumps({**first, "first_id": "claude-a", "last_id": "claude-a"}).encode(), Dialect.ANTHROPIC)
    assert page.next_after == "claude-a"
    assert Dialect.ANTHROPIC.query("claude-a") == "limit=1000&after_id=claude-a"
    last = {"data": [], "has_more": False, "last_id": None}
    assert read_page(json.dumps(last).encode(), Dialect.ANTHROPIC).next_after is None


def test_reads_openrouters_list_which_has_no_object_field() -> None:
    body = {"data": [{"id": "acme/model", "canonical_slug": "x", "name": "Acme", "created": 1.7e9, "pricing": {}}]}
    assert read_page(json.dumps(body).encode(), Dialect.OPENROUTER).models == (ListedModel("acme/model", 1700000000),)


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("https://api.anthropic.com/", Dialect.ANTHROPIC),
        ("https://openrouter.ai/api/v1", Dialect.OPENROUTER),
        ("https://api.openai.com/v1", Dialect.OPENAI),
        ("https://api.anthropic.com.evil.example/", Dialect.OPENAI),
    ],
)
def test_dialect_is_the_hosts(url: str, dialect: Dialect) -> None:
    assert dialect_of(url) is dialect


def test_anthropic_takes_the_key_in_its_own_header() -> None:
    headers = Dialect.ANTHROPIC.headers("key", "Authorization", "Bearer ")
    assert headers == {"anthropic-version": "2023-06-01", "x-api-key": "key"}
    assert Dialect.OPENAI.headers("key", "X-Key", "") == {"X-Key": "key"}
    assert Dialect.OPENAI.headers(None, "Authorization", "Bearer ") == {}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"<html>", b'{"data": {}}', b'{"data": [1]}', b'{"data": [{"name": "x"}]}',
        b'{"data": [{"id": 7}]}', b'{"data": [{"id": "\xff"}]}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_refuses_what_is_no_list(body: bytes) -> None:
    with pytest.raises(NotAModelList):
        read_page(body, Dialect.OPENAI)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_refused(body: bytes) -> None:
    for dialect in Dialect:
        with suppress(NotAModelList):
            read_page(body, dialect)


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
