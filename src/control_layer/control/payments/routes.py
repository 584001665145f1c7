"""Paying, proving a payment method, and topping up by itself (§4.11)."""

from __future__ import annotations

import uuid
from typing import Any

import structlog
from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from control_layer.control.access import public, signed_in
from control_layer.control.errors import Bare, Conflict, ControlError
from control_layer.control.payments.provider import (
    Account,
    BadSignature,
    MalformedSession,
    NotPaid,
    Paid,
    PaymentProvider,
    Proven,
    ProviderFailed,
    Purchase,
    UnknownSession,
    WebhooksNotSent,
)
from control_layer.control.payments.refusal import REFUSALS, PaymentRefused
from control_layer.control.payments.schemas import AutoTopup, AutoTopupRequest, Done, NoPaymentMethod, Redirection
from control_layer.control.payments.settlement import UnknownAccount, settle
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database, Served, transaction
from control_layer.control.route import MAX_BODY_BYTES, ControlRoute
from control_layer.control.services import Services
from control_layer.control.users.queries import find_user
from control_layer.store.authorship import Author
from control_layer.store.tables import User

__all__ = ["router"]

_API = "/admin/api/v1"
_log = structlog.get_logger(__name__)
_SIGNED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The event, as the provider signed it in `stripe-signature`.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}
router = APIRouter(tags=["payments"], route_class=ControlRoute, responses=REFUSALS)


@router.post(f"{_API}/payments")
@signed_in
async def pay(session: Database, caller: Caller, services: Served, creditee_id: uuid.UUID | None = None) -> Redirection:
    """Begins a payment, for the caller's account or somebody else's."""
    provider = _provider(services)
    payer = await _payer(session, caller)
    creditee = payer if creditee_id is None else await find_user(session, creditee_id)
    if creditee is None:
        raise PaymentRefused(400, "invalid_reference", "There is no account with this creditee_id")
    if creditee.invoicing_enabled:
        raise Conflict("This account pays by invoice")
    purchase = Purchase(payer=_account(payer), creditee=creditee.id, named_creditee=creditee_id is not None)
    await session.commit()  # nobody's connection waits for a provider
    try:
        return Redirection(url=await provider.begin_payment(purchase))
    except ProviderFailed as error:
        raise _failed(error) from error


@router.post(f"{_API}/payments/setup")
@signed_in
async def set_up(session: Database, caller: Caller, services: Served) -> Redirection:
    """Begins to prove a payment method without a charge."""
    provider = _provider(services)
    account = _account(await _payer(session, caller))
    await session.commit()
    try:
        return Redirection(url=await provider.begin_setup(account))
    except ProviderFailed as error:
        raise _failed(error) from error


@router.patch(f"{_API}/payments/{{session_id}}")
@signed_in
async def finish(session_id: str, session: Database, caller: Caller, services: Served) -> Done:
    """Books what was paid; once, however often it is called."""
    provider = _provider(services)
    await session.commit()
    try:
        told = await provider.finished(session_id)
        _check_own(told, caller)
        await settle(session, told, services.settings.credits, services.now())
    except MalformedSession:
        raise PaymentRefused(400, "invalid_session", "This is not the id of a payment session") from None
    except NotPaid:
        raise PaymentRefused(402, "not_paid", "This session is not paid yet: finish it in the browser first") from None
    except (UnknownSession, UnknownAccount):
        raise Bare(404, "not_found", "There is no such payment session") from None
    except ProviderFailed as error:
        raise _failed(error) from error
    return Done(message="Payment processed successfully")


@router.post(f"{_API}/billing-portal")
@signed_in
async def portal(session: Database, caller: Caller, services: Served) -> Redirection:
    """Where the caller's payment methods are looked after."""
    provider = _provider(services)
    customer = (await _payer(session, caller)).payment_provider_id
    if customer is None:
        raise Bare(400, "no_customer", "This account has no payment method yet: begin with POST /payments/setup")
    await session.commit()
    try:
        return Redirection(url=await provider.portal(customer))
    except ProviderFailed as error:
        raise _failed(error) from error


