"""`/redaction-rules`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.errors import Conflict, ControlError, invalid, not_found
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.privacy.schemas import (
    NewRedactionRule,
    Preview,
    Previewed,
    RedactionRule,
    RedactionRuleChanges,
)
from control_layer.control.request_context import Database, Served
from control_layer.control.route import ControlRoute
from control_layer.recorder.redacting import rule_of
from control_layer.redaction import InvalidRule, Redactor, check_pattern
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/redaction-rules", tags=["privacy"], route_class=ControlRoute)

_MOST_RULES = 100
"""Every body is searched for all of them."""
_IN_ORDER = select(tables.RedactionRule).order_by(tables.RedactionRule.created_at, tables.RedactionRule.id)


@router.get("")
@needs(Operation.READ, Resource.SYSTEM)
async def list_(session: Database, paging: Paging) -> Page[RedactionRule]:
    """The rules, oldest first."""
    rows = (await session.scalars(_IN_ORDER.offset(paging.skip).limit(paging.limit))).all()
    return Page.of([RedactionRule.of(row) for row in rows], await _count(session), paging)


@router.post("", status_code=201)
@needs(Operation.CREATE, Resource.SYSTEM)
async def create(body: NewRedactionRule, session: Database) -> RedactionRule:
    """Makes a rule. It holds for what is recorded from now on; what has been kept before stays as it is."""
    _check(body.pattern)
    if await _count(session) >= _MOST_RULES:
        raise invalid(f"There are {_MOST_RULES} redaction rules already; delete one, or join two in one pattern")
    row = tables.RedactionRule(
        id=uuid.uuid4(),
        name=body.name,
        pattern=body.pattern,
        replacement=f"[{body.name}]" if body.replacement is None else body.replacement,
        enabled=body.enabled,
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return RedactionRule.of(row)


@router.post("/preview")
@needs(Operation.READ, Resource.SYSTEM)
async def preview(body: Preview, session: Database) -> Previewed:
    """Shows what would be kept of a body. Nothing of it is."""
    rows = (await session.scalars(_IN_ORDER)).all()
    wanted = [row for row in rows if row.enabled] if body.rules is None else _named(rows, body.rules)
    redactor = Redactor([rule_of(row.name, row.pattern, row.replacement) for row in wanted])
    redacted = await asyncio.to_thread(redactor.redact, body.text.encode())
    return Previewed(text=redacted.body.decode(), found=dict(redacted.found))


@router.get("/{rule_id}")
@needs(Operation.READ, Resource.SYSTEM)
async def read(rule_id: uuid.UUID, session: Database) -> RedactionRule:
    """One rule."""
    return RedactionRule.of(await _found(session, rule_id))


@router.patch("/{rule_id}")
@needs(Operation.UPDATE, Resource.SYSTEM)
async def update(rule_id: uuid.UUID, body: RedactionRuleChanges, session: Database, services: Served) -> RedactionRule:
    """Changes a rule, or switches it on or off; in force for what is recorded from now on."""
    row = await _found(session, rule_id, lock=True)
    if body.pattern is not None:
        if row.pattern is None:
            raise invalid("The pattern of this rule comes with Control Layer; switch it off and make one of your own")
        _check(body.pattern)
        row.pattern = body.pattern
    if body.replacement is not None:
        row.replacement = body.replacement
    if body.enabled is not None:
        row.enabled = body.enabled
    row.updated_at = services.now()
    await session.flush()
    return RedactionRule.of(row)


@router.delete("/{rule_id}", status_code=204)
@needs(Operation.DELETE, Resource.SYSTEM)
async def delete(rule_id: uuid.UUID, session: Database) -> None:
    """Deletes a rule of your own."""
    row = await _found(session, rule_id, lock=True)
    if row.pattern is None:
        raise Conflict("This rule comes with Control Layer and cannot be deleted; switch it off instead")
    await session.delete(row)


def _check(pattern: str) -> None:
    try:
        check_pattern(pattern)
    except InvalidRule as error:
        raise invalid(f"pattern: {error}", code="invalid_pattern") from None


def _named(rows: Sequence[tables.RedactionRule], names: Sequence[str]) -> list[tables.RedactionRule]:
    unknown = set(names) - {row.name for row in rows}
    if unknown:
        raise invalid(f"There is no redaction rule {', '.join(sorted(unknown))}", code="unknown_rule")
    return [row for row in rows if row.name in names]


async def _count(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(tables.RedactionRule))).scalar_one()


async def _found(session: AsyncSession, rule_id: uuid.UUID, *, lock: bool = False) -> tables.RedactionRule:
    statement = select(tables.RedactionRule).where(tables.RedactionRule.id == rule_id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise _unknown(rule_id)
    return row


def _unknown(rule_id: uuid.UUID) -> ControlError:
    return not_found("Redaction rule", rule_id)
