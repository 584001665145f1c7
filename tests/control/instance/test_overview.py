"""What administrators see of the configuration, and the mail that tries it."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from typing import Any

from tests.control.mail.server import mail_server
from tests.control.management import ADMIN_EMAIL, API, Management, answered, managed, settings_for_tests

from control_layer.control.permissions import Role

_SECRETS = ("the client's secret", "the mail server's word", "a-secret-key-of-the-tests")


async def test_it_says_what_is_configured_and_no_secret(database_url: str) -> None:
    settings = settings_for_tests(
        dashboard_url="https://ai.example.org/",
        metadata={"title": "Acme AI", "region": "eu-1"},
        auth={
            "oidc": {
                "enabled": True,
                "issuer": "https://login.example.org",
                "client_id": "gateway",
                "client_secret": _SECRETS[0],
                "groups_claim": "groups",
            },
            "proxy_header": {"trusted_peers": ["10.0.0.0/8"]},
        },
        email={"transport": "smtp", "smtp": {"host": "mail.example.org", "password": _SECRETS[1], "username": "us"}},
        request_log={"requests": {"max_age": "90d"}, "bodies": {"max_age": None}},
        tracing={"enabled": True},
    )
    async with managed(database_url, settings) as management:
        answer = await answered(management.admin.get(f"{API}/instance"), 200)
    assert (answer["title"], answer["region"], answer["organization"]) == ("Acme AI", "eu-1", None)
    sign_in = answer["sign_in"]
    assert sign_in["oidc"]["redirect_uri"] == "https://ai.example.org/authentication/oidc/callback"
    assert sign_in["oidc"]["groups_claim"] == "groups"
    assert sign_in["scim_base_url"] == "https://ai.example.org/scim/v2"
    assert sign_in["proxy"]["enabled"] is False
    assert sign_in["proxy"]["groups_field_name"] is None
    assert sign_in["proxy"]["trusted_peers"] == ["10.0.0.0/8"]
    assert answer["mail"]["host"] == "mail.example.org"
    assert answer["mail"]["port"] == 587
    assert answer["retention"]["requests"] == {"max_age_seconds": 90 * 86400, "max_bytes": None}
    assert answer["retention"]["bodies"]["max_age_seconds"] is None
    enabled = {service["name"]: service["enabled"] for service in answer["services"]}
    assert enabled["tracing"]
    assert not enabled["payments"]
    told = json.dumps(answer)
    assert [secret for secret in _SECRETS if secret in told] == []


async def test_it_counts_what_there_is(management: Management) -> None:
    async def counts() -> dict[str, int]:
        counted: dict[str, int] = (await answered(management.admin.get(f"{API}/instance"), 200))["counts"]
        return counted

    before = await counts()
    person = await management.person()
    await answered(person.client.post(f"{API}/users/current/api-keys", json={"name": "ci"}), 201)
    await answered(management.admin.post(f"{API}/groups", json={"name": "Writers"}), 201)
    after = await counts()
    assert after["users"] == before["users"] + 1
    assert after["groups"] == before["groups"] + 1
    assert after["api_keys"] == before["api_keys"] + 2  # the person's client shows one, too


async def test_only_those_who_may_read_the_system_see_it(management: Management) -> None:
    for role, status in ((Role.PLATFORM_MANAGER, 200), (Role.BILLING_MANAGER, 403), (Role.REQUEST_VIEWER, 403)):
        person = await management.person(role)
        assert (await person.client.get(f"{API}/instance")).status_code == status
        assert (await person.client.post(f"{API}/instance/test-mail")).status_code == status


async def test_a_test_mail_goes_to_whoever_asks(management: Management) -> None:
    answer = await answered(management.admin.post(f"{API}/instance/test-mail"), 200)
    assert answer == {"to": ADMIN_EMAIL, "sent": True, "reason": None}
    [file] = management.mail_directory.glob("*.eml")
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert message["To"] == ADMIN_EMAIL


async def test_what_a_mail_server_refuses_is_told_at_once(database_url: str) -> None:
    with mail_server() as server:
        email: dict[str, Any] = {
            "transport": "smtp",
            "smtp": {"host": "127.0.0.1", "port": server.port, "security": "none"},
        }
        async with managed(database_url, settings_for_tests(email=email)) as management:
            server.answers = ["451 not now"]
            answer = await answered(management.admin.post(f"{API}/instance/test-mail"), 200)
            assert answer["sent"] is False
            assert "451" in answer["reason"]
            answer = await answered(management.admin.post(f"{API}/instance/test-mail"), 200)
            assert answer["sent"] is True
    assert [envelope.rcpt_tos for envelope in server.taken] == [[ADMIN_EMAIL]]
