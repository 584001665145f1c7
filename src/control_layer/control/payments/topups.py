"""Buys credits for accounts that agreed to it, on the one host that leads.

A purchase is stored before the provider is asked, and its id is the idempotency key: whoever dies in between, and
however often the provider is asked again, money is taken once. What is bought is booked together with its end.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

import structlog

from control_layer.control.led_work import repeatedly
from control_layer.control.mail.letter import Letter
from control_layer.control.money import plain
from control_layer.control.payments.provider import (
    Account,
    Charge,
    Charged,
    ChargeDeclined,
    Paid,
    PaymentProvider,
    ProviderFailed,
)
from control_layer.control.payments.settlement import settle
from control_layer.control.payments.topup_queries import (
    declines_in_a_row,
    earlier_topups,
    pending_topups,
    topup_accounts,
)
from control_layer.control.payments.topup_terms import MAX_DECLINES, Terms, Wait, decide
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.control.transactions.balances import balance_of, balances_of
from control_layer.control.users.queries import find_user
from control_layer.store.authorship import Author
from control_layer.store.tables import NIL, AutoTopup, User

__all__ = ["AutoTopups"]

_log = structlog.get_logger(__name__)
_LOOK_SECONDS = 30.0
_PAGE = 200
_AUTHOR = Author.system("auto-topup")


class AutoTopups:
    """One per host. Two that look at once do no harm."""

    def __init__(self, services: Services, provider: PaymentProvider) -> None:
        self._services = services
        self._provider = provider

    async def run(self) -> None:
        """Buys as long as this host leads."""
        await repeatedly(self.step, name="auto-topup", every_seconds=_LOOK_SECONDS)

    async def step(self) -> None:
        """Looks at every account once, and brings what was begun to its end. Raises `ControlError`."""
        await self._begin_due()
        async with transaction(self._services) as session:
            pending = await pending_topups(session)
        for topup, user in pending:
            await self._carry_on(topup, user)

    async def _begin_due(self) -> None:
        after = NIL
        while True:
            async with transaction(self._services) as session:
                users = await topup_accounts(session, after, _PAGE)
                ids = [user.id for user in users]
                balances, earlier = await balances_of(session, ids), await earlier_topups(session, ids, self._now())
            for user in users:
                due = decide(_terms(user), balances[user.id], earlier.get(user.id, ()), self._now())
                if not isinstance(due, Wait):
                    await self._begin(user.id)
            if len(users) < _PAGE:
                return
            after = users[-1].id

    async def _begin(self, user_id: uuid.UUID) -> None:
        """Decides once more, now that nobody else changes the account, and stores the purchase."""
        async with transaction(self._services, _AUTHOR) as session:
            user = await find_user(session, user_id, lock=True)
            if user is None or user.auto_topup_threshold is None or user.auto_topup_amount is None:
                return
            earlier = (await earlier_topups(session, [user_id], self._now())).get(user_id, ())
            amount = decide(_terms(user), await balance_of(session, user_id), earlier, self._now())
            if not isinstance(amount, Wait):
                session.add(AutoTopup(id=uuid.uuid4(), user_id=user_id, amount=amount, created_at=self._now()))

    async def _carry_on(self, topup: AutoTopup, user: User | None) -> None:
        if user is None:
            await self._declined(topup, "account_deleted")
            return
        async with transaction(self._services, _AUTHOR) as session:
            row = await session.get_one(AutoTopup, topup.id)
            row.attempts += 1
        account = Account(id=user.id, email=user.email, customer=user.payment_provider_id)
        charge = Charge(
            id=topup.id,
            account=account,
            amount=topup.amount,
            begun_at=topup.created_at,
            asked_before=topup.attempts > 0,
        )
        try:
            charged = await self._provider.charge(charge)
        except ChargeDeclined as error:
            await self._declined(topup, str(error))
        except ProviderFailed as error:
            _log.warning("auto_topup_delayed", topup=str(topup.id), reason=str(error), retry_seconds=_LOOK_SECONDS)
        else:
            if charged is not None:
                await self._succeeded(topup, charged)

    async def _succeeded(self, topup: AutoTopup, charged: Charged) -> None:
        paid = Paid(
            source_id=f"auto-topup:{topup.id}",
            creditee=topup.user_id,
            payer=topup.user_id,
            amount=charged.amount,
            description="Automatic top-up",
        )
        async with transaction(self._services, _AUTHOR) as session:
            await settle(session, paid, self._services.settings.credits, self._now())
            row = await session.get_one(AutoTopup, topup.id, with_for_update=True)
            row.state, row.charge_id, row.amount, row.ended_at = "succeeded", charged.id, charged.amount, self._now()
        _log.info("auto_topup_succeeded", topup=str(topup.id))

    async def _declined(self, topup: AutoTopup, reason: str) -> None:
        """Notes it and tells the account's person. After a few in a row nothing is bought any more."""
        async with transaction(self._services, _AUTHOR) as session:
            user = await find_user(session, topup.user_id, lock=True)
            row = await session.get_one(AutoTopup, topup.id, with_for_update=True)
            if row.state != "pending":
                return  # another host that led knows already
            row.state, row.error, row.ended_at = "failed", reason, self._now()
            await session.flush()
            gives_up = await declines_in_a_row(session, topup.user_id) >= MAX_DECLINES
            if user is not None and gives_up:
                user.auto_topup_threshold = user.auto_topup_amount = user.auto_topup_monthly_limit = None
                user.updated_at = self._now()
        _log.warning("auto_topup_declined", topup=str(topup.id), reason=reason, switched_off=gives_up)
        if user is not None:
            letter = _letter(self._services, user, topup.amount, gives_up=gives_up)
            self._services.errands.add("auto-topup-mail", lambda: self._send(letter))

    async def _send(self, letter: Letter) -> None:
        await self._services.post.deliver(letter, self._now())

    def _now(self) -> datetime:
        return self._services.now()


def _terms(user: User) -> Terms:
    """By their shortest text: the columns are floats, and 0.1 means 0.1."""
    limit = user.auto_topup_monthly_limit
    return Terms(
        threshold=Decimal(str(user.auto_topup_threshold)),
        amount=Decimal(str(user.auto_topup_amount)),
        monthly_limit=None if limit is None else Decimal(str(limit)),
    )


def _letter(services: Services, user: User, amount: Decimal, *, gives_up: bool) -> Letter:
    title, home = services.settings.metadata.title, services.settings.dashboard_url.rstrip("/")
    then = "Automatic top-ups are switched off now, because it was not the first time." if gives_up else ""
    what = f"An automatic purchase of {plain(amount)} credits for your account at {title} ({home}) was declined."
    return Letter(
        kind="auto_topup_declined",
        to=user.email,
        subject=f"Automatic top-up declined at {title}",
        paragraphs=(
            f"{what} {then or 'It is tried again in a day.'}",
            f"To go on, look after your payment method under {home}/cost-management.",
        ),
    )
