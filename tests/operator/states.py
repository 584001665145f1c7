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
    options=_maybe(st.fixed_dictionaries({}, optional={"unsupported_parameters": st.sampled_from(["refuse", "drop"])})),
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
_common: dict[str, st.SearchStrategy[Any]] = {
    "description": _maybe(_texts),
    "requests_per_second": _maybe(st.floats(0.5, 100)),
    "capacity": _maybe(st.integers(0, 10)),
    "capabilities": _maybe(st.lists(st.sampled_from(["vision", "tools"]), unique=True)),
    "tariffs": _maybe(_tariffs),
    "metadata": _maybe(st.fixed_dictionaries({}, optional={"provider": _texts})),
    "trusted": st.booleans(),
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
)


@st.composite
def states(draw: st.DrawFn) -> State:
    """Whole states whose references all hold."""
    models = {name: draw(_standard(ENDPOINTS[0], name)) for name in NAMES}
    if draw(st.booleans()):
        models["mix"] = draw(_composite())
    content = {
        "endpoints": {name: draw(_endpoints) for name in ENDPOINTS},
        "models": models,
        "groups": draw(st.dictionaries(st.sampled_from(NAMES), _groups)),
        "users": {person: draw(_users) for person in PEOPLE},
        "keys": draw(st.dictionaries(st.sampled_from(PEOPLE), st.dictionaries(st.sampled_from(NAMES), _keys))),
    }
    return State.model_validate(content)
