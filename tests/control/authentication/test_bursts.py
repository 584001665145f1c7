"""A burst of logins has a bounded share of the machine: others are answered, the surplus is told to wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.control.authentication.people import PASSWORD, is_in, member, signed_in
from tests.control.management import ADMIN_EMAIL, ADMIN_PASSWORD, Management, answered, managed, settings_for_tests

from control_layer.control.authentication.passwords import ARGON2, Passwords


@pytest.fixture
async def registering(database_url: str) -> AsyncIterator[Management]:
    """An instance where people may register, and hashes cost what they cost."""
    settings = settings_for_tests(auth={"native": {"allow_registration": True}})
    async with managed(database_url, settings, ARGON2) as management:
        yield management


async def test_a_burst_of_logins_holds_up_nobody_else(registering: Management) -> None:
    client = await registering.client()
    logins = [
        asyncio.create_task(client.post("/authentication/login", json={"email": f"{number}@x", "password": "wrong"}))
        for number in range(60)
    ]
    await asyncio.wait(logins, return_when=asyncio.FIRST_COMPLETED)
    assert await is_in(registering.admin)
    assert not all(login.done() for login in logins)
    answers = await asyncio.gather(*logins)
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) >= 32
    refusal = next(answer for answer in answers if answer.status_code == 429)
    assert int(refusal.headers["retry-after"]) == refusal.json()["retry_after_seconds"] > 0
    login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    await answered(client.post("/authentication/login", json=login), 200)


async def test_who_is_sent_away_by_a_burst_loses_no_try(registering: Management) -> None:
    jo = await member(registering)
    browser = await registering.client()

    async def tried(login: dict[str, str]) -> int:
        return (await browser.post("/authentication/login", json=login)).status_code

    for _ in range(3):
        others = [asyncio.create_task(tried({"email": f"{number}@x", "password": "wrong"})) for number in range(33)]
        statuses = await asyncio.gather(*(tried(jo.login) for _ in range(9)))
        assert set(statuses) <= {200, 429}
        await asyncio.gather(*others)
    await signed_in(registering, jo)


async def test_what_nobody_waits_for_any_more_is_not_hashed() -> None:
    passwords = Passwords()
    hashing = [asyncio.create_task(passwords.hash(PASSWORD)) for _ in range(32)]
    await asyncio.wait(hashing, return_when=asyncio.FIRST_COMPLETED)
    for task in hashing:
        task.cancel()
    await asyncio.gather(*hashing, return_exceptions=True)
    assert passwords._threads._work_queue.qsize() <= 32  # cancelled, they are passed over
    password_hash = await passwords.hash(PASSWORD)
    assert await passwords.verify(password_hash, PASSWORD)
    passwords.close()


async def test_a_hash_costs_what_owasp_recommends() -> None:
    passwords = Passwords()
    assert (await passwords.hash(PASSWORD)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    passwords.close()
