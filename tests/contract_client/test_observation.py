"""Sections 4.7, 4.8, 4.12, 4.16 and 4.20: request log, aggregates, usage, configuration, daemons, providers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract_client.client import Person, World
from tests.contract_client.shapes import BOOL, DEC, INT, NUM, STR, TS, UUID, array, fits, nullable, omitted
from tests.running import until

pytestmark = pytest.mark.server

_ENTRY = {
    "id": INT,
    "timestamp": TS,
    "method": STR,
    "uri": STR,
    "model": omitted(STR),
    "status_code": omitted(INT),
    "duration_ms": omitted(INT),
    "prompt_tokens": omitted(INT),
    "completion_tokens": omitted(INT),
    "reasoning_tokens": omitted(INT),
    "total_tokens": omitted(INT),
    "response_type": omitted(STR),
    "fusillade_batch_id": omitted(UUID),
    "input_price_per_token": omitted(DEC),
    "output_price_per_token": omitted(DEC),
    "custom_id": omitted(STR),
}
_AGGREGATE = {
    "total_requests": INT,
    "model": omitted(STR),
    "status_codes": array({"status": STR, "count": INT, "percentage": NUM}),
    "models": omitted(array({"model": STR, "count": INT, "percentage": NUM, "avg_latency_ms": NUM})),
    "time_series": array(
        {
            "timestamp": TS,
            "duration_minutes": INT,
            "requests": INT,
            "input_tokens": INT,
            "output_tokens": INT,
            "avg_latency_ms": nullable(NUM),
            "p95_latency_ms": nullable(NUM),
            "p99_latency_ms": nullable(NUM),
        }
    ),
}
_BY_USER = {
    "model": STR,
    "start_date": TS,
    "end_date": TS,
    "total_requests": INT,
    "total_tokens": INT,
    "total_cost": nullable(NUM),
    "users": array(
        {
            "user_id": nullable(UUID),
            "user_email": nullable(STR),
            "request_count": INT,
            "total_tokens": INT,
            "input_tokens": INT,
            "output_tokens": INT,
            "total_cost": nullable(NUM),
            "last_active_at": nullable(TS),
        }
    ),
}
_USAGE = {
    "total_input_tokens": INT,
    "total_output_tokens": INT,
    "total_request_count": INT,
    "total_batch_count": INT,
    "avg_requests_per_batch": NUM,
    "total_cost": DEC,
    "estimated_realtime_cost": DEC,
    "by_model": array({"model": STR, "input_tokens": INT, "output_tokens": INT, "cost": DEC, "request_count": INT}),
}


def test_a_call_is_logged_aggregated_and_counted(world: World, people: dict[str, Person], endpoint: str) -> None:
    tariffs = [
        {"name": "t", "input_price_per_token": "0", "output_price_per_token": "0", "api_key_purpose": "realtime"}
    ]
    model, person, viewer = world.model(endpoint, tariffs=tariffs), world.person(), people["RequestViewer"]
    world.grant(model["id"])
    key = world.key_holder(person)
    body = {"model": model["alias"], "max_tokens": 20, "messages": [{"role": "user", "content": "hi"}]}
    until(lambda: key.send("POST", "/ai/v1/chat/completions", json=body).status_code == 200)
    assert key.send("POST", "/ai/v1/chat/completions", json=body).status_code == 200

    def logged() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = viewer.get("/requests", model=model["alias"], status_code=200)["entries"]
        return found if len(found) >= 2 else []

    entries = until(logged, message="never logged")
    fits(entries, array(_ENTRY))
    newest = entries[0]
    assert (newest["method"], newest["uri"], newest["status_code"]) == ("POST", "/ai/v1/chat/completions", 200)
    assert newest["total_tokens"] == newest["prompt_tokens"] + newest["completion_tokens"] > 0
    assert not {"reasoning_tokens", "fusillade_batch_id", "custom_id"} & newest.keys()
    assert None not in newest.values()
    assert entries[0]["timestamp"] >= entries[1]["timestamp"]
    oldest = viewer.get("/requests", model=model["alias"], status_code=200, order_desc="false")["entries"]
    assert [one["id"] for one in oldest] == [one["id"] for one in entries][::-1]
    assert viewer.get("/requests", model=model["alias"], uri_pattern="%/embeddings")["entries"] == []
    assert (
        len(
            viewer.get(
                "/requests",
                model=model["alias"],
                uri_pattern="%chat%",
                status_code_min=200,
                status_code_max=299,
                limit=1,
            )["entries"]
        )
        == 1
    )

    def counted() -> dict[str, Any]:
        usage: dict[str, Any] = person.get("/usage", refresh="true")
        return usage if usage["total_request_count"] >= 2 else {}

    usage = until(counted, message="never counted")
    fits(usage, _USAGE)
    assert [one["model"] for one in usage["by_model"]] == [model["alias"]]
    aggregate = viewer.get("/requests/aggregate", model=model["alias"])
    fits(aggregate, _AGGREGATE)
    assert aggregate["model"] == model["alias"]
    assert "models" not in aggregate
    assert {one["duration_minutes"] for one in aggregate["time_series"]} == {60}
    everything = viewer.get("/requests/aggregate")
    fits(everything, _AGGREGATE)
    assert "model" not in everything
    by_user = viewer.get("/requests/aggregate-by-user", model=model["alias"])
    fits(by_user, _BY_USER)
    assert [one["user_id"] for one in by_user["users"]] == [person.id]


def test_who_may_look(people: dict[str, Person]) -> None:
    expected = {
        "/requests": {"nobody": 401, "StandardUser": 403, "PlatformManager": 403, "RequestViewer": 200, "admin": 200},
        "/requests/aggregate": {
            "nobody": 401,
            "StandardUser": 403,
            "BillingManager": 403,
            "PlatformManager": 200,
            "RequestViewer": 200,
        },
        "/requests/aggregate-by-user": {
            "nobody": 401,
            "StandardUser": 403,
            "PlatformManager": 400,
            "RequestViewer": 400,
        },
        "/requests/aggregate-by-user?model=no-such": {"StandardUser": 403, "PlatformManager": 200},
        "/usage": {"nobody": 401, "StandardUser": 200, "admin": 200},
    }
    found = {path: {who: people[who].call("GET", path).status_code for who in row} for path, row in expected.items()}
    assert found == expected
    missing = people["RequestViewer"].call("GET", "/requests/aggregate-by-user")
    assert missing.text == "Model parameter is required"
    nothing = people["RequestViewer"].get("/requests/aggregate-by-user", model="no-such")
    fits(nothing, _BY_USER)
    assert (nothing["total_requests"], nothing["users"]) == (0, [])


def test_usage_of_others_is_nobodys_business(world: World, people: dict[str, Person]) -> None:
    own = people["StandardUser"]
    assert own.call("GET", "/usage", params={"user_id": own.id}).status_code == 200
    assert own.call("GET", "/usage", params={"user_id": world.admin.id}).status_code == 403
    fresh_one = world.person().get("/usage")
    fits(fresh_one, _USAGE)
    assert fresh_one["by_model"] == []


def test_configuration(world: World, people: dict[str, Person]) -> None:
    assert world.nobody.call("GET", "/config").status_code == 401
    config = people["StandardUser"].get("/config")
    batches = {
        "enabled": BOOL,
        "allowed_completion_windows": array(STR),
        "allowed_url_paths": array(STR),
        "async_requests": {"enabled": BOOL, "completion_window": STR},
    }
    fits(
        config,
        {
            "region": nullable(STR),
            "organization": nullable(STR),
            "payment_enabled": BOOL,
            "docs_jsonl_url": nullable(STR),
            "docs_url": STR,
            "batches": omitted(batches),
            "ai_api_base_url": omitted(STR),
            "onwards": {"strict_mode": BOOL},
        },
    )
    assert (config["payment_enabled"], config["region"], config["onwards"]["strict_mode"]) == (True, None, False)
    assert "ai_api_base_url" not in config


def test_daemons(people: dict[str, Person]) -> None:
    statuses = {
        who: people[who].send("GET", "/ai/v1/daemons").status_code
        for who in ("nobody", "StandardUser", "PlatformManager", "admin")
    }
    assert statuses == {"nobody": 401, "StandardUser": 403, "PlatformManager": 200, "admin": 200}
    assert isinstance(people["admin"].send("GET", "/ai/v1/daemons").json()["daemons"], list)
    assert people["admin"].send("GET", "/ai/v1/daemons?status=asleep").status_code == 400


def test_provider_displays_are_read_by_everybody(world: World, people: dict[str, Person], endpoint: str) -> None:
    world.model(endpoint, metadata={"provider": "Acme Judges"})
    assert world.nobody.call("GET", "/provider-display-configs").status_code == 401
    shown = people["StandardUser"].get("/provider-display-configs")
    fits(
        shown,
        array(
            {
                "provider_key": STR,
                "display_name": STR,
                "icon": nullable(STR),
                "model_count": INT,
                "configured": BOOL,
                "created_by": nullable(UUID),
                "created_at": nullable(TS),
                "updated_at": nullable(TS),
            }
        ),
    )
    assert "acme judges" in {one["provider_key"] for one in shown}
    assert people["StandardUser"].get("/provider-display-configs/acme judges")["configured"] is False
    assert people["StandardUser"].call("GET", "/provider-display-configs/no-such").status_code == 404
