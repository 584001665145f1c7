"""Bodies of `/payments`, `/billing-portal` and `/auto-topup` (§4.11)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from control_layer.control.schema import Input, Number, Output

__all__ = ["AutoTopup", "AutoTopupRequest", "Done", "NoPaymentMethod", "Redirection"]


class Redirection(Output):
    """Where to send the browser."""

    url: str


class Done(Output):
    """It is done."""

    message: str


class AutoTopupRequest(Input):
    """When to buy credits by itself, and how many."""

    threshold: Number = Field(description="The balance below which credits are bought; not negative.")
    amount: Number = Field(description="How many are bought at once; more than zero.")
    monthly_limit: Number | None = Field(None, description="The most that is bought in a month; none without it.")


class AutoTopup(Output):
    """What is in force now."""

    has_payment_method: Literal[True]
    threshold: float
    amount: float
    monthly_limit: float | None


class NoPaymentMethod(Output):
    """Nothing is in force: a payment method has to be stored first, through `POST /billing-portal`."""

    needs_billing_portal: Literal[True]
    reason: str
