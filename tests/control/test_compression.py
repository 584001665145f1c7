"""Answers are compressed, unless somebody could learn a secret from their length."""

from __future__ import annotations

import pytest
from tests.control.management import API, Management, managed, settings_for_tests

_LARGE = f"{API}/users/current?include=permissions"
_GZIP = {"accept-encoding": "gzip"}
_PLAIN = {"accept-encoding": "identity"}


async def test_a_large_answer_is_compressed_for_who_accepts_it(management: Management) -> None:
    compressed = await management.admin.get(_LARGE, headers=_GZIP)
    plain = await management.admin.get(_LARGE, headers=_PLAIN)

    assert compressed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert int(compressed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert compressed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert compressed.json() == plain.json()


async def test_a_small_answer_is_not(management: Management) -> None:
    assert "content-encoding" not in (await management.admin.get(f"{API}/groups", headers=_GZIP)).headers


async def test_what_may_give_a_secret_is_not(management: Management) -> None:
    body = {"name": "long", "purpose": "realtime", "description": "x" * 4000}

    made = await management.admin.post(f"{API}/users/current/api-keys", json=body, headers=_GZIP)

    assert made.status_code == 201
    assert len(made.content) > 4000
    assert "content-encoding" not in made.headers


@pytest.mark.parametrize(("same_site", "encoding"), [("none", None), ("lax", "gzip")])
async def test_nothing_is_where_other_sites_requests_carry_the_cookie(
    database_url: str, same_site: str, encoding: str | None
) -> None:
    session = {"cookie_same_site": same_site}
    async with managed(database_url, settings_for_tests(auth={"native": {"session": session}})) as management:
        answer = await management.admin.get(_LARGE, headers=_GZIP)

    assert answer.headers.get("content-encoding") == encoding
