"""What a model's row says about routing, as gateways know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from control_layer.contract.routing import Backoff, Balancing, Breaker, Fallback, Hedging, Purposes, ResponseCaching
from control_layer.store import tables

__all__ = ["ROUTING", "Routing", "breaker_of"]

_Model = tables.Model
ROUTING = (
    _Model.lb_strategy,
    _Model.traffic_policy,
    _Model.traffic_routing_rules,
    _Model.fallback_enabled,
    _Model.fallback_on_rate_limit,
    _Model.fallback_on_status,
    _Model.fallback_with_replacement,
    _Model.fallback_max_attempts,
    _Model.backoff_enabled,
    _Model.backoff_initial_ms,
    _Model.backoff_max_ms,
    _Model.backoff_factor,
    _Model.backoff_jitter,
    _Model.backoff_max_total_ms,
)
"""The columns that `Routing.of` reads, in its order."""


@dataclass(frozen=True, slots=True)
class Routing:
    """The parts of a snapshot's model."""

    balancing: Balancing
    fallback: Fallback
    purposes: tuple[Purposes, ...]
    policy: Mapping[str, Any]
    """The stored traffic policy."""
    caching: ResponseCaching | None
    hedging: Hedging | None
    overflow: str | None
    """Id of the model that takes what is too long."""
    refusal: str | None
    """And of the one that takes what a content policy refuses."""

    @classmethod
    def of(cls, row: Sequence[Any]) -> Self:
        """Reads the columns `ROUTING`."""
        strategy, policy, rules, enabled, on_rate_limit, on_status, replacing, most, *backoff = row
        policy = policy or {}
        canary = policy.get("canary") or {}
        return cls(
            Balancing(
                strategy=policy.get("balancing") or strategy or "weighted_random",
                sticky=policy.get("sticky"),
                canary=canary.get("component_id"),
                canary_percent=canary.get("percent", 0.0),
            ),
            Fallback(enabled, on_rate_limit, tuple(on_status), replacing, most, _backoff(*backoff), *_costs(policy)),
            tuple(Purposes(rule["api_key_purpose"], rule["action"].get("target")) for rule in rules or ()),
            policy,
            _caching(policy),
            _hedging(policy),
            policy.get("on_context_overflow"),
            policy.get("on_content_refusal"),
        )

    @property
    def substitutes(self) -> tuple[str, ...]:
        """Ids of the models that may take this one's place."""
        return tuple(model_id for model_id in (self.overflow, self.refusal) if model_id is not None)


def breaker_of(policy: Mapping[str, Any] | None) -> Breaker | None:
    """A standard model's own breaker."""
    stored = (policy or {}).get("breaker")
    if stored is None:
        return None
    return Breaker(
        failures=stored["failures"],
        error_rate=stored["error_rate"],
        min_requests=stored["min_requests"],
        window=stored["window_seconds"],
        cooldown=stored["cooldown_seconds"],
        longest_cooldown=stored["longest_cooldown_seconds"],
    )


def _caching(policy: Mapping[str, Any]) -> ResponseCaching | None:
    stored = policy.get("caching")
    if stored is None:
        return None
    generation = policy.get("cache_generation", 0)
    shared = stored.get("shared", False)
    return ResponseCaching(stored["ttl_seconds"], stored["scope"], stored["max_entry_bytes"], generation, shared)


def _hedging(policy: Mapping[str, Any]) -> Hedging | None:
    stored = policy.get("hedging")
    if stored is None:
        return None
    after = stored.get("after_ms")
    share = stored["budget_percent"] / 100
    return Hedging(None if after is None else after / 1000, stored.get("after_percentile"), share)


def _costs(policy: Mapping[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """What failed attempts may cost, in a request and as a share."""
    stored = policy.get("fallback")
    if stored is None:
        return None, None
    percent = stored.get("max_wasted_percent")
    return Decimal(stored["max_wasted_cost"]), None if percent is None else Decimal(percent) / 100


def _backoff(enabled: bool, initial: int, longest: int, factor: float, jitter: str, total: int | None) -> Backoff:
    if not enabled:
        return Backoff()
    return Backoff(initial / 1000, longest / 1000, factor, jitter == "full", None if total is None else total / 1000)
