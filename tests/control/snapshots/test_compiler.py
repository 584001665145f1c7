"""What is in a snapshot: who lives, who may what, where it goes."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.control.snapshots.rows import EVERYONE, SYSTEM
from tests.control.snapshots.world import World

from control_layer.contract.dialects import DialectOptions
from control_layer.contract.reasoning import EFFORTS, EffortWrites, Reasoning, Write
from control_layer.contract.routing import Backoff, Balancing, Breaker, Fallback, Hedging, Purposes, ResponseCaching
from control_layer.contract.snapshot import Abilities, Deployment, Endpoint, Key, Model, Timeouts, User
from control_layer.store.tables import Tariff

_PAST = datetime(2020, 1, 1, tzinfo=UTC)
_FUTURE = datetime(2100, 1, 1, tzinfo=UTC)
_PRICES = [column.name for column in Tariff.__table__.columns if "price" in column.name]


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def test_live_keys_of_every_purpose_hidden_ones_included(world: World) -> None:
    rows = world.rows
    user, gone = await rows.user(), await rows.user(deleted_at=_PAST)
    disabled = await rows.user(disabled_at=_PAST)
    plain = await rows.key(user, "plain")
    batch = await rows.key(user, "batch", purpose="batch", hidden=True)
    platform = await rows.key(user, "platform", purpose="platform")
    limited = await rows.key(user, "limited", model_aliases=["b", "a"], expires_at=_FUTURE)
    discreet = await rows.key(user, "discreet", zero_data_retention=True)
    wary = await rows.key(user, "wary", caching="key")
    await rows.key(user, deleted_at=_PAST)
    await rows.key(user, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    await rows.key(gone)
    await rows.key(disabled)
    keys, *_ = await world.truth()
    assert keys == {
        _digest("plain"): Key(_digest("plain"), plain, user),
        _digest("batch"): Key(_digest("batch"), batch, user, "batch"),
        _digest("platform"): Key(_digest("platform"), platform, user, "platform"),
        _digest("discreet"): Key(_digest("discreet"), discreet, user, log_bodies=False),
        _digest("wary"): Key(_digest("wary"), wary, user, caching="key"),
        _digest("limited"): Key(_digest("limited"), limited, user, expires_at=_FUTURE.timestamp(), models=("b", "a")),
    }


async def test_a_playground_key_has_the_secrets_that_are_lent_and_none_of_its_own(world: World) -> None:
    rows = world.rows
    user, disabled = await rows.user(), await rows.user(disabled_at=_PAST)
    key = await rows.key(user, "its own", purpose="playground", hidden=True)
    resting = await rows.key(disabled, purpose="playground", hidden=True)
    lent = await rows.lent(key, "lent", _FUTURE)
    await rows.lent(key, "expired", datetime.now(UTC) - timedelta(seconds=1))
    await rows.lent(resting, "of somebody who is disabled", _FUTURE)
    keys, *_ = await world.truth()
    expected = Key(_digest("lent"), key, user, "playground", _FUTURE.timestamp(), lent=lent)
    assert keys == {_digest("lent"): expected}


async def test_live_users_with_all_their_groups_and_everyone(world: World) -> None:
    rows = world.rows
    user, private = await rows.user(), await rows.user(zero_data_retention=True)
    gone, disabled = await rows.user(deleted_at=_PAST), await rows.user(disabled_at=_PAST)
    groups = [await rows.group() for _ in range(3)]
    for group in groups:
        await rows.member(group, user)
    _, users, *_ = await world.truth()
    assert users[user] == User(user, (EVERYONE, *sorted(groups)), credit_spent=True)
    assert users[private] == User(private, (EVERYONE,), log_bodies=False, credit_spent=True)
    assert gone not in users
    assert disabled not in users


async def test_the_system_user_is_granted_every_model_and_nobody_else_is(world: World) -> None:
    rows = world.rows
    user = await rows.user()
    await rows.model(await rows.endpoint(), "not granted to anybody")
    _, users, models, *_ = await world.truth()
    (granted,) = [set(model.groups) for model in models.values()]
    assert not granted.isdisjoint(users[SYSTEM].groups)
    assert granted.isdisjoint(users[user].groups)


async def test_credit_is_spent_without_a_balance_above_zero(world: World) -> None:
    rows = world.rows
    new, rich, even, owing = [await rows.user() for _ in range(4)]
    for user in (rich, even, owing, SYSTEM):
        await rows.move(user, 2)
    for user, amount in ((rich, 1), (even, 2), (owing, 3), (SYSTEM, 4)):
        await rows.move(user, amount, "usage")
    _, users, *_ = await world.truth()
    assert [users[user].credit_spent for user in (new, rich, even, owing)] == [True, False, True, True]
    assert not users[SYSTEM].credit_spent


@pytest.mark.parametrize(
    ("columns", "priced"),
    [
        ({}, True),
        ({"input_price_per_token": 1, "output_price_per_token": 0}, True),
        ({"output_price_per_token": 0}, False),
        *(({"output_price_per_token": 0, price: 1}, True) for price in _PRICES),
        ({"api_key_purpose": "playground"}, True),
        ({"api_key_purpose": "batch", "completion_window": "24h"}, True),
        ({"api_key_purpose": None}, True),
        ({"valid_from": _FUTURE}, False),
        ({"valid_from": _PAST, "valid_until": _FUTURE}, True),
        ({"valid_from": _PAST, "valid_until": _PAST}, False),
    ],
)
async def test_a_model_is_priced_by_any_tariff_in_force_that_has_a_price(
    world: World, columns: dict[str, Any], priced: bool
) -> None:
    rows = world.rows
    model, other = await rows.model(await rows.endpoint(), "m"), await rows.model(await rows.endpoint(), "other")
    composite = await rows.model(None, "mix")
    await rows.component(composite, model)
    await rows.tariff(other, output_price_per_token=0)
    await rows.tariff(model, **columns)
    _, _, models, *_ = await world.truth()
    assert {alias: model.priced for alias, model in models.items()} == {"m": priced, "other": False, "mix": False}
    await rows.tariff(composite)
    _, _, models, *_ = await world.truth()
    assert models["mix"].priced


async def test_live_models_with_their_grants_and_deployments(world: World) -> None:
    rows = world.rows
    endpoint, group = await rows.endpoint(), await rows.group()
    created = datetime(2025, 1, 2, 3, 4, 5, 600000, tzinfo=UTC)
    full = await rows.model(
        endpoint,
        "full",
        model_type="CHAT",
        display_name="Full",
        description="Whole.",
        capabilities=["vision"],
        metadata='{"context_window": 1000, "provider": "P"}',
        sanitize_responses=True,
        created_at=created,
        timeouts='{"first_byte": 5, "unknown": 1}',
    )
    await rows.grant(group, full)
    await rows.grant(EVERYONE, full)
    await rows.model(endpoint, "deleted", deleted_at=_PAST)
    await rows.model(endpoint, "inactive", status="inactive")
    _, _, models, endpoints, *_ = await world.truth()
    assert models == {
        "full": Model(
            "full",
            full,
            int(created.timestamp()),
            ("system", EVERYONE, group),
            (Deployment(full, endpoint, "upstream-full"),),
            model_type="CHAT",
            display_name="Full",
            sanitize=True,
            timeouts=Timeouts(first_byte=5),
            fallback=Fallback(on_status=(429, 499, 500, 502, 503, 504)),
            abilities=Abilities(("vision",), 1000, "Whole.", input_modalities=("text", "image")),
        )
    }
    assert set(endpoints) == {endpoint}


async def test_a_composite_model_goes_to_its_live_and_enabled_components_in_order(world: World) -> None:
    rows = world.rows
    one, two = await rows.endpoint(), await rows.endpoint()
    mix = await rows.model(None, "mix")
    first, second = await rows.model(one, "first"), await rows.model(two, "second")
    disabled, gone = await rows.model(one, "disabled"), await rows.model(one, "gone", deleted_at=_PAST)
    idle = await rows.model(one, "idle", status="inactive")
    await rows.component(mix, second, sort_order=1, weight=7)
    await rows.component(mix, first, sort_order=0, weight=3)
    await rows.component(mix, disabled, sort_order=2, enabled=False)
    await rows.component(mix, gone, sort_order=3)
    await rows.component(mix, idle, sort_order=4)
    _, _, models, *_ = await world.truth()
    assert models["mix"].deployments == (
        Deployment(first, one, "upstream-first", 3),
        Deployment(second, two, "upstream-second", 7),
    )
    assert models["mix"].abilities is None
    await rows.execute("UPDATE models SET capabilities = ARRAY['tools', alias]")
    await rows.execute("UPDATE models SET capabilities = NULL WHERE hosted_on IS NULL")
    _, _, models, *_ = await world.truth()
    assert models["mix"].abilities == Abilities(("tools",), input_modalities=("text",))
    await rows.execute("UPDATE model_components SET enabled = false")
    _, _, models, *_ = await world.truth()
    assert "mix" not in models


async def test_a_models_traffic_policy(world: World) -> None:
    rows = world.rows
    one, two = await rows.endpoint(), await rows.endpoint()
    breaker = {"failures": 2, "error_rate": 0.1, "min_requests": 7, "window_seconds": 3.0, "cooldown_seconds": 1.0}
    part = await rows.model(
        one, "part", traffic_policy=json.dumps({"breaker": {**breaker, "longest_cooldown_seconds": 9.0}})
    )
    long = await rows.model(two, "long")
    both = await rows.model(None, "both")
    await rows.component(both, part)
    await rows.component(both, long, sort_order=1)
    policy = {
        "balancing": "least_busy",
        "sticky": "session",
        "canary": {"component_id": part, "percent": 5.0},
        "caching": {"ttl_seconds": 60.0, "scope": "shared", "max_entry_bytes": 4096},
        "cache_generation": 3,
        "hedging": {"after_ms": 250, "budget_percent": 5.0},
        "fallback": {"max_wasted_cost": "0.25", "max_wasted_percent": "2.5"},
        "on_context_overflow": long,
        "on_content_refusal": both,
    }
    mix = await rows.model(
        None,
        "mix",
        lb_strategy="priority",
        traffic_policy=json.dumps(policy),
        traffic_routing_rules=json.dumps(
            [
                {"api_key_purpose": "batch", "action": {"type": "deny"}},
                {"api_key_purpose": "playground", "action": {"type": "redirect", "target": "part"}},
            ]
        ),
        fallback_enabled=True,
        fallback_on_rate_limit=False,
        fallback_on_status=[500],
        fallback_with_replacement=True,
        fallback_max_attempts=4,
        backoff_enabled=True,
        backoff_initial_ms=200,
        backoff_jitter="none",
        backoff_max_total_ms=7000,
    )
    await rows.component(mix, part)
    _, _, models, *_ = await world.truth()
    rests = Deployment(part, one, "upstream-part", breaker=Breaker(2, 0.1, 7, 3.0, 1.0, 9.0))
    spare = Deployment(long, two, "upstream-long")
    found = models["mix"]
    assert found.deployments == (rests,)
    assert found.balancing == Balancing("least_busy", "session", part, 5.0)
    backoff = Backoff(0.2, 5.0, 2.0, False, 7.0)
    assert found.fallback == Fallback(True, False, (500,), True, 4, backoff, Decimal("0.25"), Decimal("0.025"))
    assert found.hedging == Hedging(0.25, None, 0.05)
    assert found.purposes == (Purposes("batch", None), Purposes("playground", "part"))
    assert found.caching == ResponseCaching(60.0, "shared", 4096, 3)
    assert (found.overflow, found.refusal) == ((spare,), (rests, spare))
    # What takes a model's place changes with its own row.
    await rows.execute("UPDATE models SET deleted_at = now() WHERE id = $1", long)
    _, _, models, *_ = await world.truth()
    assert (models["mix"].overflow, models["mix"].refusal) == ((), (rests,))


async def test_what_a_deployment_makes_of_reasoning_efforts(world: World) -> None:
    rows = world.rows

    def translation(pointer: str, **values: Any) -> dict[str, Any]:
        refused = [effort for effort in EFFORTS if effort not in values]
        return {"unsupported_efforts": refused, "writes": [{"target_path": pointer, "values": values}]}

    said = {"chat_completions": translation("/a~1b/0", low={"x": ["é"]}), "responses": translation("/r", low=None)}
    own = {"mode": "override", "translation": translation("/own", max=1)}
    endpoint = await rows.endpoint(reasoning_translation=json.dumps(said))
    overrides = {
        "inherits": None,
        "half": {"chat_completions": {"mode": "inherit"}, "responses": {"mode": "disabled"}},
        "own": {"chat_completions": own, "responses": {"mode": "inherit"}},
        "off": {"chat_completions": {"mode": "disabled"}, "responses": {"mode": "disabled"}},
    }
    mix = await rows.model(None, "mix", traffic_policy="{}")
    for place, (alias, word) in enumerate(overrides.items()):
        stored = None if word is None else json.dumps(word)
        model = await rows.model(endpoint, alias, reasoning_translation_overrides=stored)
        await rows.component(mix, model, sort_order=place)
        if alias == "own":
            await rows.execute("UPDATE models SET traffic_policy = $1", json.dumps({"on_context_overflow": model}))
    chat: EffortWrites = {"low": (Write(("a/b", "0"), '{"x":["é"]}'.encode()),)}
    responses: EffortWrites = {"low": (Write(("r",), b"null"),)}
    expected = [
        Reasoning(chat, responses),
        Reasoning(chat),
        Reasoning({"max": (Write(("own",), b"1"),)}, responses),
        None,
    ]
    _, _, models, *_ = await world.truth()
    assert [models[alias].deployments[0].reasoning for alias in overrides] == expected
    assert [deployment.reasoning for deployment in models["mix"].deployments] == expected
    assert [deployment.reasoning for deployment in models["mix"].overflow] == [expected[2]]


async def test_a_model_whose_active_probe_fails(world: World) -> None:
    rows = world.rows
    endpoint = await rows.endpoint()
    model, mix = await rows.model(endpoint, "probed"), await rows.model(None, "mix")
    await rows.component(mix, model)
    state = "INSERT INTO probe_states (model_id, failures, failing, since) VALUES ($1, 3, true, now())"
    await rows.execute(state, model)
    for probed, failing in ((None, False), ("false", False), ("true", True)):
        await rows.execute("DELETE FROM probes")
        if probed is not None:
            probe = "INSERT INTO probes (id, name, model_id, interval_seconds, active) VALUES ($1, 'p', $1, 60, $2)"
            await rows.execute(probe, model, probed == "true")
        _, _, models, *_ = await world.truth()
        assert [models[alias].deployments[0].failing for alias in ("probed", "mix")] == [failing] * 2


async def test_the_secret_before_a_rotation_is_a_row_that_ends_with_its_grace_or_its_key(world: World) -> None:
    rows, sooner = world.rows, _FUTURE - timedelta(hours=1)
    user = await rows.user()
    columns = {"previous_digest": b"first", "previous_expires_at": _FUTURE}
    key = await rows.key(user, "second", model_aliases=["m"], **columns)
    keys, *_ = await world.truth()
    present = Key(hashlib.sha256(b"second").digest(), key, user, models=("m",))
    previous = msgspec.structs.replace(present, digest=b"first", expires_at=_FUTURE.timestamp(), previous=True)
    assert keys == {present.digest: present, b"first": previous}
    await rows.execute("UPDATE api_keys SET expires_at = $1", sooner)
    keys, *_ = await world.truth()
    assert {row.expires_at for row in keys.values()} == {sooner.timestamp()}
    await rows.execute("UPDATE api_keys SET expires_at = NULL, previous_expires_at = now() - interval '1 second'")
    keys, *_ = await world.truth()
    assert list(keys) == [present.digest]
    await rows.execute("UPDATE api_keys SET previous_expires_at = $1, deleted_at = now()", _FUTURE)
    keys, *_ = await world.truth()
    assert keys == {}


async def test_endpoints_carry_the_sealed_credential_as_it_is(world: World) -> None:
    columns = {
        "url": "https://provider.test/v1",
        "auth_header_name": "X-Key",
        "auth_header_prefix": "",
        "sealed_credential": b"\x01sealed",
        "verify_tls": False,
        "ca_bundle": "PEM",
        "dialect": "azure",
        "options": '{"api_version": "preview", "quirks": ["of-a-newer-release"]}',
    }
    endpoint = await world.rows.endpoint(name="e", **columns)
    _, _, _, endpoints, _ = await world.truth()
    assert endpoints == {
        endpoint: Endpoint(
            endpoint,
            "e",
            "https://provider.test/v1",
            "X-Key",
            "",
            b"\x01sealed",
            False,
            "PEM",
            "azure",
            DialectOptions(api_version="preview", quirks=("of-a-newer-release",)),
        )
    }


@pytest.mark.parametrize("first", ["model", "user"])
async def test_two_compilations_of_one_state_are_equal(world: World, first: str) -> None:
    rows = world.rows
    endpoint, user = await rows.endpoint(), await rows.user()
    model = await rows.model(endpoint)
    for _ in range(5):
        group = await rows.group()
        await (rows.grant(group, model) if first == "model" else rows.member(group, user))
    await rows.key(user, expires_at=_FUTURE)
    assert await world.truth() == await world.truth()


async def test_components_of_one_place_have_an_order_all_the_same(world: World) -> None:
    rows = world.rows
    endpoint, composite = await rows.endpoint(), await rows.model(None, "mix")
    components = [await rows.model(endpoint) for _ in range(8)]
    for component in sorted(components, reverse=True):
        await rows.component(composite, component, sort_order=0)
    _, _, models, *_ = await world.truth()
    assert [deployment.id for deployment in models["mix"].deployments] == sorted(components)
