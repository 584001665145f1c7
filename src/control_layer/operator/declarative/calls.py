"""What carrying out changes of every kind has in common: what is sent, and what somebody else did meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from control_layer.operator.declarative.plan import Change
from control_layer.operator.declarative.resources import Kind
from control_layer.operator.errors import ApiRefusal, OperatorError

__all__ = ["CONFLICT", "Made", "body_of", "made", "unless_gone"]

CONFLICT = 409
"""The status that says that somebody has it already."""
_NOT_FOUND = 404
_CLEARED: Mapping[Kind, Mapping[str, object]] = {
    Kind.ENDPOINT: {"description": ""},
    Kind.MODEL: {
        "description": "",
        "display_name": "",
        "capabilities": [],
        "tariffs": [],
        "metadata": {},
        "provider_pricing": {"mode": "per_token", "input_price_per_token": None, "output_price_per_token": None},
    },
    Kind.GROUP: {"description": ""},
    Kind.KEY: {"description": ""},
}
"""What clears a field that null would leave as it is (§1.7)."""


class Made:
    """The id of something new; `adopted` where somebody else made it."""

    __slots__ = ("adopted", "id")

    def __init__(self, made_id: uuid.UUID, *, adopted: bool) -> None:
        self.id = made_id
        self.adopted = adopted


def made(make: Callable[[], Any], meanwhile: Callable[[], uuid.UUID]) -> Made:
    """What was made, or else what somebody made since the plan. Raises `ApiRefusal` where it is neither."""
    try:
        return Made(uuid.UUID(make()["id"]), adopted=False)
    except ApiRefusal as error:
        if error.status != CONFLICT:
            raise
        try:
            return Made(meanwhile(), adopted=True)
        except ApiRefusal:
            raise
        except OperatorError:
            raise error from None


def body_of(change: Change) -> dict[str, Any]:
    """What is sent for the fields of a change."""
    body = {
        field.field: _CLEARED.get(change.kind, {}).get(field.field) if field.after is None else field.after
        for field in change.fields
    }
    if body.get("backoff_enabled"):
        body.setdefault("backoff_max_total_ms", None)  # one from an earlier time may be there, unseen
    return body


def unless_gone(call: Callable[[], None]) -> None:
    """Takes something away; that it is away already is no error."""
    try:
        call()
    except ApiRefusal as error:
        if error.status != _NOT_FOUND:
            raise
