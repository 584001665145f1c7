"""How the payment routes say no: with a JSON object of one member (§1.5)."""

from __future__ import annotations

from control_layer.control.errors import ControlError

__all__ = ["PaymentRefused"]


class PaymentRefused(ControlError):
    """An answer that every client gets as `{"message": …}`."""

    def members(self) -> dict[str, object]:
        return {"message": self.message}
