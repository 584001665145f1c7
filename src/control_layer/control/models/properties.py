"""What a body says about a model, checked and put into its row. The row is what the rules are checked against."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from control_layer.control.endpoints.reasoning import checked_overrides
from control_layer.control.errors import invalid
from control_layer.control.models.pricing import merged_pricing
from control_layer.control.models.schemas import (
    CompositeFields,
    Metadata,
    ModelChanges,
    ModelFields,
    NewStandardModel,
    RoutingRule,
)
from control_layer.control.text import not_blank
from control_layer.store import tables

__all__ = ["check_targets", "set_properties"]

_COMPLETION_WINDOWS = frozenset({"24h", "1h"})
"""Until batches bring their own settings (`batches.allowed_completion_windows`)."""
_MAX_METADATA_BYTES = 16384
_MAX_EXTRA_KEYS = 50
_ATTEMPTS_WITH_BACKOFF = 3

_CLEARED_BY_NULL = (
    "requests_per_second",
    "burst_size",
    "capacity",
    "batch_capacity",
    "throughput",
    "backoff_max_total_ms",
    "allowed_batch_completion_windows",
)
_KEPT_BY_NULL = (
    "display_name",
    "description",
    "model_type",
    "capabilities",
    "sanitize_responses",
    "trusted",
    "open_responses_adapter",
    "backoff_enabled",
    "backoff_initial_ms",
    "backoff_max_ms",
    "backoff_factor",
    "backoff_jitter",
)
_COMPOSITE_KEPT_BY_NULL = (
    "lb_strategy",
    "fallback_enabled",
    "fallback_on_rate_limit",
    "fallback_on_status",
    "fallback_with_replacement",
)


def set_properties(row: tables.Model, body: ModelFields) -> None:
    """Moves the row to what the body says. Raises 400. Tariffs and the targets of redirects are for others."""
    if body.alias is not None:
        row.alias = not_blank("alias", body.alias)
    _copy(row, body, kept_by_null=_KEPT_BY_NULL, cleared_by_null=_CLEARED_BY_NULL)
    row.display_name = (row.display_name or "").strip() or None  # a blank one takes it away, as null cannot
    if "traffic_routing_rules" in body.model_fields_set:
        row.traffic_routing_rules = _rules(body.traffic_routing_rules or [])
    if body.metadata is not None:
        row.model_metadata = _metadata(body.metadata)
    if row.is_composite:
        if isinstance(body, CompositeFields):
            _copy(row, body, kept_by_null=_COMPOSITE_KEPT_BY_NULL, cleared_by_null=("fallback_max_attempts",))
        if isinstance(body, ModelChanges) and body.reasoning_translation_overrides is not None:
            raise invalid("reasoning_translation_overrides belong to standard models, not to composite ones")
    else:
        if isinstance(body, NewStandardModel | ModelChanges):
            if body.provider_pricing is not None:
                row.provider_pricing = merged_pricing(row.provider_pricing, body.provider_pricing)
            if "reasoning_translation_overrides" in body.model_fields_set:
                row.reasoning_translation_overrides = checked_overrides(body.reasoning_translation_overrides)
        _retry_with_backoff(row, body.backoff_enabled)
    _check(row)


def check_targets(row: tables.Model, aliases: Collection[str]) -> None:
    """Refuses redirects to what is not in `aliases`, the live ones. Raises 400."""
    for rule in row.traffic_routing_rules or ():
        target = rule["action"].get("target")
        if target is not None and target not in aliases:
            raise invalid(f"A routing rule redirects to '{target}', which is no model's alias")


def _copy(
    row: tables.Model, body: ModelFields, *, kept_by_null: tuple[str, ...], cleared_by_null: tuple[str, ...]
) -> None:
    for name in kept_by_null:
        value = getattr(body, name)
        if value is not None:
            setattr(row, name, value)
    for name in cleared_by_null:
        if name in body.model_fields_set:
            setattr(row, name, getattr(body, name))


def _retry_with_backoff(row: tables.Model, enabled: bool | None) -> None:
    """A standard model has nowhere else to go: with backoff it tries the same deployment again (§4.5.3)."""
    if enabled is None:
        return
    row.fallback_enabled = enabled
    if enabled:
        row.fallback_with_replacement = True
        if row.fallback_max_attempts is None:
            row.fallback_max_attempts = _ATTEMPTS_WITH_BACKOFF


def _rules(rules: list[RoutingRule]) -> list[dict[str, Any]] | None:
    purposes = [rule.api_key_purpose for rule in rules]
    if len(set(purposes)) < len(purposes):
        raise invalid("traffic_routing_rules may hold one rule for each api_key_purpose")
    return [rule.model_dump(mode="json") for rule in rules] or None


def _metadata(metadata: Metadata) -> dict[str, Any] | None:
    stored = metadata.model_dump(mode="json", exclude_none=True)
    if len(stored.get("extra", ())) > _MAX_EXTRA_KEYS:
        raise invalid(f"metadata.extra may have at most {_MAX_EXTRA_KEYS} keys")
    if len(json.dumps(stored, ensure_ascii=False, separators=(",", ":")).encode()) > _MAX_METADATA_BYTES:
        raise invalid(f"metadata may be at most {_MAX_METADATA_BYTES} bytes long")
    return stored or None


def _check(row: tables.Model) -> None:
    """The rules that hold for a row as a whole (§4.5.3)."""
    for name in ("requests_per_second", "throughput"):
        _require(getattr(row, name) is None or getattr(row, name) > 0, f"{name} must be greater than zero")
    for name in ("burst_size", "capacity", "batch_capacity"):
        _require(getattr(row, name) is None or getattr(row, name) >= 0, f"{name} must not be negative")
    _require(row.backoff_initial_ms >= 1, "backoff_initial_ms must be at least 1")
    _require(row.backoff_max_ms >= row.backoff_initial_ms, "backoff_max_ms must be at least backoff_initial_ms")
    _require(row.backoff_factor >= 1, "backoff_factor must be at least 1")
    total = row.backoff_max_total_ms
    _require(total is None or total >= row.backoff_max_ms, "backoff_max_total_ms must be at least backoff_max_ms")
    statuses = row.fallback_on_status
    _require(all(100 <= status <= 599 for status in statuses), "fallback_on_status holds HTTP statuses, 100 to 599")
    attempts = row.fallback_max_attempts
    _require(attempts is None or attempts >= 1, "fallback_max_attempts must be at least 1")
    unknown = sorted(set(row.allowed_batch_completion_windows or ()) - _COMPLETION_WINDOWS)
    _require(not unknown, f"Completion windows that are not configured: {', '.join(unknown)}")
    for rule in row.traffic_routing_rules or ():
        target = rule["action"].get("target")
        _require(target is None or bool(target.strip()), "A routing rule's redirect needs a target")
        _require(target != row.alias, "A routing rule may not redirect a model to itself")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise invalid(message)
