"""`/users/{user_id}/webhooks` (§4.19), and what was delivered to them, which is ours."""

from __future__ import annotations

import secrets
import uuid
from typing import Literal

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import signed_in
from control_layer.control.errors import Conflict, ControlError, forbidden, invalid, not_found
from control_layer.control.paging import Page, Paging
from control_layer.control.people import Owner
from control_layer.control.permissions import Operation, Resource, Role
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.services import Services
from control_layer.control.users.queries import find_staying_user, find_user
from control_layer.control.webhooks import queries
from control_layer.control.webhooks.address import checked_url
from control_layer.control.webhooks.events import EVENTS, Scope
from control_layer.control.webhooks.schemas import Delivery, NewWebhook, Webhook, WebhookChanges, WebhookWithSecret
from control_layer.control.webhooks.signature import SECRET_BYTES, secret_of
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/users/{user_id}/webhooks", tags=["webhooks"], route_class=ControlRoute)
_MAX_WEBHOOKS = 50


@router.get("")
@signed_in
async def list_(user_id: Owner, session: Database, caller: Caller) -> list[Webhook]:
    """An account's webhooks, newest first, without their secrets."""
    caller.require_on(Operation.READ, Resource.WEBHOOKS, user_id)
    if await find_user(session, user_id) is None:
        raise not_found("User", user_id)
    return [Webhook.of(row) for row in await queries.list_webhooks(session, user_id)]


@router.post("", status_code=201)
@signed_in
async def create(
    user_id: Owner, body: NewWebhook, session: Database, caller: Caller, services: Served
) -> WebhookWithSecret:
    """Makes a webhook. This answer is the only one that shows its secret."""
    caller.require_on(Operation.CREATE, Resource.WEBHOOKS, user_id)
    scope = _checked_scope(body.scope)
    event_types = _checked_events(body.event_types, scope)
    url = checked_url(body.url, allow_private=_allows_private(services))
    owner = await find_staying_user(session, user_id)
    if owner is None:
        raise not_found("User", user_id)
    if scope == "platform":
        _require_manager(caller)
        if not (owner.is_admin or Role.PLATFORM_MANAGER in owner.roles):
            raise _not_a_manager()
    if await queries.count_webhooks(session, user_id) >= _MAX_WEBHOOKS:
        raise Conflict(f"An account can have {_MAX_WEBHOOKS} webhooks; delete one first")
    row = tables.Webhook(
        id=uuid.uuid4(),
        user_id=user_id,
        url=url,
        scope=scope,
        event_types=event_types,
        description=body.description,
        enabled=True,
        failures=0,
        created_at=services.now(),
        updated_at=services.now(),
    )
    secret = _give_secret(row, services)
    session.add(row)
    await session.flush()
    return WebhookWithSecret.with_secret(row, secret)


@router.get("/{webhook_id}")
@signed_in
async def read(user_id: Owner, webhook_id: uuid.UUID, session: Database, caller: Caller) -> Webhook:
    """One webhook, without its secret."""
    caller.require_on(Operation.READ, Resource.WEBHOOKS, user_id)
    return Webhook.of(await _found(session, user_id, webhook_id))


@router.patch("/{webhook_id}")
@signed_in
async def update(
    user_id: Owner, webhook_id: uuid.UUID, body: WebhookChanges, session: Database, caller: Caller, services: Served
) -> Webhook:
    """Changes a webhook. Messages that wait for it go where it points when they are sent."""
    caller.require_on(Operation.UPDATE, Resource.WEBHOOKS, user_id)
    row = await _found(session, user_id, webhook_id, lock=True)
    if row.scope == "platform":
        _require_manager(caller)
    if body.url is not None:
        row.url = checked_url(body.url, allow_private=_allows_private(services))
    if body.event_types is not None:
        row.event_types = _checked_events(body.event_types, _checked_scope(row.scope))
    if body.description is not None:
        row.description = body.description
    if body.enabled is not None:
        row.enabled = body.enabled
    if body.enabled:
        row.disabled_at, row.failures = None, 0
    row.updated_at = services.now()
    await session.flush()
    return Webhook.of(row)


