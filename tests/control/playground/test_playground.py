"""The playground where no gateway answers, and the secrets that it is lent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.control.management import ADMIN_EMAIL, ADMIN_PASSWORD, API, Management, answered, refused

from control_layer.control.authentication.expiry import forget_expired

_CHAT = f"{API}/ai/v1/chat/completions"
_LIFETIME = timedelta(minutes=10)


async def _ask(management: Management, client: Any = None) -> None:
    """Asks; there is no gateway, so nobody answers, but the secret to ask with was lent."""
    await refused((client or management.admin).post(_CHAT, json={"model": "m"}), 503)


async def _lent(management: Management) -> Sequence[Any]:
    return await management.sql(
        "SELECT lent_secrets.*, purpose, hidden, user_id FROM lent_secrets"
        " JOIN api_keys ON api_keys.id = lent_secrets.key_id ORDER BY lent_secrets.created_at"
    )


async def _age(management: Management, left: timedelta) -> None:
    await management.sql("UPDATE lent_secrets SET expires_at = $1", datetime.now(UTC) + left)


async def test_without_a_gateway_it_says_when_to_come_again(management: Management) -> None:
    response = await management.admin.post(_CHAT, json={"model": "m"})
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["error"] == "service_unavailable"


async def test_each_session_is_lent_a_secret_of_minutes(management: Management) -> None:
    await _ask(management)
    await _ask(management)
    other = await management.client()
    await answered(other.post("/authentication/login", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}), 200)
    await _ask(management, other)
    person = await management.person()
    await _ask(management, person.client)  # a platform key
    first, second, third = await _lent(management)
    assert len({row.secret_digest for row in (first, second, third)}) == 3
    assert (first.key_id, str(first.user_id), str(third.user_id)) == (second.key_id, management.admin_id, person.id)
    for row in (first, second, third):
        assert (row.purpose, row.hidden) == ("playground", True)
        assert row.expires_at <= datetime.now(UTC) + _LIFETIME
        secret = management.services.key_secrets.open(row.sealed_secret, str(row.id))
        assert secret.encode() not in row.sealed_secret
    page = await answered(management.admin.get(f"{API}/users/current/api-keys"), 200)
    assert page["total_count"] == 0


async def test_it_is_renewed_while_it_is_used_and_replaced_once_it_has_expired(management: Management) -> None:
    await _ask(management)
    [before] = await _lent(management)
    await _age(management, _LIFETIME * 0.9)
    await _ask(management)
    [used] = await _lent(management)
    assert used.expires_at < before.expires_at
    await _age(management, _LIFETIME * 0.4)
    await _ask(management)
    [renewed] = await _lent(management)
    assert (renewed.id, renewed.secret_digest) == (before.id, before.secret_digest)
    assert renewed.expires_at > datetime.now(UTC) + _LIFETIME * 0.9
    await _age(management, timedelta(seconds=1))  # too late: gateways may forget it before they hear that it lives on
    await _ask(management)
    [replaced] = await _lent(management)
    assert replaced.secret_digest != before.secret_digest
    assert replaced.expires_at > datetime.now(UTC) + _LIFETIME * 0.9


async def test_it_ends_with_its_session_and_by_itself(management: Management) -> None:
    person = await management.person()
    await _ask(management, person.client)
    await _ask(management)
    assert len(await _lent(management)) == 2
    await answered(management.admin.post("/authentication/logout"), 200)
    [left] = await _lent(management)
    assert str(left.user_id) == person.id
    await forget_expired(management.services)
    assert len(await _lent(management)) == 1
    await _age(management, timedelta(0))
    await forget_expired(management.services)
    assert await _lent(management) == []


async def test_one_that_cannot_be_read_is_replaced(management: Management) -> None:
    await _ask(management)
    [before] = await _lent(management)
    await management.sql("UPDATE lent_secrets SET sealed_secret = $1", b"\0")
    await _ask(management)
    [after] = await _lent(management)
    assert after.secret_digest != before.secret_digest
    assert uuid.UUID(str(after.id)) != before.id
