"""The guardrails in force, and which of them hold for a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import structlog

from control_layer.contract.guardrails import Guardrail, InvalidPattern
from control_layer.contract.snapshot import SYSTEM_USER, User
from control_layer.gateway.guardrails.steps import Allow, Deny, External, Rail, Redact, Step

__all__ = ["Guardrails", "Plan"]

_log = structlog.get_logger(__name__)
_MOST_PLANS = 2048
"""Of models and sets of groups. They are few where people are; past it all are worked out anew."""


class Plan:
    """What a request to one model by a member of some groups goes through."""

    __slots__ = ("answer", "broken", "first", "request", "rows")

    def __init__(
        self, rows: tuple[Guardrail, ...], request: tuple[Step, ...], answer: tuple[Step, ...], broken: str | None
    ) -> None:
        self.rows = rows
        """All that hold, in their order."""
        self.first = rows[0]
        """Named where something cannot be looked into at all."""
        self.request = request
        self.answer = answer
        self.broken = broken
        """The name of one whose pattern cannot be used here: nothing passes it."""


class Guardrails:
    """All rows; the plans made of them are kept."""

    __slots__ = ("_plans", "_rails", "_rows")

    def __init__(self, rows: Iterable[Guardrail]) -> None:
        """Patterns are compiled here and not by the first request."""
        self._rows = tuple(sorted(rows, key=lambda row: (row.position, row.id)))
        self._rails: dict[str, Rail | None] = {row.id: _rail(row) for row in self._rows if row.kind != "external"}
        self._plans: dict[tuple[str, str, tuple[str, ...]], Plan | None] = {}

    def updated(self, gone: Iterable[str], put: Iterable[Guardrail]) -> Guardrails | None:
        """The guardrails after a change; `None` where none is left."""
        rows = {row.id: row for row in self._rows}
        for row_id in gone:
            rows.pop(row_id, None)
        rows.update((row.id, row) for row in put)
        return Guardrails(rows.values()) if rows else None

    def external(self) -> Iterator[str]:
        """The ids of those that ask a service."""
        return (row.id for row in self._rows if row.kind == "external")

    def plan_for(self, called: str, answers: str, user: User) -> Plan | None:
        """What holds for a user's request, by the ids of the model that was named and the one that answers; `None`
        where nothing does. Our own probes are not checked.
        """
        known = (called, answers, user.groups)
        try:
            return self._plans[known]
        except KeyError:
            pass
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        plan = None if user.id == SYSTEM_USER else self._plan({called, answers}, frozenset(user.groups))
        self._plans[known] = plan
        return plan

    def _plan(self, models: set[str], groups: frozenset[str]) -> Plan | None:
        rows = tuple(
            row
            for row in self._rows
            if (row.models is None or not models.isdisjoint(row.models))
            and (row.groups is None or not groups.isdisjoint(row.groups))
        )
        if not rows:
            return None
        broken = next((row.name for row in rows if row.kind != "external" and self._rails[row.id] is None), None)
        return Plan(
            rows,
            tuple(self._steps(row for row in rows if row.stage != "answer")),
            tuple(self._steps(row for row in rows if row.stage != "request")),
            broken,
        )

    def _steps(self, rows: Iterable[Guardrail]) -> Iterator[Step]:
        for kind, together in groupby(rows, key=lambda row: row.kind):
            if kind == "external":
                yield from (External(row) for row in together)
                continue
            rails = [rail for row in together if (rail := self._rails[row.id]) is not None]
            if not rails:
                continue
            if kind == "deny_pattern":
                yield Deny(rails)
            elif kind == "redact":
                yield Redact(rails)
            else:
                yield from (Allow(rail) for rail in rails)


def _rail(row: Guardrail) -> Rail | None:
    try:
        return Rail(row)
    except InvalidPattern as error:
        _log.error("guardrail_unusable", guardrail=row.name, reason=str(error))
        return None