@router.delete("/{webhook_id}", status_code=204)
@signed_in
async def delete(user_id: Owner, webhook_id: uuid.UUID, session: Database, caller: Caller) -> None:
    """Erases a webhook with its messages."""
    caller.require_on(Operation.DELETE, Resource.WEBHOOKS, user_id)
    await session.delete(await _found(session, user_id, webhook_id, lock=True))


@router.post("/{webhook_id}/rotate-secret")
@signed_in
async def rotate_secret(
    user_id: Owner, webhook_id: uuid.UUID, session: Database, caller: Caller, services: Served
) -> WebhookWithSecret:
    """Gives a webhook a new secret; what is sent from now on is signed with it."""
    caller.require_on(Operation.UPDATE, Resource.WEBHOOKS, user_id)
    row = await _found(session, user_id, webhook_id, lock=True)
    if row.scope == "platform":
        _require_manager(caller)
    secret = _give_secret(row, services)
    row.updated_at = services.now()
    await session.flush()
    return WebhookWithSecret.with_secret(row, secret)


@router.get("/{webhook_id}/deliveries")
@signed_in
async def list_deliveries(
    user_id: Owner,
    webhook_id: uuid.UUID,
    session: Database,
    caller: Caller,
    paging: Paging,
    state: Literal["pending", "delivered", "failed"] | None = None,
) -> Page[Delivery]:
    """What was sent to a webhook, or waits to be, newest first, with every attempt."""
    caller.require_on(Operation.READ, Resource.WEBHOOKS, user_id)
    await _found(session, user_id, webhook_id)
    rows = await queries.list_deliveries(session, webhook_id, state, paging.skip, paging.limit)
    total = await queries.count_deliveries(session, webhook_id, state)
    return Page.of([Delivery.of(row) for row in rows], total, paging)


@router.post("/{webhook_id}/deliveries/{delivery_id}/retry")
@signed_in
async def retry(
    user_id: Owner,
    webhook_id: uuid.UUID,
    delivery_id: uuid.UUID,
    session: Database,
    caller: Caller,
    services: Served,
) -> Delivery:
    """Sends a message again that was given up, or now instead of later. Its `webhook-id` stays."""
    caller.require_on(Operation.UPDATE, Resource.WEBHOOKS, user_id)
    await _found(session, user_id, webhook_id)
    row = await queries.find_delivery(session, delivery_id, webhook_id, lock=True)
    if row is None:
        raise not_found("Delivery", delivery_id)
    if row.state == "delivered":
        raise Conflict("This message has been delivered")
    row.state, row.ended_at, row.next_attempt_at = "pending", None, services.now()
    await session.flush()
    return Delivery.of(row)


async def _found(
    session: AsyncSession, user_id: uuid.UUID, webhook_id: uuid.UUID, *, lock: bool = False
) -> tables.Webhook:
    row = await queries.find_webhook(session, webhook_id, user_id, lock=lock)
    if row is None:
        raise not_found("Webhook", webhook_id)
    return row


def _give_secret(row: tables.Webhook, services: Services) -> str:
    """A new secret, sealed into the row."""
    secret = secret_of(secrets.token_bytes(SECRET_BYTES))
    row.sealed_secret = services.webhook_secrets.seal(secret, str(row.id))
    return secret


def _checked_scope(text: str) -> Scope:
    for scope in EVENTS:
        if scope == text:
            return scope
    raise invalid("scope must be 'own' or 'platform'", code="bad_scope")


def _checked_events(names: list[str] | None, scope: Scope) -> list[str] | None:
    """The names once each; `None` for all. Raises 400."""
    if names is None:
        return None
    known = sorted(EVENTS[scope])
    if not names or not set(names) <= set(known):
        message = f"event_types of scope '{scope}' are {', '.join(known)}; leave it out for all of them"
        raise invalid(message, code="bad_event_type")
    return sorted(set(names))


def _require_manager(caller: Principal) -> None:
    if not (caller.is_admin or Role.PLATFORM_MANAGER in caller.roles):
        raise _not_a_manager()


def _not_a_manager() -> ControlError:
    return forbidden(Operation.CREATE, "platform webhooks")


def _allows_private(services: Services) -> bool:
    return services.settings.background_services.notifications.webhooks.allow_private_addresses
