"""The system key's row (§4.25): there after the first start, and in step with `secret_key`."""

from __future__ import annotations

from tests.control.management import Management, managed, settings_for_tests

from control_layer.control.system_key import system_key


async def _rows(management: Management) -> list[tuple[str, str, bool, bytes]]:
    rows = await management.sql(
        "SELECT user_id::text, created_by::text, hidden, secret_digest FROM api_keys WHERE id = $1::text::uuid",
        "00000000-0000-0000-0000-000000000000",
    )
    return [tuple(row) for row in rows]


async def test_there_is_one_and_it_follows_the_secret_key(database_url: str) -> None:
    nil = "00000000-0000-0000-0000-000000000000"
    for secret_key in ("the first secret key", "the first secret key", "the second secret key"):
        async with managed(database_url, settings_for_tests(secret_key=secret_key)) as management:
            digest = system_key(secret_key).digest
            assert await _rows(management) == [(nil, nil, True, digest)]
