"""An account has less than its owner wants to hear of (`low_balance_threshold`)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.alerts.observation import Look, Observation, Subject, Verdict
from control_layer.control.money import plain
from control_layer.control.transactions.balances import balances_of
from control_layer.control.users.queries import visible
from control_layer.settings import Alerts
from control_layer.store.tables import NIL, User

__all__ = ["LOW_BALANCE", "LowBalanceKind"]

LOW_BALANCE = "low_balance"
_PAGE = 500


class LowBalanceKind:
    """Compares balances with thresholds. Whoever has taken theirs back has nothing to hear of."""

    name = LOW_BALANCE

    def enabled(self, settings: Alerts) -> bool:
        return settings.low_balance.enabled

    async def observe(self, session: AsyncSession, look: Look) -> Sequence[Observation]:
        found: dict[str, Observation] = {}
        after = NIL
        while True:
            accounts = await _accounts(session, after)
            balances = await balances_of(session, [account.id for account in accounts])
            for account in accounts:
                observation = _observation(account, balances[account.id])
                if observation.verdict is Verdict.FIRING:
                    found[observation.subject.id] = observation
            if len(accounts) < _PAGE:
                break
            after = accounts[-1].id
        over = [_over(subject) for subject in look.open if subject not in found]
        return [*found.values(), *over]


async def _accounts(session: AsyncSession, after: uuid.UUID) -> Sequence[User]:
    statement = (
        select(User)
        .where(User.id > after, User.low_balance_threshold.is_not(None), User.disabled_at.is_(None), visible())
        .order_by(User.id)
        .limit(_PAGE)
    )
    return (await session.execute(statement)).scalars().all()


def _observation(account: User, balance: Decimal) -> Observation:
    # By its shortest text: the column is a float, and 0.1 means 0.1.
    threshold = Decimal(str(account.low_balance_threshold))
    return Observation(
        subject=Subject(id=str(account.id), name=account.username, user_id=account.id),
        verdict=Verdict.FIRING if balance < threshold else Verdict.QUIET,
        summary=f"The account {account.username} has {plain(balance)} credits, less than {plain(threshold)}",
        measured={"balance": plain(balance), "threshold": plain(threshold)},
    )


def _over(subject: str) -> Observation:
    return Observation(subject=Subject(id=subject, name=""), verdict=Verdict.QUIET, summary="", measured={})
