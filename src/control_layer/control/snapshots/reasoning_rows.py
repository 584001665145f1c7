"""What a model's deployment makes of reasoning efforts, as gateways are told it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from control_layer.contract.reasoning import EFFORTS, EffortWrites, Reasoning, Write, place_of
from control_layer.control.endpoints.reasoning import INHERITED, translations_in_force
from control_layer.store import tables

__all__ = ["reasoning_columns", "reasoning_of"]


def reasoning_columns(model: Any) -> tuple[Any, Any]:
    """What the model says, and what its endpoint does."""
    endpoint = tables.Endpoint
    inherited = select(endpoint.reasoning_translation).where(endpoint.id == model.hosted_on).scalar_subquery()
    return model.reasoning_translation_overrides, inherited


def reasoning_of(overrides: Mapping[str, Any] | None, inherited: Mapping[str, Any] | None) -> Reasoning | None:
    """The snapshot's part of a deployment, of its `reasoning_columns`."""
    if overrides is None and inherited is None:
        return None
    translations = translations_in_force(overrides or INHERITED, inherited)
    if not translations:
        return None
    return Reasoning(**{surface: _writes(translation) for surface, translation in translations.items()})


def _writes(translation: Mapping[str, Any]) -> EffortWrites:
    refused, writes = translation["unsupported_efforts"], translation["writes"]
    return {
        effort: tuple(Write(place_of(write["target_path"]), _json(write["values"][effort])) for write in writes)
        for effort in EFFORTS
        if effort not in refused
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
