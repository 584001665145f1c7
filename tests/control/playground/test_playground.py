"""The playground where there is nothing to lend: no gateway, or a key that cannot be read."""

from __future__ import annotations

from tests.control.management import API, Management, answered

_CHAT = f"{API}/ai/v1/chat/completions"
_PROBLEM = {"accept": "application/problem+json"}


async def test_without_a_gateway_it_says_when_to_come_again(management: Management) -> None:
    response = await management.admin.post(_CHAT, json={"model": "m"})
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["error"] == "service_unavailable"


async def test_a_key_that_cannot_be_read_is_the_administrators_to_mend(management: Management) -> None:
    person = await management.person()
    for secret in (None, b"\0"):
        damaged = "UPDATE api_keys SET hidden_secret = $2 WHERE user_id = $1 AND purpose = 'playground'"
        await management.sql(damaged, person.id, secret)
        problem = await answered(person.client.post(_CHAT, json={"model": "m"}, headers=_PROBLEM), 503)
        assert problem["code"] == "playground_key_unreadable"
