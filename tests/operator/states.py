"""States that could stand in a file, for properties of the pure planning code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from control_layer.operator.declarative.state import State

NAMES = ("a", "b", "c")
PEOPLE = ("jo@example.org", "al@example.org", "kim")
ENDPOINTS = ("one", "two")
_ROLES = ("PlatformManager", "BillingManager", "RequestViewer")
_prices = st.decimals(Decimal(0), Decimal(1), places=6)
_texts = st.text(min_size=1, max_size=8)


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def _entry(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required, optional=optional)


_endpoints = _entry(
    {"url": st.sampled_from(["https://one.example/v1", "HTTP://Two.example:80"])},
    description=_maybe(_texts),
    credential=st.just({"env": "CREDENTIAL"}),
    dialect=st.sampled_from(["openai", "anthropic", "azure"]),
    options=_maybe(
        st.fixed_dictionaries(
            {},
            optional={
                "quirks": st.just(["no_stream_options"]),
                "native_apis": st.just(["chat_completions", "messages"]),
                "unsupported_parameters": st.sampled_from(["refuse", "drop"]),
                "region": st.just("eu-west-1"),
            },
        )
    ),
    auth_header_prefix=st.sampled_from(["", "Bearer "]),
    verify_tls=st.booleans(),
    model_filter=st.lists(st.sampled_from(NAMES), unique=True),
)
_tariffs = st.lists(
    st.fixed_dictionaries(
        {"name": _texts.filter(lambda text: text == text.strip()), "input_price_per_token": _prices}
        | {"output_price_per_token": _prices},
        optional={"cached_input_price_per_token": _maybe(_prices), "price_per_request": _prices},
    ),
    max_size=2,
)
_policies = _entry(
    {},
    on_context_overflow=st.sampled_from(NAMES),
    caching=st.just({}),
    timeouts=st.just({"idle": 3}) | st.just({}),
    fallback=st.just({"max_wasted_cost": "0.10"}),
)
_common: dict[str, st.SearchStrategy[Any]] = {
    "description": _maybe(_texts),
    "requests_per_second": _maybe(st.floats(0.5, 100)),
    "capacity": _maybe(st.integers(0, 10)),
    "capabilities": _maybe(st.lists(st.sampled_from(["vision", "tools"]), unique=True)),
    "tariffs": _maybe(_tariffs),
    "metadata": _maybe(st.fixed_dictionaries({}, optional={"provider": _texts})),
    "trusted": st.booleans(),
    "traffic_policy": _maybe(_policies),
    "allowed_batch_completion_windows": _maybe(st.just([])),
}


def _standard(endpoint: str, name: str) -> st.SearchStrategy[Any]:
    # What cannot be changed is a function of the name, so that every state can become every other.
    fixed = {"endpoint": st.just(endpoint), "model_name": st.just(f"provider/{name}")}
    return _entry(
        fixed, **_common, provider_pricing=_maybe(st.just({"mode": "hourly", "rate": 1, "input_token_cost_ratio": 2}))
    )


def _composite() -> st.SearchStrategy[Any]:
    parts = st.lists(
        st.fixed_dictionaries({"model": st.sampled_from(NAMES)}, optional={"weight": st.integers(1, 100)}),
        unique_by=lambda part: part["model"],
    )
    strategies = st.sampled_from(["priority", "weighted_random"])
    return _entry({"components": parts}, **_common, lb_strategy=strategies, fallback_max_attempts=_maybe(st.just(2)))


_groups = _entry(
    {
        "members": st.lists(st.sampled_from(PEOPLE), unique=True),
        "models": st.lists(st.sampled_from(NAMES), unique=True),
    },
    description=_maybe(_texts),
)
_users = _entry({}, display_name=_texts, roles=st.lists(st.sampled_from(_ROLES), unique=True))
_keys = _entry(
    {},
    description=_maybe(_texts),
    expires_at=_maybe(
        st.integers(0, 10**6).map(lambda seconds: datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
    ),
    models=_maybe(st.lists(st.sampled_from(NAMES), unique=True)),
    caching=_maybe(st.sampled_from(["off", "user"])),
)
_guardrails = _entry(
    {"kind": st.just("redact"), "pattern": st.sampled_from(["x", "y+"])},
    stage=st.sampled_from(["request", "both"]),
    enabled=st.booleans(),
    models=_maybe(st.lists(st.sampled_from(NAMES), min_size=1, unique=True)),
    replacement=_maybe(_texts),
    window_characters=_maybe(st.integers(16, 99)),
)
_rate_limits = _entry(
    {"kind": st.just("requests"), "amount": st.integers(1, 9), "per": st.sampled_from(["second", "day"])},
    burst=_maybe(st.integers(1, 9)),
)
_budgets = _entry(
    {"amount": st.integers(1, 9), "period": st.just("month")},
    enforcement=st.sampled_from(["hard", "alert"]),
    alert_thresholds=st.lists(st.sampled_from([0.5, 0.8, 1]), max_size=3),
)


def _probe(name: str) -> st.SearchStrategy[Any]:
    return _entry({"model": st.just(name), "interval_seconds": st.integers(1, 9)}, active=st.booleans())


def _scoped(limits: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.sampled_from(NAMES), limits, max_size=2)
    parts = {"models": NAMES, "users": PEOPLE, "groups": ("Everyone",)}
    return _entry({}, **{part: st.dictionaries(st.sampled_from(names), named) for part, names in parts.items()})


@st.composite
def states(draw: st.DrawFn) -> State:
    """Whole states whose references all hold."""
    models = {name: draw(_standard(ENDPOINTS[0], name)) for name in NAMES}
    if draw(st.booleans()):
        models["mix"] = draw(_composite())
    content = {
        "endpoints": {name: draw(_endpoints) for name in ENDPOINTS},
        "models": models,
        "groups": draw(st.dictionaries(st.sampled_from(NAMES), _groups)) | {"Everyone": {}},
        "users": {person: draw(_users) for person in PEOPLE},
        "keys": draw(st.dictionaries(st.sampled_from(PEOPLE), st.dictionaries(st.sampled_from(NAMES), _keys))),
        "guardrails": draw(st.dictionaries(st.sampled_from(NAMES), _guardrails)),
        "rate_limits": draw(_scoped(_rate_limits)),
        "budgets": draw(_scoped(_budgets)),
        "probes": {name: draw(_probe(name)) for name in NAMES if draw(st.booleans())},
    }
    return State.model_validate(content)
