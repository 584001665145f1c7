"""Whose account somebody comes into through an OpenID Connect provider, and how far the provider is believed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from tests.control.federation.browser import browser, text_of
from tests.control.federation.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, identity_provider
from tests.control.management import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    API,
    NIL,
    Management,
    answered,
    managed,
    refused,
    settings_for_tests,
)

from control_layer.control.permissions import Role

_LINK = "/authentication/oidc/link"
_WHO_IS_THAT = (
    "There is an account with your e-mail address that is not linked to the identity provider. Sign in to it as "
    "before and link it there, or ask an administrator."
)


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with identity_provider() as provider:
        provider.person = {"sub": "subject-1", "email": "jo@example.org", "email_verified": True}
        yield provider


class Instances:
    """Instances whose people sign in at the provider."""

    def __init__(self, database_url: str, provider: IdentityProvider) -> None:
        self._database_url = database_url
        self._provider = provider

    def __call__(self, **changes: Any) -> AbstractAsyncContextManager[Management]:
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        oidc = {"enabled": True, "issuer": self._provider.issuer, **client, **changes}
        auth = {"oidc": oidc, "proxy_header": {"enabled": True}}
        return managed(self._database_url, settings_for_tests(dashboard_url="https://control.test", auth=auth))


@pytest.fixture
def instance(database_url: str, provider: IdentityProvider) -> Instances:
    return Instances(database_url, provider)


async def _groups(management: Management, user_id: str) -> dict[str, str]:
    groups = await answered(management.admin.get(f"{API}/users/{user_id}/groups"), 200)
    return {group["name"]: group["source"] for group in groups if group["id"] != NIL}


async def test_the_subject_is_who_somebody_is_and_the_address_follows(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance() as site:
        user = await (await browser(site)).enter()
        provider.person |= {"email": "jo.smith@example.org"}
        renamed = await (await browser(site)).enter()
        assert (renamed["id"], renamed["email"]) == (user["id"], "jo.smith@example.org")
        provider.person |= {"email": "other@example.org", "email_verified": False}
        assert (await (await browser(site)).enter())["email"] == "jo.smith@example.org"
        await site.person()
        provider.person |= {"email": "person-0@example.org", "email_verified": True}
        assert (await (await browser(site)).enter())["email"] == "jo.smith@example.org"  # somebody else has that one


async def test_an_address_of_somebody_who_left_gives_no_account_away(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance() as site:
        await (await browser(site)).enter()
        provider.person["sub"] = "subject-2"
        assert await (await browser(site)).refusal() == (409, _WHO_IS_THAT)


@pytest.mark.parametrize("verified", [False, "false", None, "", 0, 1, "yes"])
async def test_an_address_that_is_not_verified_opens_and_links_nothing(
    instance: Instances, provider: IdentityProvider, verified: object
) -> None:
    async with instance() as site:
        person = await site.person(Role.PLATFORM_MANAGER)
        for email in (f"{person.username}@example.org", "new@example.org"):
            provider.person = {"sub": "subject-1", "email": email}
            if verified is not None:
                provider.person["email_verified"] = verified
            status, text = await (await browser(site)).refusal()
            assert (status, "has not verified" in text) == (403, True)
        assert await site.sql("SELECT 1 FROM identities") == []


async def test_a_silent_provider_may_be_trusted_but_not_against_its_word(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance(trust_email=True) as site:
        del provider.person["email_verified"]
        await (await browser(site)).enter()
        provider.person = {"sub": "subject-2", "email": "other@example.org", "email_verified": False}
        assert (await (await browser(site)).refusal())[0] == 403


async def test_an_account_made_beforehand_is_its_owners(instance: Instances, provider: IdentityProvider) -> None:
    async with instance() as site:
        person = await site.person(Role.REQUEST_VIEWER)
        provider.person["email"] = f"{person.username}@example.org"
        user = await (await browser(site)).enter()
        assert (user["id"], user["auth_source"]) == (person.id, "proxy-header")
        assert "RequestViewer" in user["roles"]


async def test_an_account_with_a_password_is_not_taken_over(instance: Instances, provider: IdentityProvider) -> None:
    async with instance() as site:
        provider.person["email"] = ADMIN_EMAIL
        assert await (await browser(site)).refusal() == (409, _WHO_IS_THAT)
        assert await site.sql("SELECT 1 FROM identities") == []


async def test_an_account_that_a_proxy_knows_under_another_id_is_not_taken_over(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance() as site:
        fields = {"x-control-layer-user": "ext-1", "x-control-layer-email": "jo@example.org"}
        user = await answered((await site.client(**fields)).get(f"{API}/users/current"), 200)
        assert await (await browser(site)).refusal() == (409, _WHO_IS_THAT)
        provider.person["sub"] = "ext-1"  # the same id: proxy and provider speak of the same person
        assert (await (await browser(site)).enter())["id"] == user["id"]


async def test_the_owner_of_a_password_links_the_account(instance: Instances, provider: IdentityProvider) -> None:
    async with instance() as site:
        provider.person["email"] = "somebody.else@example.org"
        owner = await browser(site)
        login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        await answered(owner.ours.post("/authentication/login", json=login), 200)
        begun = await answered(owner.ours.post(_LINK, params={"return_to": "/profile"}), 200)
        page = await owner.ours.get(await owner.prove(begun["authorization_url"]))
        assert (page.status_code, "0;url=/profile" in page.text) == (200, True)
        user = await (await browser(site)).enter()
        assert (user["id"], user["email"], user["is_admin"]) == (site.admin_id, ADMIN_EMAIL, True)
        provider.person["sub"] = "subject-2"
        begun = await answered(owner.ours.post(_LINK), 200)
        page = await owner.ours.get(await owner.prove(begun["authorization_url"]))
        assert (page.status_code, "linked to another identity" in text_of(page)) == (409, True)


async def test_an_identity_is_linked_to_one_account(instance: Instances) -> None:
    async with instance() as site:
        await (await browser(site)).enter()
        owner = await browser(site)
        login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        await answered(owner.ours.post("/authentication/login", json=login), 200)
        begun = await answered(owner.ours.post(_LINK), 200)
        page = await owner.ours.get(await owner.prove(begun["authorization_url"]))
        assert (page.status_code, "another account" in text_of(page)) == (409, True)


async def test_linking_takes_a_session_of_this_sites_pages(instance: Instances) -> None:
    async with instance() as site:
        await refused((await site.client()).post(_LINK), 401, "Authentication required")
        await refused((await site.person()).client.post(_LINK), 403)
        await refused(site.admin.post(_LINK, headers={"origin": "https://evil.test"}), 403)
        await refused(site.admin.post(_LINK, params={"return_to": "//evil.test"}), 400)


async def test_strangers_are_refused_where_accounts_are_not_opened(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance(auto_create_users=False) as site:
        status, text = await (await browser(site)).refusal()
        assert (status, "no account for you" in text) == (403, True)
        person = await site.person()
        provider.person["email"] = f"{person.username}@example.org"
        assert (await (await browser(site)).enter())["id"] == person.id
        await answered(site.admin.delete(f"{API}/users/{person.id}"), 204)
        assert (await (await browser(site)).refusal())[0] == 403


async def test_a_deleted_account_is_not_entered_again(instance: Instances) -> None:
    async with instance() as site:
        jo = await browser(site)
        user = await jo.enter()
        await answered(site.admin.delete(f"{API}/users/{user['id']}"), 204)
        assert not await jo.is_signed_in()
        again = await (await browser(site)).enter()  # the provider still vouches for the person: a new account
        assert again["id"] != user["id"]


@pytest.mark.parametrize(
    ("email", "status"),
    [
        ("jo@example.org", 200),
        ("jo@EXAMPLE.org", 200),
        ("jo@evil.test", 403),
        ("jo@sub.example.org", 403),
        ("jo@notexample.org", 403),
        ("jo@example.org@evil.test", 403),
        ("example.org", 403),
        (None, 403),
    ],
)
async def test_only_people_of_the_allowed_domains_come_in(
    instance: Instances, provider: IdentityProvider, email: str | None, status: int
) -> None:
    async with instance(allowed_domains=["Example.org"]) as site:
        provider.person["email"] = email
        assert (await (await browser(site)).sign_in()).status_code == status


async def test_somebody_who_leaves_the_allowed_domains_stays_outside(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance(allowed_domains=["example.org"]) as site:
        await (await browser(site)).enter()
        provider.person["email"] = "jo@evil.test"
        assert (await (await browser(site)).refusal())[0] == 403
        provider.person |= {"email": "jo@example.org", "email_verified": False}
        assert (await (await browser(site)).refusal())[0] == 403


async def test_usernames_are_wishes(instance: Instances, provider: IdentityProvider) -> None:
    async with instance() as site:
        person = await site.person()
        provider.person["preferred_username"] = person.username
        assert (await (await browser(site)).enter())["username"] == f"{person.username} (oidc)"


async def test_groups_follow_the_claim(instance: Instances, provider: IdentityProvider) -> None:
    async with instance(groups_claim="groups", provider_name="keycloak") as site:
        native = await site.group("made here")
        provider.person["groups"] = ["red", "blue", "made here", "", 7, "x" * 256]
        user = await (await browser(site)).enter()
        await answered(site.admin.post(f"{API}/groups/{native}/users/{user['id']}"), 204)
        expected = {"red": "keycloak", "blue": "keycloak", "made here": "native"}
        assert await _groups(site, user["id"]) == expected
        provider.person["groups"] = "blue"
        await (await browser(site)).enter()
        del expected["red"]
        assert await _groups(site, user["id"]) == expected
        provider.person["_claim_names"] = {"groups": "src1"}  # too many to be listed: nothing is known
        del provider.person["groups"]
        await (await browser(site)).enter()
        assert await _groups(site, user["id"]) == expected
        del provider.person["_claim_names"]
        await (await browser(site)).enter()
        assert await _groups(site, user["id"]) == {"made here": "native"}


async def test_groups_may_lie_deeper_and_at_the_userinfo_endpoint(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance(groups_claim="realm_access.roles") as site:
        provider.person = {"sub": "subject-1"}
        provider.userinfo = {
            "email": "jo@example.org",
            "email_verified": True,
            "realm_access": {"roles": ["red"]},
        }
        user = await (await browser(site)).enter()
        assert await _groups(site, user["id"]) == {"red": "oidc"}


async def test_userinfo_is_about_the_same_person_or_not_believed(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance() as site:
        provider.person = {"sub": "subject-1"}
        provider.userinfo = {"sub": "subject-2", "email": "jo@example.org", "email_verified": True}
        assert (await (await browser(site)).refusal())[0] == 502


async def test_an_address_and_its_verification_come_from_one_place(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance(groups_claim="groups") as site:
        provider.person = {"sub": "subject-1", "email": ADMIN_EMAIL}
        provider.userinfo = {"email": "mine@example.org", "email_verified": True}
        assert (await (await browser(site)).enter())["email"] == "mine@example.org"
        provider.person = {"sub": "subject-2", "email": "other@example.org"}
        provider.userinfo = {"email_verified": True}
        assert (await (await browser(site)).refusal())[0] == 403


async def test_administrators_groups_make_platform_managers_for_as_long_as_they_last(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance(groups_claim="groups", admin_groups=["admins"]) as site:
        provider.person["groups"] = ["admins", "red"]
        user = await (await browser(site)).enter()
        assert (set(user["roles"]) >= {"PlatformManager", "StandardUser"}, user["is_admin"]) == (True, False)
        provider.person["groups"] = ["red"]
        user = await (await browser(site)).enter()
        assert user["roles"] == ["StandardUser", "BackgroundInferenceUser"]


async def test_roles_are_left_alone_where_no_groups_make_administrators(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance(groups_claim="groups") as site:
        person = await site.person(Role.PLATFORM_MANAGER)
        provider.person |= {"email": f"{person.username}@example.org", "groups": ["PlatformManager"]}
        assert "PlatformManager" in (await (await browser(site)).enter())["roles"]


async def test_a_disabled_account_is_not_entered_and_nothing_changes(
    instance: Instances, provider: IdentityProvider
) -> None:
    async with instance(groups_claim="groups", provider_name="idp") as site:
        provider.person["groups"] = ["red"]
        user = await (await browser(site)).enter()
        await site.sql("UPDATE users SET user_type = 'organization' WHERE id = $1::uuid", user["id"])  # no person
        provider.person["groups"] = ["blue"]
        assert await (await browser(site)).refusal() == (403, "This account is disabled; ask an administrator.")
        assert [row.name for row in await site.sql("SELECT name FROM groups WHERE source = 'idp'")] == ["red"]
