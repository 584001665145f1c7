"""How the payment routes say no: with a JSON object of one member (§1.5)."""

from __future__ import annotations

from typing import Any

from control_layer.control.errors import ControlError
from control_layer.control.schema import Output

__all__ = ["REFUSALS", "PaymentRefused", "Refusal"]


class Refusal(Output):
    """What every client gets."""

    message: str


class PaymentRefused(ControlError):
    """An answer that is a `Refusal`."""

    def members(self) -> dict[str, object]:
        return {"message": self.message}


_MEANINGS = {
    400: "A value is not valid, or there is nothing to go on with.",
    402: "Nobody has paid yet.",
    500: "The payment provider could not be asked.",
    501: "The payment provider that is configured cannot do this.",
    503: "No payment provider is configured, or the database cannot be reached.",
}

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": meaning,
        "model": Refusal,
        "content": {
            "text/plain": {"schema": {"type": "string"}},
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    }
    for status, meaning in _MEANINGS.items()
}
"""For the reference."""
