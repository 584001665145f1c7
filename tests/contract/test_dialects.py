"""The table of dialects: what an address is known for, and what may be connected."""

from __future__ import annotations

from typing import get_args

import pytest

from control_layer.contract.dialects import DIALECTS, DialectName, is_served, recognised, served_names


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://openrouter.ai/api/v1", "openai"),
        ("http://model-server:8000/", "openai"),
        ("https://api.anthropic.com/", "anthropic"),
        ("https://api.anthropic.com/v1", "anthropic"),
        ("https://api.anthropic.com.evil.example/", "openai"),
        ("https://ours.openai.azure.com/", "azure"),
        ("https://ours.openai.azure.com/openai/v1", "azure"),
        ("https://ours.services.ai.azure.com/openai/v1", "azure"),
        ("https://ours.services.ai.azure.com/anthropic", "anthropic"),
        ("https://generativelanguage.googleapis.com/", "gemini"),
        ("https://generativelanguage.googleapis.com/v1beta", "gemini"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "openai"),
        ("https://generativelanguage.googleapis.com/v1beta/openai/", "openai"),
        ("https://bedrock-runtime.eu-west-1.amazonaws.com/", "bedrock"),
        ("https://bedrock-runtime-fips.us-east-1.amazonaws.com/", "bedrock"),
        ("https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1", "openai"),
        ("https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/l", "vertex"),
        ("https://aiplatform.googleapis.com/v1/projects/p/locations/global", "vertex"),
        ("https://aiplatform.eu.rep.googleapis.com/v1", "vertex"),
        ("https://aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/openapi", "openai"),
        ("https://aiplatform.googleapis.com.evil.example/", "openai"),
        ("https://api.cohere.com/v2", "cohere"),
        ("https://api.cohere.ai/compatibility/v1", "openai"),
        ("http://localhost:11434/v1", "openai"),
        ("https://ollama.com/api", "ollama"),
        ("https://ollama.com/v1", "openai"),
    ],
)
def test_an_address_is_known_for_its_dialect(url: str, dialect: str) -> None:
    assert recognised(url) == dialect


def test_who_speaks_openais_dialect_too_is_asked_in_it_until_the_other_is_served() -> None:
    for url in ("http://localhost:11434/", "http://10.0.0.7:11434/api"):
        assert recognised(url) == ("ollama" if is_served("ollama") else "openai")


def test_the_table_has_every_dialect_and_says_what_to_do_without_it() -> None:
    assert set(DIALECTS) == set(get_args(DialectName))
    assert {"openai", "anthropic", "azure", "gemini"} <= set(served_names())
    assert all(dialect.served or dialect.instead for dialect in DIALECTS.values())
    assert not is_served("a-newer-one")
