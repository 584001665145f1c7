"""Delivers messages, on the one host that leads: to each webhook one after another, to many at once.

At least once: a message whose answer is not stored, because we died, is sent again with the same `webhook-id`.
"""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime, timedelta

import structlog

from control_layer.contract.sealing import CannotOpen
from control_layer.contract.supervision import Sample
from control_layer.control.errors import ControlError
from control_layer.control.mail.letter import Letter
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.control.users.queries import find_user
from control_layer.control.webhooks.events import instant
from control_layer.control.webhooks.queries import Due, claim_due
from control_layer.control.webhooks.schedule import MAX_FAILURES, after_attempt
from control_layer.control.webhooks.sending import Attempt, Sender
from control_layer.control.webhooks.signature import headers_of
from control_layer.store.authorship import Author
from control_layer.store.tables import Webhook, WebhookDelivery

__all__ = ["WebhookWorker"]

_log = structlog.get_logger(__name__)
_LOOK_SECONDS = 1.0
_AUTHOR = Author.system("webhooks")


class WebhookWorker:
    """One per host. Two that look at once do no harm."""

    def __init__(self, services: Services) -> None:
        settings = services.settings.background_services.notifications.webhooks
        seconds = settings.timeout.total_seconds()
        self._services = services
        self._settings = settings
        self._sender = Sender(
            timeout_seconds=seconds,
            allow_private=settings.allow_private_addresses,
            ca_file=services.settings.gateway.ca_bundle,
        )
        self._lease = timedelta(seconds=2 * seconds + 30)
        """Who dies with a message in hand is over with it by then."""
        self._running: dict[uuid.UUID, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._outcomes = {"delivered": 0, "failed": 0}

    async def run(self) -> None:
        """Delivers as long as this host leads. The database may be away at any time."""
        if not self._settings.enabled:
            return
        try:
            while True:
                self._wake.clear()
                try:
                    await self.begin_due()
                except ControlError as error:
                    _log.warning("step_failed", step="webhooks", reason=error.message, retry_seconds=_LOOK_SECONDS)
                await self._rest()
        finally:
            tasks = [*self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def samples(self) -> list[Sample]:
        """The worker's part of the metrics."""
        what = "Attempts to deliver a message to a webhook."
        return [
            Sample("control_layer_webhook_attempts_total", "counter", what, {"outcome": outcome}, count)
            for outcome, count in self._outcomes.items()
        ]

    async def _rest(self) -> None:
        """Until a message has gone, or a while has passed."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    async def begin_due(self) -> list[asyncio.Task[None]]:
        """Begins with what is due and has room; the tasks. Raises `ControlError`."""
        room = self._settings.concurrency - len(self._running)
        if room <= 0:
            return []
        now = self._services.now()
        async with transaction(self._services) as session:
            due = await claim_due(session, now=now, busy=self._running, limit=room, until=now + self._lease)
        for message in due:
            task = asyncio.create_task(self._deliver(message), name=f"webhook-{message.id}")
            self._running[message.webhook_id] = task
        return [self._running[message.webhook_id] for message in due]

    async def _deliver(self, due: Due) -> None:
        try:
            attempt = await self._attempt(due)
            self._outcomes["delivered" if attempt.delivered else "failed"] += 1
            await self._store(due, attempt)
        except ControlError as error:
            _log.warning("webhook_outcome_not_stored", delivery=str(due.id), reason=error.message)
        except Exception:  # noqa: BLE001 - the next message is somebody else's; this one is sent again
            _log.error("webhook_failed", delivery=str(due.id), exc_info=True)
        finally:
            del self._running[due.webhook_id]
            self._wake.set()

    async def _attempt(self, due: Due) -> Attempt:
        try:
            secret = self._services.webhook_secrets.open(due.sealed_secret, str(due.webhook_id))
        except CannotOpen:
            return Attempt(None, "the webhook's secret cannot be read any more; rotate it", 0)
        body = due.body.encode()
        headers = headers_of(secret, str(due.id), body, int(self._services.now().timestamp()))
        return await self._sender.send(due.url, body, headers)

    async def _store(self, due: Due, attempt: Attempt) -> None:
        now = self._services.now()
        outcome = after_attempt(due.attempts + 1, delivered=attempt.delivered, now=now)
        noted = {
            "at": instant(now),
            "status": attempt.status,
            "error": attempt.error,
            "duration_ms": attempt.milliseconds,
        }
        async with transaction(self._services, _AUTHOR) as session:
            webhook = await session.get(Webhook, due.webhook_id, with_for_update={"key_share": True})
            delivery = await session.get(WebhookDelivery, due.id, with_for_update=True)
            if webhook is None or delivery is None:
                return  # erased meanwhile
            delivery.attempts = [*delivery.attempts, noted]
            delivery.state = outcome.state
            if outcome.next_attempt_at is None:
                delivery.ended_at = now
            else:
                delivery.next_attempt_at = outcome.next_attempt_at
            webhook.failures = 0 if attempt.delivered else webhook.failures + 1
            gives_up = webhook.enabled and webhook.failures >= MAX_FAILURES
            if gives_up:
                webhook.enabled, webhook.disabled_at, webhook.updated_at = False, now, now
            owner = await find_user(session, webhook.user_id) if gives_up else None
        if gives_up:
            _log.warning("webhook_disabled", webhook=str(due.webhook_id), failures=MAX_FAILURES)
        if owner is not None:
            letter = _letter(self._services, owner.email, webhook, attempt)
            self._services.errands.add("webhook-disabled-mail", lambda: self._send(letter, now))

    async def _send(self, letter: Letter, now: datetime) -> None:
        await self._services.post.deliver(letter, now)


def _letter(services: Services, to: str, webhook: Webhook, last: Attempt) -> Letter:
    title, home = services.settings.metadata.title, services.settings.dashboard_url.rstrip("/")
    named = f"“{webhook.description}”" if webhook.description else f"with the id {webhook.id}"
    reason = last.error or f"last with status {last.status}"
    return Letter(
        kind="webhook_disabled",
        to=to,
        subject=f"A webhook of yours at {title} was disabled",
        paragraphs=(
            f"Your webhook {named} at {title} ({home}) is disabled: {MAX_FAILURES} failures in a row ({reason}).",
            "When its receiver works again, enable the webhook: what waits for it is sent then.",
        ),
    )
