"""`POST /endpoints/validate`: what a provider lists, or in plain words why not."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import uuid
from typing import Any

import pytest
import trustme
from tests.control.endpoints.calls import ENDPOINTS, create_endpoint
from tests.control.endpoints.provider import answer, listing, scripted
from tests.control.management import API, Management, answered, refused


async def _validate(management: Management, **body: Any) -> Any:
    return await management.admin.post(f"{ENDPOINTS}/validate", json=body)


async def test_validate_shows_the_list_and_keeps_nothing(management: Management) -> None:
    data = [{"id": "m", "object": "model", "created": 1, "owned_by": "acme"}, {"id": "n"}]
    async with scripted(answer(json.dumps({"data": data}).encode())) as provider:
        response = await _validate(management, type="new", url=provider.url)
    assert response.status_code == 200
    assert response.json() == {
        "status": "success",
        "models": {
            "object": "list",
            "data": [
                {"id": "m", "object": "model", "created": 1, "owned_by": "acme"},
                {"id": "n", "object": "model"},
            ],
        },
        "error": None,
    }
    assert await answered(management.admin.get(ENDPOINTS), 200) == []


async def test_validate_an_existing_endpoint_uses_its_credential(management: Management) -> None:
    async with scripted(listing("m")) as provider:
        endpoint = await create_endpoint(management, url=provider.url, api_key="stored")
        response = await _validate(management, type="existing", endpoint_id=endpoint["id"])
        assert response.status_code == 200
        assert "authorization: bearer stored" in provider.heads[0].lower()
    unknown = str(uuid.uuid4())
    await refused(
        management.admin.post(f"{ENDPOINTS}/validate", json={"endpoint_id": unknown}),
        404,
        f"Endpoint with ID {unknown} not found",
    )


@pytest.mark.parametrize(
    ("reply", "status", "word"),
    [
        (answer(b'{"data": []}'), 400, "empty list"),
        (answer(b"<html>hello</html>"), 400, "not with a list of models"),
        (answer(b'{"data": [' + b'{"id": "' + b"x" * 11_000_000 + b'"}]}'), 400, "larger than"),
        (answer(b"{}", "401 Unauthorized"), 500, "refused the API key"),
        (answer(b"{}", "403 Forbidden"), 500, "does not let this API key"),
        (answer(b"{}", "404 Not Found"), 500, "no model list at"),
        (answer(b"{}", "500 Oops"), 500, "status 500"),
        (answer(b"", "302 Found", "location: http://169.254.169.254/v1/models"), 500, "http://169.254.169.254"),
        (answer(b"", "302 Found", "location: /v1/models"), 500, "redirects in a circle"),
        (b"", 500, "closed the connection"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", 500, "closed the connection"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", 500, "closed the connection"),
    ],
)
async def test_validate_says_what_is_wrong(management: Management, reply: bytes, status: int, word: str) -> None:
    async with scripted(reply) as provider:
        response = await _validate(management, url=provider.url, api_key="sk-very-secret")
    assert response.status_code == status, response.text
    assert word in response.text
    assert "\n" not in response.text
    assert "sk-very-secret" not in response.text


async def test_credential_does_not_follow_a_redirect_to_another_origin(management: Management) -> None:
    async with scripted(listing("stolen")) as thief:
        location = f"location: {thief.url}/models"
        async with scripted(answer(b"", "307 Temporary Redirect", location)) as provider:
            response = await _validate(management, url=provider.url, api_key="secret")
        assert response.status_code == 500
        assert thief.heads == []


async def test_redirect_on_the_same_origin_is_followed(management: Management) -> None:
    def reply(head: str) -> bytes:
        if head.startswith("GET /v1/models "):
            return answer(b"", "308 Permanent Redirect", "location: /v1/models/")
        return listing("m")

    async with scripted(reply) as provider:
        assert (await _validate(management, url=provider.url)).status_code == 200


async def test_unreachable_addresses_are_explained(management: Management) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    response = await _validate(management, url=f"http://127.0.0.1:{port}")
    assert (response.status_code, "refused the connection" in response.text) == (500, True)
    response = await _validate(management, url="http://no-such-host.invalid/v1")
    assert (response.status_code, "cannot be resolved" in response.text) == (500, True)


async def test_tls_is_verified_unless_told_otherwise(management: Management) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    pem = authority.cert_pem.bytes().decode()
    async with scripted(listing("m"), tls=context) as provider:
        response = await _validate(management, url=provider.url)
        assert (response.status_code, "certificate" in response.text) == (500, True)
        assert (await _validate(management, url=provider.url, verify_tls=False)).status_code == 200
        assert (await _validate(management, url=provider.url, ca_bundle=pem)).status_code == 200
        endpoint = await create_endpoint(management, url=provider.url, ca_bundle=pem, sync=True)
        assert endpoint["ca_bundle"] == pem
    async with scripted(listing("m")) as plain:
        response = await _validate(management, url=plain.url.replace("http:", "https:"))
        assert (response.status_code, "TLS" in response.text) == (500, True)


@pytest.mark.parametrize(
    "body",
    [
        {"url": "nonsense"},
        {"url": "file:///etc/passwd"},
        {"url": "http://user:pw@host/"},
        {"url": "http://host/", "auth_header_name": "X Key"},
        {"url": "http://host/", "auth_header_name": "Content-Length"},
        {"url": "http://host/", "auth_header_prefix": "Bearer\r\nx: y"},
        {"url": "http://host/", "api_key": "a\r\nb: c"},
        {"url": "http://host/", "ca_bundle": "no pem"},
    ],
)
async def test_refuses_what_could_not_be_sent(management: Management, body: dict[str, Any]) -> None:
    assert (await _validate(management, **body)).status_code == 400
    await refused(management.admin.post(ENDPOINTS, json={"name": "bad", "sync": False, **body}), 400)


async def test_validate_needs_something_to_validate(management: Management) -> None:
    assert (await _validate(management)).status_code == 422


async def test_a_silent_provider_is_given_up_in_time(management: Management, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control_layer.control.endpoints.routes._VALIDATE_SECONDS", 0.2)
    async with scripted(None) as provider:
        response = await _validate(management, url=provider.url)
    assert (response.status_code, "did not answer within 0.2 seconds" in response.text) == (500, True)


async def test_no_connection_is_held_while_a_provider_thinks(management: Management) -> None:
    async with scripted(None) as provider:
        waiting = [asyncio.create_task(_validate(management, url=provider.url)) for _ in range(8)]
        await provider.asked(len(waiting))  # with five connections, eight could not wait if each held one
        assert management.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_validate_says_which_names_are_others_aliases(management: Management) -> None:
    other = await create_endpoint(management, skip_fetch=True, model_filter=["b", "a", "z"])
    composite = {"type": "composite", "model_name": "c", "alias": "c"}
    await answered(management.admin.post(f"{API}/models", json=composite), 200)
    async with scripted(listing("a", "b", "c", "d")) as provider:
        new = (await _validate(management, url=provider.url)).json()
        assert new["aliases_taken"] == ["a", "b", "c"]
        await answered(management.admin.delete(f"{ENDPOINTS}/{other['id']}"), 204)
        endpoint = await create_endpoint(management, url=provider.url, skip_fetch=True, model_filter=["a", "b"])
        existing = (await _validate(management, endpoint_id=endpoint["id"])).json()
        assert existing["aliases_taken"] == ["c"]
