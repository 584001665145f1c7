"""Paying, proving a payment method, and topping up by itself (§4.11)."""

from __future__ import annotations

import uuid

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from control_layer.control.access import public, signed_in
from control_layer.control.errors import Bare, Conflict, ControlError
from control_layer.control.payments.dummy import (
    MalformedSession,
    PaymentSession,
    SetupSession,
    portal_url,
    read_session,
    return_url,
)
from control_layer.control.payments.refusal import REFUSALS, PaymentRefused
from control_layer.control.payments.schemas import AutoTopup, AutoTopupRequest, Done, Redirection
from control_layer.control.payments.settlement import UnknownAccount, settle_payment, settle_setup
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.services import Services
from control_layer.control.users.queries import find_user
from control_layer.settings.billing import DummyPayment

__all__ = ["router"]

_API = "/admin/api/v1"
router = APIRouter(tags=["payments"], route_class=ControlRoute, responses=REFUSALS)


@router.post(f"{_API}/payments")
@signed_in
async def pay(session: Database, caller: Caller, services: Served, creditee_id: uuid.UUID | None = None) -> Redirection:
    """Begins a payment, for the caller's account or somebody else's."""
    _provider(services)
    creditee = await find_user(session, creditee_id or caller.id)
    if creditee is None:
        raise PaymentRefused(400, "invalid_reference", "There is no account with this creditee_id")
    if creditee.invoicing_enabled:
        raise Conflict("This account pays by invoice")
    begun = PaymentSession(creditee.id, caller.id, uuid.uuid4())
    return Redirection(url=return_url(services.settings.dashboard_url, begun, creditee_id))


@router.post(f"{_API}/payments/setup")
@signed_in
async def set_up(caller: Caller, services: Served) -> Redirection:
    """Begins to prove a payment method without a charge."""
    _provider(services)
    return Redirection(url=return_url(services.settings.dashboard_url, SetupSession(caller.id, uuid.uuid4())))


@router.patch(f"{_API}/payments/{{session_id}}")
@signed_in
async def finish(session_id: str, session: Database, caller: Caller, services: Served) -> Done:
    """Books what was paid; once, however often it is called."""
    provider = _provider(services)
    try:
        await _settle(session, read_session(session_id), provider, caller, services)
    except MalformedSession:
        raise PaymentRefused(400, "invalid_session", "This is not the id of a payment session") from None
    except UnknownAccount:
        raise Bare(404, "not_found", "There is no such payment session") from None
    return Done(message="Payment processed successfully")


@router.post(f"{_API}/billing-portal")
@signed_in
async def portal(session: Database, caller: Caller, services: Served) -> Redirection:
    """Where the caller's payment methods are looked after."""
    _provider(services)
    user = await find_user(session, caller.id)
    if user is None or user.payment_provider_id is None:
        raise Bare(400, "no_customer", "This account has no payment method yet: begin with POST /payments/setup")
    return Redirection(url=portal_url(services.settings.dashboard_url, user.payment_provider_id))


@router.post(f"{_API}/auto-topup/enable")
@signed_in
async def enable_auto_topup(body: AutoTopupRequest, session: Database, caller: Caller, services: Served) -> AutoTopup:
    """Buys credits by itself from now on."""
    _provider(services)
    _check(body)
    user = await find_user(session, caller.id, lock=True)
    if user is None:
        raise Bare(404, "not_found", "This account is gone")
    user.auto_topup_threshold = body.threshold
    user.auto_topup_amount = body.amount
    user.auto_topup_monthly_limit = body.monthly_limit
    user.updated_at = services.now()
    return AutoTopup(
        has_payment_method=True, threshold=body.threshold, amount=body.amount, monthly_limit=body.monthly_limit
    )


@router.post(f"{_API}/auto-topup/disable")
@signed_in
async def disable_auto_topup(session: Database, caller: Caller, services: Served) -> Done:
    """Buys nothing by itself any more."""
    user = await find_user(session, caller.id, lock=True)
    if user is None:
        raise Bare(404, "not_found", "This account is gone")
    user.auto_topup_threshold = user.auto_topup_amount = user.auto_topup_monthly_limit = None
    user.updated_at = services.now()
    return Done(message="Auto top-up disabled")


@router.post("/webhooks/payments", status_code=200)
@public
async def webhook() -> Response:
    """What a payment provider reports. No provider of this release does."""
    raise ControlError(501, "not_implemented", "No payment provider that sends webhooks is configured")


async def _settle(
    session: AsyncSession,
    ended: PaymentSession | SetupSession,
    provider: DummyPayment,
    caller: Principal,
    services: Services,
) -> None:
    given = services.settings.credits
    if isinstance(ended, PaymentSession):
        await settle_payment(session, ended, provider.amount, given)
    elif ended.user == caller.id:
        await settle_setup(session, ended, given, services.now())
    else:
        raise UnknownAccount  # who proves a payment method proves their own


def _provider(services: Services) -> DummyPayment:
    """Raises 503 without a provider, 501 for one that is not there yet."""
    payment = services.settings.payment
    if payment.dummy is not None:
        return payment.dummy
    if payment.stripe is not None:
        raise PaymentRefused(501, "not_implemented", "Payments through Stripe are not taken yet")
    raise PaymentRefused(503, "no_provider", "No payment provider is configured: set payment.dummy")


def _check(body: AutoTopupRequest) -> None:
    if body.threshold < 0:
        raise PaymentRefused(400, "invalid", "threshold must not be negative")
    if body.amount <= 0:
        raise PaymentRefused(400, "invalid", "amount must be greater than zero")
    if body.monthly_limit is not None and body.monthly_limit <= 0:
        raise PaymentRefused(400, "invalid", "monthly_limit must be greater than zero")
