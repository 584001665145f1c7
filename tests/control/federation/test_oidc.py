"""Signing in at an OpenID Connect provider: the way in, and every answer that is no way in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from tests.control.federation.browser import Browser, browser, text_of
from tests.control.federation.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    IdentityProvider,
    identity_provider,
)
from tests.control.management import (
    API,
    SECRET_KEY,
    Management,
    answered,
    client_of,
    managed,
    refused,
    settings_for_tests,
)

from control_layer.control.app import build_app

_JO = {"sub": "subject-1", "email": "jo@example.org", "email_verified": True, "name": "Jo Smith"}
_NOT_ACCEPTED = "The identity provider's answer was not accepted. An administrator finds the reason in the log."


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with identity_provider() as provider:
        provider.person = dict(_JO)
        yield provider


def settings_with(provider: IdentityProvider, **changes: Any) -> Any:
    oidc = {"enabled": True, "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return settings_for_tests(dashboard_url="https://control.test", auth={"oidc": oidc | changes})


@pytest.fixture
async def site(database_url: str, provider: IdentityProvider) -> AsyncIterator[Management]:
    """An instance whose people sign in at the provider."""
    async with managed(database_url, settings_with(provider)) as management:
        yield management


async def test_a_person_signs_in(site: Management, provider: IdentityProvider) -> None:
    jo = await browser(site)
    question = await answered(jo.ours.get("/authentication/oidc"), 200)
    assert question == {
        "enabled": True,
        "display_name": "Single sign-on",
        "login_url": "https://control.test/authentication/oidc/login",
    }
    page = await jo.sign_in("/models?page=2&x=%C3%A9")
    assert page.status_code == 200
    assert 'content="0;url=/models?page=2&amp;x=%C3%A9"' in page.text
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    user = await jo.me()
    assert (user["email"], user["username"], user["display_name"]) == ("jo@example.org", "jo@example.org", "Jo Smith")
    assert (user["auth_source"], user["is_admin"]) == ("oidc", False)
    assert user["roles"] == ["StandardUser", "BackgroundInferenceUser"]
    assert user["last_login"] is not None
    hidden = await site.sql("SELECT purpose FROM api_keys WHERE hidden AND user_id = $1::uuid ORDER BY 1", user["id"])
    assert [row.purpose for row in hidden] == ["batch", "playground"]
    again = await (await browser(site)).enter()
    assert again["id"] == user["id"]


async def test_the_attempts_cookie_is_for_this_browser_and_nobody_reads_it(site: Management) -> None:
    jo = await browser(site)
    response = await jo.ours.get("/authentication/oidc/login")
    line = response.headers["set-cookie"]
    attributes = {part.strip().lower() for part in line.split(";")[1:]}
    assert attributes == {"path=/authentication/oidc", "httponly", "secure", "samesite=lax", "max-age=600"}
    asked = {name: value for name, (value,) in parse_qs(urlsplit(response.headers["location"]).query).items()}
    assert asked["state"] not in line
    assert asked["nonce"] not in line
    assert "client_secret" not in asked


async def test_it_is_off_by_default(management: Management) -> None:
    jo = await browser(management)
    question = await answered(jo.ours.get("/authentication/oidc"), 200)
    assert question == {"enabled": False, "display_name": None, "login_url": None}
    client = await management.client()
    for path in ("login", "callback?code=x&state=y"):
        await refused(client.get(f"/authentication/oidc/{path}"), 400, "Single sign-on is disabled")


async def test_it_works_where_passwords_do_not(database_url: str, provider: IdentityProvider) -> None:
    async with managed(database_url, settings_with(provider)) as management:
        auth = management.services.settings.auth
        native = auth.native.model_copy(update={"enabled": False})
        settings = management.services.settings.model_copy(update={"auth": auth.model_copy(update={"native": native})})
        app = build_app(replace(management.services, settings=settings))
        async with client_of(app, accept="text/html") as client:
            assert (await Browser(client).enter())["email"] == "jo@example.org"


@pytest.mark.parametrize(
    "return_to",
    [
        "https://evil.test",
        "//evil.test",
        "/\\evil.test",
        "/\t/evil.test",
        "",
        "evil",
        "/a b",
        "/a\r\nx",
        "/" + "x" * 1024,
    ],
)
async def test_nobody_is_led_to_another_site(site: Management, return_to: str) -> None:
    client = await site.client()
    response = await client.get("/authentication/oidc/login", params={"return_to": return_to})
    assert response.status_code == 400
    assert "set-cookie" not in response.headers


async def test_an_answer_without_its_attempt_is_nothing(site: Management, provider: IdentityProvider) -> None:
    jo, other = await browser(site), await browser(site)
    back = await jo.prove(await jo.begin())
    for wrong in (back.replace("state=", "state=x"), back.partition("?")[0], "/authentication/oidc/callback?state=ä"):
        page = await jo.ours.get(wrong)
        assert (page.status_code, "has expired" in text_of(page)) == (400, True)
        back = await jo.prove(await jo.begin())
    page = await other.ours.get(back)  # another browser: it is not made to be somebody it did not ask to be
    assert page.status_code == 400
    assert not await other.is_signed_in()
    assert provider.asked["token"] == 0


async def test_an_answer_works_once(site: Management, provider: IdentityProvider) -> None:
    jo = await browser(site)
    address = await jo.begin()
    cookie = jo.ours.cookies["control_layer_sign_in"]
    back = await jo.prove(address)
    assert (await jo.ours.get(back)).status_code == 200
    assert (await jo.ours.get(back)).status_code == 400  # the attempt is over
    thief = await browser(site)
    thief.ours.cookies.set("control_layer_sign_in", cookie, domain="control.test")
    page = await thief.ours.get(back)
    assert (page.status_code, "used before" in text_of(page)) == (400, True)
    assert not await thief.is_signed_in()


async def test_a_forged_attempt_is_none(site: Management) -> None:
    for value in ("nonsense", "ä", "AQ", "A" * 400):
        client = await site.client()
        cookie = (b"cookie", f"control_layer_sign_in={value}".encode())
        call = client.get("/authentication/oidc/callback?code=x&state=y", headers=[cookie])
        assert (await call).status_code == 400


async def test_attempts_expire(site: Management, provider: IdentityProvider) -> None:
    jo = await browser(site)
    back = await jo.prove(await jo.begin())
    later = replace(site.services, now=lambda: site.services.now() + timedelta(minutes=11))
    async with client_of(build_app(later), accept="text/html") as client:
        client.cookies = jo.ours.cookies
        assert "has expired" in text_of(await client.get(back))
    assert (await jo.ours.get(back)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another-client"]},
        {"aud": [CLIENT_ID], "azp": "another-client"},
        {"aud": None},
        {"iss": "https://evil.test"},
        {"iss": None},
        {"exp": int(time.time()) - 120},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": int(time.time()) + 3600},
        {"iat": None},
        {"nbf": int(time.time()) + 3600},
        {"at_hash": "of-another-token"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
    ],
)
async def test_tokens_that_are_not_for_us_now_are_refused(
    site: Management, provider: IdentityProvider, changes: dict[str, Any]
) -> None:
    provider.token_changes = changes
    assert await (await browser(site)).refusal() == (502, _NOT_ACCEPTED)
    assert len(await site.sql("SELECT 1 FROM users")) == 2


async def test_tokens_of_other_makers_are_refused(site: Management, provider: IdentityProvider) -> None:
    published = [provider.key.as_dict(private=False)]
    kid = str(provider.key.kid)
    provider.published = published
    provider.key = RSAKey.generate_key(2048, {"kid": kid})  # somebody else's key under the provider's name
    assert await (await browser(site)).refusal() == (502, _NOT_ACCEPTED)
    provider.key, provider.algorithm = OctKey.import_key(CLIENT_SECRET, {"kid": kid}), "HS256"
    assert await (await browser(site)).refusal() == (502, _NOT_ACCEPTED)
    provider.published = [provider.key.as_dict(private=True)]
    assert await (await browser(site)).refusal() == (502, _NOT_ACCEPTED)


async def test_elliptic_keys_sign_as_well(site: Management, provider: IdentityProvider) -> None:
    provider.key, provider.algorithm = ECKey.generate_key("P-256", auto_kid=True), "ES256"
    await (await browser(site)).enter()


@pytest.mark.parametrize("with_ids", [True, False])
async def test_new_keys_are_looked_up_when_they_are_met(
    site: Management, provider: IdentityProvider, with_ids: bool
) -> None:
    provider.key = RSAKey.generate_key(2048, auto_kid=with_ids)
    await (await browser(site)).enter()
    await (await browser(site)).enter()
    assert (provider.asked["openid-configuration"], provider.asked["keys"]) == (1, 1)
    provider.key = RSAKey.generate_key(2048, auto_kid=with_ids)
    await (await browser(site)).enter()
    assert provider.asked["keys"] == 2


async def test_a_provider_that_is_away_is_told(site: Management, provider: IdentityProvider) -> None:
    provider.away = True
    jo = await browser(site)
    page = await jo.ours.get("/authentication/oidc/login")
    assert (page.status_code, "cannot be reached" in text_of(page)) == (503, True)
    client = await site.client(accept="application/json")
    response = await client.get("/authentication/oidc/login")
    assert (response.status_code, response.json()["code"]) == (503, "service_unavailable")
    assert provider.asked["openid-configuration"] == 1  # not asked again at once


async def test_a_provider_that_leaves_in_between_is_told(site: Management, provider: IdentityProvider) -> None:
    jo = await browser(site)
    back = await jo.prove(await jo.begin())
    provider.away = True
    page = await jo.ours.get(back)
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    provider.away = False
    await jo.enter()


async def test_nobody_listens_at_the_issuer(database_url: str, provider: IdentityProvider) -> None:
    settings = settings_with(provider, issuer="http://127.0.0.1:9")
    async with managed(database_url, settings) as management:
        response = await (await management.client()).get("/authentication/oidc/login")
        assert (response.status_code, response.json()["error"]) == (503, "service_unavailable")


async def test_another_issuer_than_configured_is_not_trusted(database_url: str, provider: IdentityProvider) -> None:
    async with managed(database_url, settings_with(provider, issuer=f"{provider.issuer}/")) as management:
        await refused((await management.client()).get("/authentication/oidc/login"), 502)


async def test_a_wrong_client_secret_is_the_administrators_business(
    database_url: str, provider: IdentityProvider
) -> None:
    async with managed(database_url, settings_with(provider, client_secret="wrong")) as management:
        assert await (await browser(management)).refusal() == (502, _NOT_ACCEPTED)


async def test_the_secret_goes_where_the_provider_wants_it(site: Management, provider: IdentityProvider) -> None:
    provider.secret_by_post = True
    await (await browser(site)).enter()


async def test_a_refusal_at_the_provider_is_told(site: Management, provider: IdentityProvider) -> None:
    provider.refusal = "access_denied"
    status, text = await (await browser(site)).refusal()
    assert (status, text) == (403, "The identity provider did not sign you in (access_denied).")
    provider.refusal = "<script>"
    status, text = await (await browser(site)).refusal()
    assert (status, text) == (403, "The identity provider did not sign you in.")


async def test_an_answer_of_another_issuer_is_refused(site: Management, provider: IdentityProvider) -> None:
    jo = await browser(site)
    back = await jo.prove(await jo.begin())
    assert (await jo.ours.get(back.replace("iss=", "iss=x"))).status_code == 502
    provider.names_itself = True
    back = await jo.prove(await jo.begin())
    assert (await jo.ours.get(back.partition("&iss=")[0] + "&" + back.partition("&code=")[2])).status_code in {400, 502}


async def test_no_secret_is_in_pages_or_logs(
    site: Management, provider: IdentityProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.token_changes = {"nonce": "another"}
    jo = await browser(site)
    page = await jo.sign_in()
    code = parse_qs(urlsplit(str(page.request.url)).query)["code"][0]
    shown = page.text + capsys.readouterr().out + capsys.readouterr().err
    for secret in (CLIENT_SECRET, SECRET_KEY, code, provider.issuer):
        assert secret not in shown


async def test_first_sign_ins_at_once_open_one_account(site: Management, provider: IdentityProvider) -> None:
    browsers = [await browser(site) for _ in range(6)]
    users = await asyncio.gather(*(each.enter() for each in browsers))
    assert len({user["id"] for user in users}) == 1


async def _entered(site: Management) -> tuple[Browser, Any]:
    jo = await browser(site)
    return jo, await jo.enter()


async def test_sessions_of_deleted_accounts_end(site: Management) -> None:
    jo, user = await _entered(site)
    await answered(site.admin.delete(f"{API}/users/{user['id']}"), 204)
    assert not await jo.is_signed_in()
    assert await site.sql("SELECT 1 FROM identities") == []