@router.post(f"{_API}/auto-topup/enable")
@signed_in
async def enable_auto_topup(
    body: AutoTopupRequest, session: Database, caller: Caller, services: Served
) -> AutoTopup | NoPaymentMethod:
    """Buys credits by itself from now on, if there is a payment method to take the money from."""
    provider = _provider(services)
    _check(body)
    account = _account(await _payer(session, caller))
    await session.commit()
    try:
        customer = await provider.customer_of(account)
        chargeable = await provider.can_charge(customer)
    except ProviderFailed as error:
        raise _failed(error) from error
    user = await _payer(session, caller, lock=True)
    user.payment_provider_id = user.payment_provider_id or customer
    user.updated_at = services.now()
    if not chargeable:
        return NoPaymentMethod(needs_billing_portal=True, reason="No payment method is stored for this account")
    user.auto_topup_threshold = body.threshold
    user.auto_topup_amount = body.amount
    user.auto_topup_monthly_limit = body.monthly_limit
    return AutoTopup(
        has_payment_method=True, threshold=body.threshold, amount=body.amount, monthly_limit=body.monthly_limit
    )


@router.post(f"{_API}/auto-topup/disable")
@signed_in
async def disable_auto_topup(session: Database, caller: Caller, services: Served) -> Done:
    """Buys nothing by itself any more."""
    user = await _payer(session, caller, lock=True)
    user.auto_topup_threshold = user.auto_topup_amount = user.auto_topup_monthly_limit = None
    user.updated_at = services.now()
    return Done(message="Auto top-up disabled")


@router.post("/webhooks/payments", status_code=200, openapi_extra=_SIGNED)
@public
async def webhook(request: Request, services: Served) -> Response:
    """What the payment provider reports. What was told before, and what concerns nobody here, is fine."""
    if services.payments is None:
        raise _no_webhooks()
    body = await _body(request)
    try:
        told = services.payments.reported(body, request.headers.get("stripe-signature"))
    except WebhooksNotSent:
        raise _no_webhooks() from None
    except BadSignature:
        raise ControlError(400, "bad_signature", "The signature is missing, wrong or too old") from None
    if told is None:
        return Response()
    try:
        async with transaction(services, Author.system("payment-webhook")) as session:
            await settle(session, told, services.settings.credits, services.now())
    except UnknownAccount:
        _log.error("payment_for_unknown_account", session=getattr(told, "source_id", None))
    except ControlError as error:
        # Whatever the reason is, the provider shall tell us again.
        raise ControlError(500, error.code, error.message) from error
    return Response()


async def _payer(session: AsyncSession, caller: Principal, *, lock: bool = False) -> User:
    user = await find_user(session, caller.id, lock=lock)
    if user is None:
        raise Bare(404, "not_found", "This account is gone")
    return user


def _account(user: User) -> Account:
    return Account(id=user.id, email=user.email, customer=user.payment_provider_id)


def _provider(services: Services) -> PaymentProvider:
    """Raises 503 without one."""
    if services.payments is None:
        raise PaymentRefused(503, "no_provider", "No payment provider is configured: set payment.stripe")
    return services.payments


def _check_own(told: Paid | Proven, caller: Principal) -> None:
    """Who proves a payment method proves their own. Raises `UnknownAccount`."""
    if isinstance(told, Proven) and told.user != caller.id:
        raise UnknownAccount


def _failed(error: ProviderFailed) -> PaymentRefused:
    del error  # it is in the log
    return PaymentRefused(500, "provider_failed", "The payment provider could not be asked; try again shortly")


def _no_webhooks() -> ControlError:
    return ControlError(501, "not_implemented", "No payment provider that sends webhooks is configured")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ControlError(413, "body_too_large", f"The request body is larger than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _check(body: AutoTopupRequest) -> None:
    if body.threshold < 0:
        raise PaymentRefused(400, "invalid", "threshold must not be negative")
    if body.amount <= 0:
        raise PaymentRefused(400, "invalid", "amount must be greater than zero")
    if body.monthly_limit is not None and body.monthly_limit <= 0:
        raise PaymentRefused(400, "invalid", "monthly_limit must be greater than zero")
