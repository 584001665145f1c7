"""Which models cost credits, and when what they cost changes by itself (§4.5.9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Numeric, Text, bindparam, cast, extract, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from control_layer.store.tables import CachePricing, Model, Tariff

__all__ = ["Turns", "is_priced", "read_turns"]


def is_priced() -> ColumnElement[bool]:
    """Whether a tariff of the model's that is in force has a price, be it for show: without credit nobody may call it.

    Of a composite model its own tariffs count, as they do for what requests cost.
    """
    in_force = Tariff.valid_from <= func.now(), or_(Tariff.valid_until.is_(None), Tariff.valid_until > func.now())
    # Every number that a tariff holds is a price, or null.
    some_price = func.greatest(*(price for price in Tariff.__table__.columns if isinstance(price.type, Numeric))) > 0
    return select(Tariff.id).where(Tariff.model_id == Model.id, *in_force, some_price).exists()


@dataclass(frozen=True, slots=True)
class Turns:
    """Beginnings and ends of tariffs and cache pricings, as time passes them."""

    moment: datetime
    """When this was read, by the database's clock."""
    models: frozenset[str]
    """Ids of the models of which one has begun or ended since the reading before."""
    seconds_to_next: float | None
    """`None` where no further beginning or end is set."""


_ends = union_all(
    *(
        select(terms.model_id, end.label("at"))
        for terms in (Tariff, CachePricing)
        for end in (terms.valid_from, terms.valid_until)
    )
).subquery("ends")
_TURNS = select(
    func.now(),
    func.array_agg(cast(_ends.c.model_id, Text)).filter(_ends.c.at <= func.now()),
    extract("epoch", func.min(_ends.c.at).filter(_ends.c.at > func.now()) - func.now()),
).where(_ends.c.at > bindparam("since", type_=DateTime(timezone=True)), func.isfinite(_ends.c.at))


async def read_turns(connection: AsyncConnection, since: datetime) -> Turns:
    """The turns after `since`, the `moment` of the reading before: none is missed, and none is early."""
    row: tuple[Any, ...] = (await connection.execute(_TURNS, {"since": since})).one()
    moment, models, seconds = row
    return Turns(moment, frozenset(models or ()), None if seconds is None else float(seconds))
