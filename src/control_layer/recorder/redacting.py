"""Bodies are redacted by the rules that hold when they are recorded: nothing else of them reaches the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import msgspec
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from control_layer.recorder.rows import BodyRow
from control_layer.redaction import BUILT_IN, InvalidRule, Redacted, Redactor, Rule, wording
from control_layer.store.tables import RedactionRule

__all__ = ["Redacting", "rule_of"]

_log = structlog.get_logger(__name__)
_MOST_WORDS = 200_000
"""Bytes of each body: Postgres takes a megabyte of different words."""
_ENABLED = (
    select(RedactionRule.name, RedactionRule.pattern, RedactionRule.replacement)
    .where(RedactionRule.enabled)
    .order_by(RedactionRule.created_at, RedactionRule.id)
)


def rule_of(name: str, pattern: str | None, replacement: str) -> Rule:
    """A row's rule. Raises `InvalidRule` for a rule without a pattern that this version does not bring."""
    if pattern is not None:
        return Rule(name, pattern, replacement)
    ours = BUILT_IN.get(name)
    if ours is None:
        raise InvalidRule(f"there is no rule '{name}' in this version")
    return Rule(name, ours.pattern, replacement, ours.narrow)


class Redacting:
    """Applies the rules in the database to bodies."""

    def __init__(self, *, searchable: bool = False) -> None:
        """With `searchable`, the words of what is left of a body go with it."""
        self._searchable = searchable
        self._rules: Sequence[tuple[str, str | None, str]] = ()
        self._redactor = Redactor(())
        self.found: Counter[str] = Counter(dict.fromkeys(BUILT_IN, 0))
        """What each rule has found."""

    async def of(self, connection: AsyncConnection, bodies: Sequence[BodyRow]) -> list[BodyRow]:
        """`bodies`, redacted. Raises SQLAlchemy's errors."""
        rules = [(name, pattern, by) for name, pattern, by in await connection.execute(_ENABLED)]
        if rules != self._rules:
            self._redactor = await asyncio.to_thread(_redactor, rules)
            self._rules = rules
        redacted, found = await asyncio.to_thread(_redacted, self._redactor, bodies, searchable=self._searchable)
        self.found.update(found)
        return redacted


def _redactor(rows: Sequence[tuple[str, str | None, str]]) -> Redactor:
    rules: list[Rule] = []
    for row in rows:
        try:
            Redactor([rule := rule_of(*row)])
        except InvalidRule as error:  # of another version, or written past the API
            _log.error("redaction_rule_not_usable", rule=row[0], problem=str(error))
        else:
            rules.append(rule)
    return Redactor(rules)


def _redacted(redactor: Redactor, bodies: Sequence[BodyRow], *, searchable: bool) -> tuple[list[BodyRow], Counter[str]]:
    rows, found = [], Counter[str]()
    for body in bodies:
        try:
            request, response = redactor.redact(body.request), redactor.redact(body.response)
            asked_with = _headers(redactor, body.request_headers)
            answered_with = _headers(redactor, body.response_headers)
            said = _said(request.body, response.body) if searchable else None
        except Exception as error:  # noqa: BLE001 - what was used must be recorded, whatever is wrong with a body
            _log.error("body_not_redacted", request=str(body.request_id), error=repr(error), consequence="not kept")
            continue
        here = request.found + response.found + asked_with.found + answered_with.found
        found += here
        rows.append(
            body._replace(
                request=request.body,
                response=response.body,
                request_headers=asked_with.body.decode() or None,
                response_headers=answered_with.body.decode() or None,
                redacted=msgspec.json.encode(here).decode() if here else None,
                said=said,
            )
        )
    return rows, found


def _headers(redactor: Redactor, headers: str | None) -> Redacted:
    return redactor.redact((headers or "").encode())


def _said(*bodies: bytes) -> str:
    return "\n".join(wording(body, most=_MOST_WORDS) for body in bodies)
