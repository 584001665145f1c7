"""The catalogue through the API: it suggests, and nothing is charged by it that nobody has accepted."""

from __future__ import annotations

from typing import Any

from tests.control.endpoints.calls import ENDPOINTS, create_endpoint, models_at
from tests.control.management import API, Management, answered, managed, settings_for_tests
from tests.control.models.calls import MODELS, composite, standard

_OPENAI = "https://api.openai.com/v1"
_KNOWN = "gpt-4o-mini"


async def _suggestion(management: Management, model: dict[str, Any]) -> dict[str, Any]:
    found = await answered(management.admin.get(f"{MODELS}/{model['id']}/suggestion"), 200)
    assert isinstance(found, dict)
    return found


async def _tariffs(management: Management, model: dict[str, Any]) -> list[dict[str, Any]]:
    shown = await answered(management.admin.get(f"{MODELS}/{model['id']}?include=pricing"), 200)
    tariffs: list[dict[str, Any]] = shown["tariffs"]
    return tariffs


async def _at(management: Management, url: str, name: str, **body: Any) -> dict[str, Any]:
    endpoint = await create_endpoint(management, url=url, skip_fetch=True)
    return await standard(management, model_name=name, hosted_on=endpoint["id"], **body)


async def test_it_is_searched_by_provider_and_model(management: Management) -> None:
    page = await answered(management.admin.get(f"{API}/catalogue?search=OpenAI/{_KNOWN}"), 200)
    (found,) = [each for each in page["data"] if (each["provider"], each["model"]) == ("openai", _KNOWN)]
    assert (found["provider_name"], found["currency"], found["context_window"]) == ("OpenAI", "USD", 128_000)
    assert float(found["prices"]["input_price_per_token"]) > 0
    assert (found["max_output_tokens"], found["apis"]) == (16_384, ["chat", "responses"])
    assert found["modalities"] == {"input": ["text", "image", "document"], "output": ["text"]}
    assert {"tools", "vision"} <= {*found["capabilities"]}
    every = await answered(management.admin.get(f"{API}/catalogue?limit=2&skip=1"), 200)
    assert (len(every["data"]), every["skip"], every["limit"]) == (2, 1, 2)
    assert every["total_count"] > page["total_count"] > 0
    nothing = await answered(management.admin.get(f"{API}/catalogue?search=no%20such%20model"), 200)
    assert (nothing["data"], nothing["total_count"]) == ([], 0)


async def test_what_is_suggested_can_be_accepted_as_it_is_and_is_then_suggested_no_more(management: Management) -> None:
    model = await _at(management, _OPENAI, _KNOWN, metadata={"provider": "OpenAI"})
    assert await _tariffs(management, model) == []
    suggestion = await _suggestion(management, model)
    assert suggestion["source"].startswith("genai-prices ")
    changes, prices = suggestion["changes"], suggestion["model"]["prices"]
    assert changes["metadata"] == {"provider": "OpenAI", "context_window": 128_000}
    changed = await answered(management.admin.patch(f"{MODELS}/{model['id']}", json=changes), 200)
    assert changed["metadata"] == changes["metadata"]
    assert changed["provider_pricing"] == changes["provider_pricing"]
    (tariff,) = await _tariffs(management, model)
    assert (tariff["name"], tariff["api_key_purpose"]) == ("Catalogue", "realtime")
    assert {name: float(tariff[name]) for name in prices} == {name: float(price) for name, price in prices.items()}
    assert "cached_input_price_per_token" in prices
    assert (await _suggestion(management, model))["changes"] == {}


async def test_what_is_set_wins(management: Management) -> None:
    tariff = {"name": "Ours", "input_price_per_token": "1", "output_price_per_token": "1"}
    pricing = {"mode": "hourly", "rate": "2", "input_token_cost_ratio": "0.5"}
    metadata = {"context_window": 7}
    model = await _at(management, _OPENAI, _KNOWN, tariffs=[tariff], provider_pricing=pricing, metadata=metadata)
    suggestion = await _suggestion(management, model)
    assert suggestion["changes"] == {}
    assert suggestion["model"]["context_window"] == 128_000


async def test_nothing_is_suggested_where_name_and_address_are_no_evidence(management: Management) -> None:
    nowhere = await _at(management, "http://10.0.0.7:8000/v1", _KNOWN)
    unknown = await _at(management, _OPENAI, "our-own-model")
    virtual = await composite(management)
    for model, reason in (
        (nowhere, f"'{_KNOWN}' at 10.0.0.7"),
        (unknown, "'our-own-model' at api.openai.com"),
        (virtual, "composite models"),
    ):
        answer = await management.admin.get(f"{MODELS}/{model['id']}/suggestion")
        assert (answer.status_code, answer.text) == (
            404, f"The catalogue knows no prices of {reason}: set tariffs yourself",
        )  # fmt: skip


async def test_new_models_get_the_catalogues_prices_only_where_that_is_configured(database_url: str) -> None:
    settings = settings_for_tests(pricing={"suggest_on_create": True})
    async with managed(database_url, settings) as management:
        model = await _at(management, _OPENAI, _KNOWN)
        assert model["metadata"] == {"context_window": 128_000}
        assert [tariff["name"] for tariff in await _tariffs(management, model)] == ["Catalogue"]
        for tariffs in ([], [{"name": "Ours", "input_price_per_token": "1", "output_price_per_token": "1"}]):
            other = await _at(management, _OPENAI, _KNOWN, tariffs=tariffs)
            assert [tariff["name"] for tariff in await _tariffs(management, other)] == [
                tariff["name"] for tariff in tariffs
            ]
        imported = await answered(
            management.admin.post(
                ENDPOINTS,
                json={"name": "all", "url": _OPENAI, "skip_fetch": True, "model_filter": ["o3", "our-own-model"]},
            ),
            201,
        )
        priced = {
            name: [tariff["name"] for tariff in await _tariffs(management, row)]
            for name, row in (await models_at(management, imported["id"])).items()
        }
        assert priced == {"o3": ["Catalogue"], "our-own-model": []}
        audited = await management.sql("SELECT count(*) FROM audit_log WHERE resource = 'tariffs'")
        assert audited[0][0] == 3
