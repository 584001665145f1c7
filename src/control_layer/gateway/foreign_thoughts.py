"""Which requests to Claude may hold thoughts of others, though nothing is translated: those of models that have others
in turn. All other requests are not looked into.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from control_layer.contract.snapshot import Deployment
from control_layer.gateway.dialects.anthropic.models import abilities
from control_layer.gateway.translation_table import COUNT_TOKENS, MESSAGES

if TYPE_CHECKING:
    from control_layer.gateway.attempt import Attempt
    from control_layer.gateway.exchange import Exchange

__all__ = ["may_hold_foreign_thoughts"]

_PATHS = frozenset((MESSAGES, COUNT_TOKENS))


def may_hold_foreign_thoughts(exchange: Exchange, attempt: Attempt) -> bool:
    """Whether the attempt asks Claude, in the client's own words, and others may have answered that client before."""
    if exchange.path.api_path not in _PATHS:
        return False
    model, envelope = exchange.route.model, exchange.envelope
    named = envelope is not None and envelope.fallbacks is not None  # models of the client's choice
    if not named and len(model.deployments) == 1 and not (model.overflow or model.refusal):
        return False
    if not abilities(attempt.deployment.upstream_model).claude:
        return False
    if named:
        return True
    endpoints = exchange.plane.snapshots.current.endpoints

    def is_claude(deployment: Deployment) -> bool:
        endpoint = endpoints.get(deployment.endpoint_id)
        return endpoint is not None and endpoint.dialect == "anthropic" and abilities(deployment.upstream_model).claude

    return not all(map(is_claude, (*model.deployments, *model.overflow, *model.refusal)))
