"""Signing in stays cheap with very many people: no table of people is read from end to end."""

from __future__ import annotations

from tests.control.federation.browser import browser
from tests.control.federation.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from tests.control.management import API, answered, managed, settings_for_tests
from tests.control.plans import scanned, statements

_SEED = (
    """
    INSERT INTO users (id, username, email, roles, auth_source, external_user_id)
        SELECT gen_random_uuid(), 'u' || n, 'u' || n || '@example.org', '{StandardUser}', 'proxy-header', 'ext-' || n
        FROM generate_series(1, 20000) n
    """,
    "INSERT INTO identities (issuer, subject, user_id) SELECT 'https://old.test', username, id FROM users",
    """
    INSERT INTO groups (id, name, source, created_by)
        SELECT gen_random_uuid(), 'g' || n, 'okta', '00000000-0000-0000-0000-000000000000'
        FROM generate_series(1, 500) n
    """,
    """
    INSERT INTO group_members (group_id, user_id)
        SELECT g.id, u.id FROM users u JOIN groups g ON g.name = 'g' || (1 + substr(u.username, 2)::int % 500)
        WHERE u.username ~ '^u[0-9]+$'
    """,
)
_BIG = {"users", "identities", "group_members"}


async def test_nobodys_sign_in_reads_everybody(database_url: str) -> None:
    async with identity_provider() as provider:
        oidc = {"enabled": True, "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        auth = {
            "proxy_header": {"enabled": True, "import_idp_groups": True},
            "oidc": {**oidc, "groups_claim": "groups", "provider_name": "okta"},
        }
        settings = settings_for_tests(dashboard_url="https://control.test", auth=auth)
        async with managed(database_url, settings) as management:
            for statement in (*_SEED, "ANALYZE"):
                await management.sql(statement)
            groups = {"x-control-layer-provider": "okta", "x-control-layer-groups": "g1,g2,g501"}
            with statements(management) as sent:
                for user, email in (("ext-7", "u7@example.org"), ("ext-8", "new@example.org"), ("x", "x@example.org")):
                    named = {"x-control-layer-user": user, "x-control-layer-email": email}
                    visitor = await management.client(**named, **groups)
                    await answered(visitor.get(f"{API}/users/current"), 200)
                for subject, email in (("s1", "y@example.org"), ("s1", "z@example.org"), ("s2", "u9@example.org")):
                    provider.person = {"sub": subject, "email": email, "email_verified": True, "groups": ["g3"]}
                    await (await browser(management)).sign_in()
            asked = [
                statement
                for statement in sent
                if statement.text.lstrip().startswith(("SELECT", "DELETE", "UPDATE"))
                and "pg_advisory" not in statement.text
            ]
            assert len(asked) > 30
            for each in asked:
                assert not await scanned(management, each) & _BIG, each.text
