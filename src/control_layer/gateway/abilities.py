"""What a request asks of a model, held against what the model is known to be able to do: only that is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from control_layer.gateway import errors

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["PATHS_BY_TYPE", "check_abilities"]

PATHS_BY_TYPE: Mapping[str, tuple[str, ...]] = {
    "CHAT": ("/v1/chat/completions", "/v1/messages", "/v1/responses"),
    "EMBEDDINGS": ("/v1/embeddings",),
    "RERANKER": ("/v1/rerank", "/v2/rerank", "/v1/score"),
}
"""What models of a type are asked at."""
_TYPES = {path: kind for kind, paths in PATHS_BY_TYPE.items() for path in paths}
_FIELDS = {
    "tools": ("tools", "functions"),
    "reasoning": ("reasoning_effort", "reasoning", "thinking"),
}
"""Capabilities, and the fields of a request that need them."""
_MARKS = {
    "vision": (b'"image_url"', b'"input_image"', b'"type":"image"', b'"type": "image"'),
    "audio": (b'"input_audio"',),
}
"""And those that are needed deeper inside. A text that quotes one has a backslash in it."""
_NOTHING = (b"null", b"[]", b"{}")
_LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")

_number = msgspec.json.Decoder(int).decode


def check_abilities(exchange: Exchange) -> None:
    """Raises GatewayError where a request asks what the model cannot do."""
    model, envelope, path = exchange.route.model, exchange.envelope, exchange.path.api_path
    kind = _TYPES.get(path)
    if kind is not None and model.model_type is not None and model.model_type != kind:
        raise errors.not_of_this_type(model.alias, PATHS_BY_TYPE.get(model.model_type, ()))
    known = model.abilities
    if known is None or envelope is None:
        return
    if known.capabilities is not None:
        _check_capabilities(known.capabilities, envelope.fields, exchange)
    if known.context_window is not None:
        for name in _LIMITS:
            most = _amount(envelope.fields.get(name))
            if most is not None and most > known.context_window:
                raise errors.invalid_value(name, f"the model's context has {known.context_window} tokens")


def _check_capabilities(known: tuple[str, ...], fields: Mapping[str, msgspec.Raw], exchange: Exchange) -> None:
    for capability, names in _FIELDS.items():
        if capability not in known:
            for name in names:
                if name in fields and bytes(fields[name]) not in _NOTHING:
                    raise errors.not_capable(name, capability)
    for capability, marks in _MARKS.items():
        if capability not in known and any(mark in exchange.body for mark in marks):
            raise errors.not_capable("messages", capability)


def _amount(raw: msgspec.Raw | None) -> int | None:
    try:
        return None if raw is None else _number(raw)
    except msgspec.MsgspecError:
        return None  # the provider's to refuse
