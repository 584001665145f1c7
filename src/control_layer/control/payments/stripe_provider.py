"""Stripe: hosted checkout, signed webhooks, the billing portal, and charges of a card that was stored there.

Asked through Stripe's own library, which repeats what failed on the way with the same idempotency key.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import stripe
import structlog

from control_layer.control.payments.currency import from_minor, to_minor
from control_layer.control.payments.provider import (
    Account,
    BadSignature,
    Charge,
    Charged,
    ChargeDeclined,
    MalformedSession,
    NotPaid,
    Paid,
    Proven,
    ProviderFailed,
    Purchase,
    UnknownSession,
)
from control_layer.control.payments.return_urls import came_back, portal_return_url
from control_layer.control.payments.stripe_sessions import PAYER, read_session
from control_layer.settings.billing import StripePayment

if TYPE_CHECKING:
    from stripe import RequestOptions
    from stripe.params import CustomerCreateParams
    from stripe.params.checkout import SessionCreateParams

__all__ = ["StripeProvider"]

_log = structlog.get_logger(__name__)
_SESSION = re.compile(r"cs_[A-Za-z0-9_]{1,250}")
_PLACEHOLDER = "{CHECKOUT_SESSION_ID}"
"""Stripe puts the session's id in its place."""
_TOLERANCE_SECONDS = 300
"""How old a webhook may be: Stripe's own advice."""
_ANSWER_SECONDS = 20.0
_RETRIES = 2
_REPORTS = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})
_CHARGE = "control_layer_charge"
_CLOCKS_APART = timedelta(hours=1)
"""How far Stripe's clock and ours may differ."""
_MAX_INTENTS = 100


