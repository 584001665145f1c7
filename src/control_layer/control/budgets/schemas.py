"""The budget object and the bodies that make and change it."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from control_layer.contract.snapshot import Enforcement
from control_layer.contract.windows import Period
from control_layer.control.budgets.spending import Spending
from control_layer.control.money import Money
from control_layer.control.schema import Flag, Input, Output
from control_layer.control.scopes import Scope, scope_of
from control_layer.store import tables

__all__ = ["Budget", "BudgetChanges", "NewBudget"]

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Threshold = Annotated[Decimal, Field(gt=0, le=10, max_digits=6, decimal_places=4)]
_Thresholds = Annotated[list[_Threshold], Field(max_length=10, examples=[["0.8", "1"]])]


class NewBudget(Input):
    """A budget to be made."""

    name: Annotated[_Name, Field(examples=["Research, monthly"])]
    """What errors and alerts call it."""
    scope: Scope
    """Whose requests count: those made with a key, by a user, by all members of a group together, or to a model."""
    scope_id: uuid.UUID
    """The id of the key, user, group or model. The Everyone group makes a budget for the whole instance."""
    amount: Annotated[Decimal, Field(examples=["250.00"])]
    """What may be spent in a period; more than zero."""
    period: Period
    """`total` never starts anew. Calendar periods are those of UTC; a week begins on Monday."""
    rolling: Flag = False
    """Any stretch of the period's length instead of calendar days, weeks or months (of 30 days)."""
    enforcement: Enforcement = "hard"
    """`hard`: a request is let in only if the most it can cost is left, so that the budget is never passed. `spent`:
    requests are refused once the budget is spent. `alert`: nothing is refused."""
    alert_thresholds: _Thresholds = Field([Decimal("0.8"), Decimal("0.95"), Decimal(1)])
    """Fractions of the amount at which people are told, once in each period; none where it is empty."""


class BudgetChanges(Input):
    """What changes in a budget. Absent and null keep; scope and period stay what they are."""

    name: _Name | None = None
    amount: Decimal | None = None
    enforcement: Enforcement | None = None
    alert_thresholds: _Thresholds | None = None
    reset_window: Flag | None = None
    """`true`: what has been spent until now does not count any more."""


class Budget(Output):
    """A budget, and how much of it is spent."""

    id: uuid.UUID
    name: str
    scope: Scope
    scope_id: uuid.UUID
    scope_name: str | None
    """What the key, group or model is called; of a user, the e-mail address."""
    amount: Money
    period: Period
    rolling: bool
    enforcement: Enforcement
    alert_thresholds: list[Money]
    spent: Money
    """In the present period, as far as it is recorded: a second or so behind."""
    set_aside: Money
    """On loan to gateways for requests under way and to come. Comes back when it is not needed."""
    requests: int
    """How many requests were counted in the present period."""
    period_start: datetime
    resets_at: datetime | None
    """When the period ends; null where it never does. Of a rolling period: when its oldest part does not count any
    more."""
    created_by: uuid.UUID
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: tables.Budget, spending: Spending, scope_name: str | None) -> Budget:
        """The object of a row."""
        scope, scope_id = scope_of(row)
        return cls(
            id=row.id,
            name=row.name,
            scope=scope,
            scope_id=scope_id,
            scope_name=scope_name,
            amount=row.amount,
            period=row.period,
            rolling=row.rolling,
            enforcement=row.enforcement,
            alert_thresholds=row.alert_thresholds,
            spent=spending.spent,
            set_aside=spending.set_aside,
            requests=spending.requests,
            period_start=spending.since,
            resets_at=spending.until,
            created_by=row.created_by,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
