"""`payment.*` and `credits.*`: how people pay, and what is given to them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from control_layer.settings.section import Section

__all__ = ["Credits", "DummyPayment", "Payment", "StripePayment"]


def _given(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("it must not be empty: take it from the provider's dashboard")
    return value


def _private(url: str) -> str:
    split = urlsplit(url)
    if split.scheme != "https" and (split.scheme != "http" or split.hostname not in {"localhost", "127.0.0.1", "::1"}):
        raise ValueError("the secret key goes there: it must begin with https:// (http:// is for localhost only)")
    return url


_Secret = Annotated[SecretStr, AfterValidator(_given)]


class DummyPayment(Section):
    """A provider for trials: every payment succeeds and nobody pays."""

    amount: Decimal = Field(Decimal(50), gt=0, lt=10**11)
    """Credits that a payment buys; naming it turns on payments that always succeed and cost nothing, for trials."""


class StripePayment(Section):
    """Stripe's hosted checkout."""

    api_key: _Secret
    """Stripe's secret key, or a restricted one."""
    webhook_secret: _Secret
    """What Stripe signs its webhooks to `/webhooks/payments` with. Without it anybody could report a payment."""
    price_id: str = Field(min_length=1)
    """The price that a checkout session sells; a credit is one unit of its currency."""
    enable_invoice_creation: bool = False
    """Let Stripe make an invoice for each checkout."""
    api_base: Annotated[str, AfterValidator(_private)] = "https://api.stripe.com"
    """Where Stripe's API is; another place is for tests."""


class Payment(Section):
    """How people pay: one provider, or none."""

    dummy: DummyPayment | None = None
    """Payments for trials."""
    stripe: StripePayment | None = None
    """Stripe."""

    @property
    def enabled(self) -> bool:
        """Whether payments can be taken."""
        return self.dummy is not None or self.stripe is not None


class Credits(Section):
    """What is given away."""

    initial_credits_for_standard_users: Decimal = Field(Decimal(0), ge=0, lt=10**11)
    """What a registered or automatically opened account begins with."""
    first_payment_match_up_to: Decimal = Field(Decimal(0), ge=0, lt=10**11)
    """An account's first purchase is doubled, up to this."""
    verification_credits: Decimal = Field(Decimal(0), ge=0, lt=10**11)
    """Given once to an account that proves a payment method."""
