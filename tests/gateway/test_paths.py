"""Which handling a path gets, however it is spelled."""

from __future__ import annotations

import pytest

from control_layer.contract.endpoint_url import upstream_path
from control_layer.gateway.paths import Handling, classify


@pytest.mark.parametrize(
    ("path", "handling"),
    [
        ("/ai/v1/chat/completions", Handling.JSON),
        ("/ai/v1/completions", Handling.JSON),
        ("/ai/v1/embeddings", Handling.JSON),
        ("/ai/v1/responses", Handling.JSON),
        ("/ai/v1/responses/input_tokens", Handling.JSON),
        ("/ai/v1/moderations", Handling.JSON),
        ("/ai/v1/rerank", Handling.JSON),
        ("/ai/v2/rerank", Handling.JSON),
        ("/ai/v1/score", Handling.JSON),
        ("/ai/v1/images/generations", Handling.JSON),
        ("/ai/v1/audio/speech", Handling.JSON),
        ("/ai/v1/messages", Handling.JSON),
        ("/ai/v1/messages/count_tokens", Handling.JSON),
        ("/ai/v1/images/edits", Handling.MULTIPART),
        ("/ai/v1/images/variations", Handling.MULTIPART),
        ("/ai/v1/audio/transcriptions", Handling.MULTIPART),
        ("/ai/v1/audio/translations", Handling.MULTIPART),
        ("/ai/v1/models", Handling.MODELS),
        ("/ai/v1/models/org/name", Handling.MODELS),
        ("/ai/v1/files", Handling.CONTROL),
        ("/ai/v1/files/file-1/content", Handling.CONTROL),
        ("/ai/v1/batches/b/cancel", Handling.CONTROL),
        ("/ai/v1/responses/resp_1", Handling.CONTROL),
        ("/ai/v1/responses/resp_1/cancel", Handling.CONTROL),
        ("/ai/v1/daemons", Handling.CONTROL),
        ("/ai/openapi.json", Handling.CONTROL),
        ("/ai/v1/realtime", Handling.REALTIME),
        ("/ai/v1/filesystem", Handling.OPEN),
        ("/ai/v1/brand/new", Handling.OPEN),
        ("/ai/", Handling.OPEN),
    ],
)
def test_every_path_of_the_contract_has_its_handling(path: str, handling: Handling) -> None:
    found = classify(path.encode())
    assert found is not None
    assert found.handling is handling


@pytest.mark.parametrize(
    "path",
    ["/ai/v1/chat/completions/", "/ai/v1/chat%2Fcompletions", "/ai/v1/%63hat/completions", "/ai/V1/Chat/completions"],
)
def test_another_spelling_of_a_known_path_is_that_path(path: str) -> None:
    """S13: what is accounted for does not depend on how a path is written."""
    found = classify(path.encode())
    assert found is not None
    assert (found.handling, found.api_path, found.metered) == (Handling.JSON, "/v1/chat/completions", True)


@pytest.mark.parametrize(
    "path",
    ["/ai/../admin", "/ai/v1/../../x", "/ai/v1//chat/completions", "/ai/v1/%2e%2e/x", "/ai/v1/./x", "/ai/v1/x%2f..%2fy",
     "/ai/v1\\..\\x", "/ai//"],
)  # fmt: skip
def test_a_path_that_could_be_read_as_another_one_is_none(path: str) -> None:
    assert classify(path.encode()) is None


@pytest.mark.parametrize("path", ["/ai/chat/completions", "/ai/v1beta/openai/chat/completions", "/ai/v3/completions/"])
def test_completions_under_any_prefix_are_metered_like_completions(path: str) -> None:
    found = classify(path.encode())
    assert found is not None
    assert (found.metered, found.usage_on_request, found.ends_explicitly) == (True, True, True)


def test_only_the_messages_api_has_anthropics_errors() -> None:
    paths = [b"/ai/v1/messages", b"/ai/v1/messages/count_tokens", b"/ai/v1/messagesfoo", b"/ai/v1/chat/completions"]
    found = [classify(path) for path in paths]
    assert [path.anthropic for path in found if path is not None] == [True, True, False, False]


@pytest.mark.parametrize(
    ("base", "expected"),
    [("/openai", "/openai/v1/rerank"), ("/openai/v1", "/openai/v1/rerank"), ("", "/v1/rerank"), ("/", "/v1/rerank")],
)
def test_a_base_url_with_or_without_version_reaches_the_same_path(base: str, expected: str) -> None:
    assert upstream_path(base, "/v1/rerank") == expected
