"""Whatever base URL an administrator pastes, requests reach the provider's path, and no version is said twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.endpoint_url import azure_path, upstream_path, vertex_location, vertex_path


@pytest.mark.parametrize(
    ("base", "path", "expected"),
    [
        ("", "/v1/chat/completions", "/v1/chat/completions"),
        ("/", "/v1/models", "/v1/models"),
        ("/v1", "/v1/models", "/v1/models"),
        ("/v1/", "/v1/models", "/v1/models"),
        ("/openai", "/v1/models", "/openai/v1/models"),
        ("/openai/v1", "/v1/models", "/openai/v1/models"),
        ("/v1beta/openai", "/v1/models", "/v1beta/openai/models"),
        ("/api/paas/v4", "/v1/chat/completions", "/api/paas/v4/chat/completions"),
        ("/v1", "/v2/rerank", "/v2/rerank"),
        ("", "/v2/rerank", "/v2/rerank"),
        ("/cohere/v1/", "/v2/rerank", "/cohere/v2/rerank"),
        ("", "/score", "/score"),
        ("/v1", "/score", "/v1/score"),
        ("/vllm", "/v1/models", "/vllm/v1/models"),
    ],
)
def test_the_path_under_a_base(base: str, path: str, expected: str) -> None:
    assert upstream_path(base, path) == expected


SEGMENTS = st.lists(st.sampled_from(["openai", "api", "v1", "v2", "v1beta", "vllm"]), max_size=3)


@given(SEGMENTS, st.booleans(), st.sampled_from(["/v1/chat/completions", "/v2/rerank", "/score"]))
def test_a_trailing_slash_changes_nothing_and_no_slash_is_doubled(segments: list[str], slash: bool, path: str) -> None:
    base = "".join("/" + segment for segment in segments)
    reached = upstream_path(base + "/" * slash, path)
    assert reached == upstream_path(base, path)
    assert "//" not in reached
    assert reached.endswith(path.rpartition("/")[2])


@given(SEGMENTS.filter(lambda segments: not {"v1", "v2", "v1beta"} & set(segments)))
def test_a_base_with_and_without_the_version_reach_the_same(segments: list[str]) -> None:
    base = "".join("/" + segment for segment in segments)
    assert upstream_path(base, "/v1/models") == upstream_path(base + "/v1", "/v1/models") == base + "/v1/models"


@pytest.mark.parametrize("base", ["", "/", "/openai", "/openai/", "/openai/v1"])
def test_azures_api_lies_under_openai(base: str) -> None:
    assert azure_path(base, "/v1/chat/completions") == "/openai/v1/chat/completions"
    assert azure_path(base, "/v1/chat/completions", "my gpt/4") == "/openai/deployments/my%20gpt%2F4/chat/completions"
    assert azure_path(base, "/v1/images/generations", "d") == "/openai/deployments/d/images/generations"
    assert azure_path(base, "/v1/responses", "d") == "/openai/responses"


def test_a_gateway_before_azure_keeps_its_prefix() -> None:
    assert azure_path("/team", "/v1/embeddings") == "/team/openai/v1/embeddings"


@pytest.mark.parametrize(
    "base", ["", "/", "/v1", "/v1beta1/", "/v1/projects/p/locations/l", "/v1/projects/p/locations/l/"]
)
def test_vertex_ais_api_lies_under_a_project_and_a_location(base: str) -> None:
    version = "/v1beta1" if "beta" in base else "/v1"
    reached = vertex_path(base, "/v1/publishers/google/models/m:predict", "p", "l")
    assert reached == f"{version}/projects/p/locations/l/publishers/google/models/m:predict"


def test_vertex_ais_express_mode_has_no_project() -> None:
    path = "/v1/publishers/google/models/m:predict"
    assert vertex_path("/", path, None, "global") == path
    assert vertex_path("/v1/projects/p/locations/l", path, "another", "m").startswith("/v1/projects/p/locations/l/pub")


@pytest.mark.parametrize(
    ("host", "location"),
    [
        ("us-central1-aiplatform.googleapis.com", "us-central1"),
        ("aiplatform.googleapis.com", "global"),
        ("aiplatform.eu.rep.googleapis.com", "eu"),
        ("proxy.example", "global"),
        ("us-central1-aiplatform.googleapis.com.evil.example", "global"),
    ],
)
def test_an_address_of_vertex_ai_stands_for_a_location(host: str, location: str) -> None:
    assert vertex_location(host) == location
