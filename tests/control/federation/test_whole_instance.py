"""The same through a real gateway, with the supervisor's settings: who may say what to the control plane."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from tests.control.federation.browser import Browser
from tests.control.federation.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from tests.running import running

pytestmark = pytest.mark.server

_ME = "/admin/api/v1/users/current"
_IDENTITY = {"x-control-layer-user": "ext-1", "x-control-layer-email": "jo@example.org"}
_AUTH = "CONTROL_LAYER_AUTH__"


async def test_a_trusted_peer_and_an_identity_provider_let_people_in(tmp_path: Path) -> None:
    async with identity_provider() as provider:
        provider.person = {"sub": "subject-1", "email": "jo@example.org", "email_verified": True}
        environment = {
            "CONTROL_LAYER_DASHBOARD_URL": "https://control.test",
            f"{_AUTH}NATIVE__SESSION__COOKIE_SECURE": "false",
            f"{_AUTH}PROXY_HEADER__ENABLED": "true",
            f"{_AUTH}PROXY_HEADER__TRUSTED_PEERS": '["127.0.0.0/8"]',
            f"{_AUTH}OIDC__ENABLED": "true",
            f"{_AUTH}OIDC__ISSUER": provider.issuer,
            f"{_AUTH}OIDC__CLIENT_ID": CLIENT_ID,
            f"{_AUTH}OIDC__CLIENT_SECRET": CLIENT_SECRET,
        }
        with running(tmp_path, environment=environment) as instance:
            async with httpx.AsyncClient(base_url=instance.address, headers={"accept": "text/html"}) as client:
                jo = Browser(client)
                back = await jo.prove(await jo.begin("/models"))
                page = await client.get(back.removeprefix("https://control.test"))
                assert (page.status_code, "0;url=/models" in page.text) == (200, True)
                signed_in = await jo.me()
            async with httpx.AsyncClient(base_url=instance.address, headers=_IDENTITY) as client:
                answer = await client.get(_ME)
            assert (answer.status_code, answer.json()["id"]) == (200, signed_in["id"])
            assert "proxy_headers_believed_from_everybody" not in instance.log()
            assert CLIENT_SECRET not in instance.log()


def test_other_peers_are_not_believed_whatever_they_say(tmp_path: Path) -> None:
    environment = {
        f"{_AUTH}PROXY_HEADER__ENABLED": "true",
        f"{_AUTH}PROXY_HEADER__TRUSTED_PEERS": '["10.0.0.0/8"]',
    }
    with running(tmp_path, environment=environment) as instance:
        spoofed = _IDENTITY | {"x-control-layer-peer": "10.0.0.1", "x-forwarded-for": "10.0.0.1"}
        answer = httpx.get(instance.address + _ME, headers=spoofed)
        assert (answer.status_code, answer.text) == (401, "Authentication required")


def test_believing_everybody_is_warned_of(tmp_path: Path) -> None:
    with running(tmp_path, environment={f"{_AUTH}PROXY_HEADER__ENABLED": "true"}) as instance:
        assert httpx.get(instance.address + _ME, headers=_IDENTITY).status_code == 200
        assert "proxy_headers_believed_from_everybody" in instance.log()
