"""The simulated Vertex AI and the two token endpoints: what they take, and what they refuse as the real ones do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

_PLACE = "/v1/projects/sim-project/locations/europe-west4/publishers"
_TEXT = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
_MESSAGE = {
    "anthropic_version": "vertex-2023-10-16", "max_tokens": 50, "messages": [{"role": "user", "content": "hello"}],
}  # fmt: skip
_CALLED = {
    "contents": [
        {"role": "user", "parts": [{"text": "hello"}]},
        {"role": "model", "parts": [{"functionCall": {"id": "1", "name": "f", "args": {}}}]},
        {"role": "user", "parts": [{"functionResponse": {"id": "1", "name": "f", "response": {}}}]},
    ]
}


@pytest.fixture
def client(root: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{root}/vertex", headers={"authorization": "Bearer key"}, timeout=15) as client:
        yield client


@pytest.fixture(scope="module")
def account(root: str) -> dict[str, str]:
    return dict(httpx.get(f"{root}/sim/service-account").json())


def _assertion(account: dict[str, str], **change: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": account["client_email"],
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": account["token_uri"],
        "iat": now,
        "exp": now + 3600,
    }
    key = change.pop("key", account["private_key"])
    algorithm = "HS256" if change.pop("symmetric", False) else "RS256"
    return jwt.encode({**claims, **change}, key, algorithm, headers={"kid": account["private_key_id"]})


def _bought(account: dict[str, str], assertion: str) -> httpx.Response:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return httpx.post(account["token_uri"], data=form)


def test_a_token_that_was_bought_opens_google_and_nothing_else(root: str, account: dict[str, str]) -> None:
    token = _bought(account, _assertion(account)).json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3599)
    headers = {"authorization": f"Bearer {token['access_token']}"}
    path = f"{_PLACE}/google/models/sim-small:generateContent"
    assert httpx.post(f"{root}/vertex{path}", json=_TEXT, headers=headers).status_code == 200
    body = {"model": "sim-small", "messages": []}
    assert httpx.post(f"{root}/azure/openai/v1/chat/completions", json=body, headers=headers).status_code == 401
    forged = {"authorization": headers["authorization"][:-1] + "x"}
    assert httpx.post(f"{root}/vertex{path}", json=_TEXT, headers=forged).status_code == 401


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"iss": "nobody@x.example"}, "account not found"),
        ({"aud": "https://oauth2.googleapis.com/token"}, "audience"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "scope"),
        ({"exp": int(time.time()) + 7200}, "short-lived"),
        ({"iat": int(time.time()) - 9000, "exp": int(time.time()) - 6000}, "timeframe"),
        ({"key": "a-secret-of-somebody-else-that-is-long", "symmetric": True}, "Signature"),
    ],
)
def test_an_assertion_that_google_would_not_take(account: dict[str, str], change: dict[str, Any], word: str) -> None:
    answer = _bought(account, _assertion(account, **change))
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_grant", "invalid_scope")
    assert word in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({}, None),
        ({"client_secret": "x"}, "invalid_client"),
        ({"client_id": "x"}, "unauthorized_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "https://cognitiveservices.azure.com"}, "invalid_scope"),
        ({"resource": "x"}, "invalid_request"),
    ],
)
def test_entra_wants_all_of_its_form(root: str, change: dict[str, str], error: str | None) -> None:
    client = httpx.get(f"{root}/sim/entra-client").json()
    form = {
        "grant_type": "client_credentials",
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "scope": "https://cognitiveservices.azure.com/.default",
    }
    url = f"{client['authority']}/{client['tenant_id']}/oauth2/v2.0/token"
    answer = httpx.post(url, data=form | change)
    assert answer.json().get("error") == error
    assert httpx.post(url, json=form).json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        (f"{_PLACE}/google/models/sim-small:generateContent", _TEXT, 200, ""),
        (f"{_PLACE}/google/models/sim-small:countTokens", _TEXT, 200, ""),
        (f"{_PLACE}/google/models/sim-small:countTokens", {"generateContentRequest": _TEXT}, 400, "Unknown name"),
        (f"{_PLACE}/google/models/sim-small:generateContent", _CALLED, 400, 'Unknown name "id" at \'contents[1]'),
        (f"{_PLACE}/google/models/sim-small:generateContent", {**_TEXT, "serviceTier": "flex"}, 400, "serviceTier"),
        (
            f"{_PLACE}/google/models/sim-small:generateContent",
            {"contents": [{"parts": [{"text": "hello"}]}]},
            400,
            "valid role",
        ),
        (f"{_PLACE}/google/models/gemini-embedding-001:predict", {"instances": [{"content": "a"}] * 2}, 400, "number"),
        (f"{_PLACE}/google/models/sim-embed:predict", {"instances": [{"text": "a"}]}, 400, "Unknown name"),
        (f"{_PLACE}/google/models/sim-embed:batchEmbedContents", {"requests": []}, 404, "not found"),
        (f"{_PLACE}/anthropic/models/sim-small:rawPredict", _MESSAGE, 200, ""),
        (f"{_PLACE}/anthropic/models/sim-small:rawPredict", {**_MESSAGE, "model": "sim-small"}, 400, "model: Extra"),
        (f"{_PLACE}/anthropic/models/sim-small:rawPredict", {**_MESSAGE, "stream": True}, 400, "stream"),
        (f"{_PLACE}/anthropic/models/sim-small:rawPredict", {**_MESSAGE, "service_tier": "auto"}, 400, "service_tier"),
        (
            f"{_PLACE}/anthropic/models/sim-small:rawPredict",
            {**_MESSAGE, "anthropic_version": "2023-06-01"},
            400,
            "anthropic_version",
        ),
        (f"{_PLACE}/meta/models/sim-small:rawPredict", _MESSAGE, 404, "not found"),
        ("/v1/projects/X/locations/global/publishers/google/models/m:generateContent", _TEXT, 400, "Invalid resource"),
        ("/v1/projects/sim-project/locations/moon/publishers/google/models/m:predict", _TEXT, 400, "region"),
        ("/v1/publishers/google/models/sim-small:generateContent", _TEXT, 404, "not found"),
    ],
)
def test_it_refuses_what_the_real_one_refuses(
    client: httpx.Client, path: str, body: dict[str, Any], status: int, word: str
) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert word in answer.json()["error"]["message"]


def test_the_express_mode_takes_api_keys_and_no_project(root: str) -> None:
    url = f"{root}/vertex/v1/publishers/google/models/sim-small:generateContent"
    assert httpx.post(url, json=_TEXT, headers={"x-goog-api-key": "key"}).status_code == 200
    assert httpx.post(url, json=_TEXT, headers={"x-goog-api-key": "other"}).status_code == 400
    assert httpx.post(url, json=_TEXT).status_code == 401