class StripeProvider:
    """One per process."""

    def __init__(self, settings: StripePayment, dashboard_url: str) -> None:
        self._settings = settings
        self._dashboard_url = dashboard_url
        self._http = stripe.HTTPXClient(timeout=_ANSWER_SECONDS)
        self._client = stripe.StripeClient(
            settings.api_key.get_secret_value(),
            base_addresses={"api": settings.api_base.rstrip("/")},
            http_client=self._http,
            max_network_retries=_RETRIES,
        )
        self._currency: str | None = None

    async def begin_payment(self, purchase: Purchase) -> str:
        user = purchase.creditee if purchase.named_creditee else None
        params: SessionCreateParams = {
            "mode": "payment",
            "line_items": [{"price": self._settings.price_id, "quantity": 1}],
            "client_reference_id": str(purchase.creditee),
            "metadata": {PAYER: str(purchase.payer.id)},
            "success_url": came_back(self._dashboard_url, "success", _PLACEHOLDER, user=user),
            "cancel_url": came_back(self._dashboard_url, "cancelled", _PLACEHOLDER, user=user),
            # Credits are counted in the price's currency, so nobody pays in another.
            "adaptive_pricing": {"enabled": False},
        }
        if self._settings.enable_invoice_creation:
            params["invoice_creation"] = {"enabled": True}
        return await self._begun(params, purchase.payer)

    async def begin_setup(self, account: Account) -> str:
        return await self._begun(
            {
                "mode": "setup",
                "allowed_payment_method_types": ["card"],
                "client_reference_id": str(account.id),
                "success_url": came_back(self._dashboard_url, "success", _PLACEHOLDER),
                "cancel_url": came_back(self._dashboard_url, "cancelled", _PLACEHOLDER),
            },
            account,
        )

    async def finished(self, session_id: str) -> Paid | Proven:
        if not _SESSION.fullmatch(session_id):
            raise MalformedSession
        async with _asking("retrieve a session"):
            try:
                session = await self._client.v1.checkout.sessions.retrieve_async(session_id)
            except stripe.InvalidRequestError as error:
                if error.http_status == 404:
                    raise UnknownSession from None
                raise
        return read_session(session.to_dict())

    async def customer_of(self, account: Account) -> str:
        if account.customer is not None:
            return account.customer
        params: CustomerCreateParams = {"metadata": {PAYER: str(account.id)}}
        if (email := _address(account)) is not None:
            params["email"] = email
        async with _asking("create a customer"):
            options: RequestOptions = {"idempotency_key": f"control-layer-customer-{account.id}"}
            customer = await self._client.v1.customers.create_async(params, options)
        return customer.id

    async def portal(self, customer: str) -> str:
        async with _asking("open the portal"):
            session = await self._client.v1.billing_portal.sessions.create_async(
                {"customer": customer, "return_url": portal_return_url(self._dashboard_url)}
            )
        return session.url

    async def can_charge(self, customer: str) -> bool:
        async with _asking("look for a card"):
            return await self._card(customer) is not None

    async def charge(self, charge: Charge) -> Charged | None:
        customer = charge.account.customer
        if customer is None:
            raise ChargeDeclined("no_customer")
        async with _asking("charge a card"):
            intent = await self._earlier(charge, customer) if charge.asked_before else None
            if intent is None:
                intent = await self._charged(charge, customer)
        match intent.status:
            case "succeeded":
                return Charged(intent.id, from_minor(intent.amount_received, intent.currency))
            case "processing":
                return None
            case _:
                raise ChargeDeclined(intent.status)

    def reported(self, body: bytes, signature: str | None) -> Paid | Proven | None:
        secret = self._settings.webhook_secret.get_secret_value()
        try:
            stripe.WebhookSignature.verify_header(body, signature, secret, _TOLERANCE_SECONDS)
            event = json.loads(body)
        except (stripe.SignatureVerificationError, ValueError, RecursionError):
            raise BadSignature from None
        if not isinstance(event, dict) or event.get("type") not in _REPORTS:
            return None
        data = event.get("data")
        session = data.get("object") if isinstance(data, dict) else None
        try:
            return read_session(session if isinstance(session, dict) else {})
        except (NotPaid, UnknownSession):
            return None  # it is paid for later, which is another event, or it is none of ours

    async def close(self) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def _begun(self, params: SessionCreateParams, account: Account) -> str:
        """The URL of a new session. A customer that Stripe does not know, such as another mode's, is replaced."""
        as_new: SessionCreateParams = {"customer_creation": "always"}
        if (email := _address(account)) is not None:
            as_new["customer_email"] = email
        async with _asking("create a session"):
            sessions = self._client.v1.checkout.sessions
            if account.customer is None:
                session = await sessions.create_async({**params, **as_new})
            else:
                try:
                    session = await sessions.create_async({**params, "customer": account.customer})
                except stripe.InvalidRequestError as error:
                    if error.code != "resource_missing" or error.param != "customer":
                        raise
                    session = await sessions.create_async({**params, **as_new})
        if session.url is None:
            raise ProviderFailed("Stripe began a session without a URL")
        return session.url

    async def _card(self, customer: str) -> str | None:
        """The payment method that a customer chose for such charges, or the one they stored last."""
        known = (await self._client.v1.customers.retrieve_async(customer)).to_dict()
        chosen = (known.get("invoice_settings") or {}).get("default_payment_method")
        if isinstance(chosen, str):
            return chosen
        stored = await self._client.v1.payment_methods.list_async({"customer": customer, "type": "card", "limit": 1})
        return stored.data[0].id if stored.data else None

    async def _earlier(self, charge: Charge, customer: str) -> stripe.PaymentIntent | None:
        """The intent of a charge that was asked for before. Idempotency keys are forgotten after a day; this is not."""
        since = int((charge.begun_at - _CLOCKS_APART).timestamp())
        intents = await self._client.v1.payment_intents.list_async(
            {"customer": customer, "created": {"gte": since}, "limit": _MAX_INTENTS}
        )
        for intent in intents.data:
            if intent.to_dict()["metadata"].get(_CHARGE) == str(charge.id):
                return intent
        return None

    async def _charged(self, charge: Charge, customer: str) -> stripe.PaymentIntent:
        card = await self._card(customer)
        if card is None:
            raise ChargeDeclined("no_payment_method")
        currency = await self._price_currency()
        try:
            return await self._client.v1.payment_intents.create_async(
                {
                    "amount": to_minor(charge.amount, currency),
                    "currency": currency,
                    "customer": customer,
                    "payment_method": card,
                    "off_session": True,
                    "confirm": True,
                    "metadata": {_CHARGE: str(charge.id), PAYER: str(charge.account.id)},
                },
                {"idempotency_key": f"control-layer-charge-{charge.id}"},
            )
        except stripe.CardError as error:
            raise ChargeDeclined(error.code or "card_declined") from None
        except stripe.InvalidRequestError as error:
            raise ChargeDeclined(error.code or "refused") from None

    async def _price_currency(self) -> str:
        if self._currency is None:
            price = await self._client.v1.prices.retrieve_async(self._settings.price_id)
            self._currency = price.currency
        return self._currency


def _address(account: Account) -> str | None:
    """The account's e-mail address where Stripe would take it: not of a name without a dot, such as `localhost`."""
    name, _, domain = account.email.rpartition("@")
    return account.email if name and "." in domain.strip(".") else None


@asynccontextmanager
async def _asking(what: str) -> AsyncIterator[None]:
    """Stripe's errors become ours. Their texts stay out of the log: some quote a part of the key."""
    try:
        yield
    except stripe.StripeError as error:
        _log.error(
            "payment_provider_failed",
            asked_to=what,
            error=type(error).__name__,
            cause=type(error.__cause__).__name__ if error.__cause__ is not None else None,
            status=error.http_status,
            code=error.code,
            provider_request_id=error.request_id,
        )
        raise ProviderFailed(f"Stripe could not {what}") from None
