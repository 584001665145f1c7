"""Which models are known by name, and that what is told of them contradicts neither itself nor the prices' source."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from genai_prices.data import providers

from control_layer.contract.model_apis import APIS, paths_of
from control_layer.control.catalogue.families import FAMILIES, family_of
from control_layer.control.endpoints.model_type import ModelType, detected

_DOES = {"tools", "structured_output", "reasoning"}
_MEDIA = {"text", "image", "audio", "video", "document", "embedding", "score"}


@pytest.mark.parametrize(
    ("names", "capabilities"),
    [
        (
            ["gpt-4o", "gpt-4o-2024-08-06", "openai/gpt-4o-mini", "ft:gpt-4o-mini-2024-07-18:org::id", "GPT-4o"],
            {"tools", "structured_output", "vision", "documents"},
        ),
        (
            [
                "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5@20250929",
                "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic/claude-sonnet-4.5", "claude-opus-5-5",
            ],
            {"tools", "structured_output", "reasoning", "vision", "documents"},
        ),
        (
            ["gemini-2.5-flash", "models/gemini-2.5-flash-preview-05-20", "publishers/google/models/gemini-3.1-pro"],
            {"tools", "structured_output", "reasoning", "vision", "audio", "video", "documents"},
        ),
        (["meta.llama3-1-70b-instruct-v1:0", "meta-llama/Llama-3.3-70B-Instruct", "llama3.1:8b"], {"tools"}),
        (["qwen3:8b", "Qwen/Qwen3-30B-A3B"], {"tools", "reasoning"}),
        (["dall-e-3", "tts-1-hd", "text-embedding-3-small", "rerank-v3.5"], set()),
    ],
)  # fmt: skip
def test_a_family_is_told_by_its_name_wherever_it_is_served(names: list[str], capabilities: set[str]) -> None:
    for name in names:
        family = family_of(name)
        assert family is not None, name
        assert {*family.capabilities} == capabilities, name


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4-vision-preview", "gpt-4.7", "gpt-5-image", "gpt-4o-search-preview", "my-gpt-4o", "our-model",
        "deepseek-r1-distill-llama-70b", "llama3.2:3b", "claude-instant", "gemini-3-pro-image-preview",
        "openai/o3-pro",
    ],
)  # fmt: skip
def test_what_only_looks_like_one_stays_unknown(name: str) -> None:
    assert family_of(name) is None


def test_each_says_what_the_words_for_it_are() -> None:
    for family in FAMILIES:
        assert set(family.does) <= _DOES, family
        assert {*family.input, *family.output} <= _MEDIA, family
        assert set(family.apis) <= {*APIS}, family
        assert paths_of(None, family.apis), family
        assert (family.max_output_tokens or 0) <= (family.context_window or 2**53), family


def test_the_type_that_a_name_suggests_is_no_contradiction() -> None:
    """Where the type is more than a guess, it decides where a model is asked."""
    for name in (
        "text-embedding-3-large",
        "embed-v4.0",
        "mistral-embed",
        "bge-m3",
        "rerank-v3.5",
        "bge-reranker-v2-m3",
    ):
        family, kind = family_of(name), detected(name)
        assert family is not None
        assert kind is not ModelType.CHAT
        assert paths_of(kind, None) == paths_of(kind, family.apis)


def _windows() -> Iterator[tuple[str, int, int]]:
    for provider in providers:
        for model in provider.models if provider.id in ("openai", "anthropic", "google", "aws") else ():
            family = family_of(model.id)
            if family is not None and family.context_window is not None and model.context_window is not None:
                yield model.id, family.context_window, model.context_window


def test_windows_are_those_that_the_prices_source_knows_too() -> None:
    """It rounds some. By more differ two only, for which the providers' own pages say what ours does."""
    compared = [*_windows()]
    assert len(compared) > 50
    apart = {name for name, ours, theirs in compared if not 0.9 < ours / theirs < 1.1}
    assert apart == {"gemini-1.5-pro", "gpt-3.5-turbo-instruct"}
