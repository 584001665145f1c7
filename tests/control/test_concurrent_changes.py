"""Changes at once of things that hang together: one after the other, or refused; no failure, nothing left hanging."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import httpx
from tests.control.endpoints.calls import ENDPOINTS, create_endpoint
from tests.control.management import API, NIL, Management, answered, refused
from tests.control.models.calls import MODELS, composite, standard

_Call = Coroutine[Any, Any, httpx.Response]


async def _at_once(*calls: _Call) -> Counter[int]:
    answers = await asyncio.gather(*calls)
    for answer in answers:
        assert answer.status_code < 500, answer.text
    return Counter(answer.status_code for answer in answers)


async def test_an_endpoint_goes_while_everything_on_it_is_changed(management: Management) -> None:
    admin, mix = management.admin, (await composite(management, "mix"))["id"]
    for number in range(4):
        endpoint = await create_endpoint(management, skip_fetch=True, model_filter=["a", "b"])
        page = await answered(admin.get(f"{MODELS}?endpoint={endpoint['id']}"), 200)
        first, second = (model["id"] for model in page["data"])
        tariff = {"name": "t", "input_price_per_token": 1, "output_price_per_token": 1, "api_key_purpose": "realtime"}
        new = {"type": "standard", "model_name": f"new-{number}", "hosted_on": endpoint["id"]}
        realiased = {"alias_mapping": {"a": f"alias-{number}"}, "api_key": "k"}
        await _at_once(
            admin.put(f"{MODELS}/{first}/cache-pricing", json={}),
            admin.patch(f"{MODELS}/{first}", json={"tariffs": [tariff]}),
            admin.post(f"{API}/groups/{NIL}/models/{second}"),
            admin.post(f"{MODELS}/{mix}/components/{second}"),
            admin.delete(f"{ENDPOINTS}/{endpoint['id']}"),
            admin.post(MODELS, json=new),
            admin.patch(f"{ENDPOINTS}/{endpoint['id']}", json=realiased),
            admin.delete(f"{MODELS}/{first}"),
            admin.patch(f"{MODELS}/{second}", json={"tariffs": [tariff]}),
            admin.put(f"{MODELS}/{second}/cache-pricing", json={}),
        )
        await refused(admin.get(f"{ENDPOINTS}/{endpoint['id']}"), 404)
        for table in ("tariffs", "cache_pricings", "group_models"):
            assert await management.sql(f"SELECT 1 FROM {table}") == []  # noqa: S608 - the names above
    assert await answered(admin.get(f"{MODELS}/{mix}/components"), 200) == []


async def test_a_key_is_changed_rotated_revealed_and_deleted_at_once(management: Management) -> None:
    person = await management.person()
    keys = f"{API}/users/{person.id}/api-keys"
    for _ in range(4):
        key = await answered(management.admin.post(keys, json={"name": "k"}), 201)
        url = f"{keys}/{key['id']}"
        done = await _at_once(
            person.client.post(f"{url}/reveal"),
            person.client.post(f"{url}/rotate", json={"grace_seconds": 60}),
            person.client.patch(url, json={"name": "other"}),
            management.admin.post(f"{url}/rotate"),
            management.admin.delete(url),
            person.client.delete(url),
            person.client.get(f"{API}/api-keys/{key['id']}/access?model=m"),
        )
        assert done[204] == 1
        await refused(person.client.get(url), 404)


async def test_one_name_and_one_alias_go_to_one_of_many(management: Management) -> None:
    endpoint = (await create_endpoint(management))["id"]
    new = {"type": "standard", "model_name": "m", "alias": "wanted", "hosted_on": endpoint}
    assert await _at_once(*(management.admin.post(MODELS, json=new) for _ in range(6))) == {200: 1, 409: 5}
    others = [(await standard(management, hosted_on=endpoint))["id"] for _ in range(4)]
    renamed = (management.admin.patch(f"{MODELS}/{model}", json={"alias": "new"}) for model in others)
    assert await _at_once(*renamed) == {200: 1, 409: 3}
    body = {"name": "name", "url": "http://127.0.0.1:9/", "sync": False}
    assert await _at_once(*(management.admin.post(ENDPOINTS, json=body) for _ in range(6))) == {201: 1, 409: 5}
