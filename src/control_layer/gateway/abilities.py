"""What a request asks of a model, held against what the model is known to be able to do: only that is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from control_layer.contract.model_apis import paths_of
from control_layer.gateway import errors

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["check_abilities"]

_TYPES = ("CHAT", "EMBEDDINGS", "RERANKER")
_PATHS = frozenset(path for kind in _TYPES for path in paths_of(kind, None) or ())
"""At others, the provider knows best whether the model is asked there."""
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
    known = model.abilities
    if path in _PATHS:
        paths = paths_of(model.model_type, None if known is None else known.apis)
        if paths is not None and path not in paths:
            raise errors.not_of_this_type(model.alias, paths)
    if known is None or envelope is None:
        return
    if known.capabilities is not None:
        _check_capabilities(known.capabilities, envelope.fields, exchange)
    for name in _LIMITS:
        asked = _amount(envelope.fields.get(name))
        if asked is None:
            continue
        if known.context_window is not None and asked > known.context_window:
            raise errors.invalid_value(name, f"the model's context has {known.context_window} tokens")
        if known.max_output_tokens is not None and asked > known.max_output_tokens:
            raise errors.invalid_value(name, f"the model writes {known.max_output_tokens} tokens at most")


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
