"""SCIM filters (RFC 7644, 3.4.2.2) as SQL: what an attribute is in our tables, and what an operator makes of it.

A comparison with a missing value is unknown in SQL and false in SCIM. The two differ under `not` only, so there, and
nowhere else (indexes would be lost), unknown becomes false.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from scim2_models import InvalidFilterException, Resource, ScimFilter
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)
from sqlalchemy import ColumnElement, SQLColumnExpression, and_, false, func, literal, not_, or_, true

from control_layer.control.scim.findings import refusing

__all__ = ["Attributes", "Flag", "Identifier", "Moment", "Rows", "Text", "condition"]

Field = tuple[str, str | None]
"""Python names of an attribute and its sub-attribute."""


class Column(Protocol):
    """A single-valued attribute."""

    def compare(self, operator: CompareOperator, value: Any) -> ColumnElement[bool]:
        """The comparison. Raises `InvalidFilterException` where the attribute does not take the operator."""

    def present(self) -> ColumnElement[bool]:
        """Whether there is a value."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string; `exact` where case matters."""

    column: SQLColumnExpression[Any]
    exact: bool = False

    def compare(self, operator: CompareOperator, value: Any) -> ColumnElement[bool]:
        if value is None:
            return _compare_null(self.column, operator)
        text = str(value)
        match operator:
            case CompareOperator.co:
                return self._like("contains", text)
            case CompareOperator.sw:
                return self._like("startswith", text)
            case CompareOperator.ew:
                return self._like("endswith", text)
            case _ if self.exact:
                return _order(self.column, operator, literal(text))
            case _:
                return _order(func.lower(self.column), operator, func.lower(text))

    def present(self) -> ColumnElement[bool]:
        return and_(self.column.is_not(None), self.column != "")

    def _like(self, kind: str, text: str) -> ColumnElement[bool]:
        method = getattr(self.column, kind if self.exact else f"i{kind}")
        found: ColumnElement[bool] = method(text, autoescape=True)
        return found


@dataclass(frozen=True, slots=True)
class Identifier:
    """An id of ours."""

    column: SQLColumnExpression[Any]

    def compare(self, operator: CompareOperator, value: Any) -> ColumnElement[bool]:
        if operator not in (CompareOperator.eq, CompareOperator.ne):
            raise InvalidFilterException(detail="An id can be compared with 'eq' and 'ne' only")
        try:
            found: ColumnElement[bool] = self.column == uuid.UUID(value) if isinstance(value, str) else false()
        except ValueError:
            found = false()
        return found if operator is CompareOperator.eq else not_(found)

    def present(self) -> ColumnElement[bool]:
        return true()


@dataclass(frozen=True, slots=True)
class Moment:
    """A time."""

    column: SQLColumnExpression[Any]

    def compare(self, operator: CompareOperator, value: Any) -> ColumnElement[bool]:
        if value is None:
            return _compare_null(self.column, operator)
        if not isinstance(value, datetime):
            raise InvalidFilterException(detail=f"A time cannot be compared with {operator.value!r}")
        return _order(self.column, operator, literal(value if value.tzinfo else value.replace(tzinfo=UTC)))

    def present(self) -> ColumnElement[bool]:
        return true()


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false, never missing."""

    condition: ColumnElement[bool]

    def compare(self, operator: CompareOperator, value: Any) -> ColumnElement[bool]:
        wanted = operator is CompareOperator.eq
        if value is None:
            return false() if wanted else true()
        return self.condition if bool(value) is wanted else not_(self.condition)

    def present(self) -> ColumnElement[bool]:
        return true()


@dataclass(frozen=True, slots=True)
class Rows:
    """A multi-valued attribute: rows of another table, or of this one where there is always one value."""

    exist: Callable[[ColumnElement[bool]], ColumnElement[bool]]
    """Whether there is a row for which the condition holds."""
    columns: Mapping[str, Column]
    """By sub-attribute."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What can be asked of one kind of resource."""

    columns: Mapping[Field, Column]
    rows: Mapping[str, Rows]


def condition(
    model: type[Resource[Any]], wanted: ScimFilter[Any] | None, attributes: Attributes
) -> ColumnElement[bool]:
    """The WHERE clause. Raises 400 for what cannot be compared."""
    if wanted is None:
        return true()
    with refusing():
        bound = _bound(model, wanted)
        return _Statement(bound, attributes).visit(bound.ast)


class _Statement(FilterVisitor[ColumnElement[bool]]):
    def __init__(self, wanted: ScimFilter[Any], attributes: Attributes) -> None:
        self._filter = wanted
        self._attributes = attributes

    def visit_not(self, node: Not) -> ColumnElement[bool]:
        return not_(func.coalesce(self.visit(node.expr), false()))

    def visit_logical_expr(self, node: LogicalExpr) -> ColumnElement[bool]:
        join = and_ if node.op is LogicalOperator.and_ else or_
        return join(*(self.visit(term) for term in node.terms))

    def visit_comparison(self, node: Comparison) -> ColumnElement[bool]:
        binding = self._binding(self._filter.resolve_comparison(node.attr_path), node.attr_path)
        value = coerce_value(binding, node.value, node.op)
        rows = self._attributes.rows.get(binding.field_name)
        if rows is None:
            return self._column(binding, node.attr_path).compare(node.op, value)
        column = _sub_column(rows, binding.sub_field_name or "value", node.attr_path)
        if node.op is CompareOperator.ne:  # none of the values is equal, as the library reads it
            return not_(rows.exist(column.compare(CompareOperator.eq, value)))
        return rows.exist(column.compare(node.op, value))

    def visit_present(self, node: Present) -> ColumnElement[bool]:
        binding = self._binding(self._filter.resolve(node.attr_path), node.attr_path)
        rows = self._attributes.rows.get(binding.field_name)
        if rows is not None:
            sub = binding.sub_field_name
            return rows.exist(true() if sub is None else _sub_column(rows, sub, node.attr_path).present())
        if binding.sub_field_name is None and (parts := self._parts(binding.field_name)):
            return or_(*(part.present() for part in parts))
        return self._column(binding, node.attr_path).present()

    def visit_value_path(self, node: ValuePath) -> ColumnElement[bool]:
        binding = self._binding(self._filter.resolve(node.attr_path), node.attr_path)
        rows = self._attributes.rows.get(binding.field_name)
        if rows is None:
            raise _unknown(node.attr_path)
        values = Attributes({(name, None): column for name, column in rows.columns.items()}, {})
        return rows.exist(_Statement(_bound(binding.field_type, node.val_filter), values).visit(node.val_filter))

    def _binding(self, found: AttributeBinding | None, path: AttrPath) -> AttributeBinding:
        if found is None:
            raise _unknown(path)
        return found

    def _column(self, binding: AttributeBinding, path: AttrPath) -> Column:
        column = self._attributes.columns.get((binding.field_name, binding.sub_field_name))
        if column is None:
            raise _unknown(path)
        return column

    def _parts(self, field_name: str) -> list[Column]:
        return [column for (name, sub), column in self._attributes.columns.items() if name == field_name and sub]


def _bound(model: Any, wanted: ScimFilter[Any] | FilterNode) -> ScimFilter[Any]:
    """By the call that the subscript stands for, as `model` is a value."""
    of_model: Any = ScimFilter.__class_getitem__(model)
    bound: ScimFilter[Any] = of_model(wanted)
    return bound


def _sub_column(rows: Rows, name: str, path: AttrPath) -> Column:
    column = rows.columns.get(name)
    if column is None:
        raise _unknown(path)
    return column


def _unknown(path: AttrPath) -> InvalidFilterException:
    return InvalidFilterException(detail=f"'{path}' cannot be filtered by")


def _compare_null(column: SQLColumnExpression[Any], operator: CompareOperator) -> ColumnElement[bool]:
    if operator is CompareOperator.eq:
        return column.is_(None)
    return column.is_not(None) if operator is CompareOperator.ne else false()


def _order(left: Any, operator: CompareOperator, right: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool]
    match operator:
        case CompareOperator.eq:
            found = left == right
        case CompareOperator.ne:
            found = left.is_distinct_from(right)
        case CompareOperator.gt:
            found = left > right
        case CompareOperator.ge:
            found = left >= right
        case CompareOperator.lt:
            found = left < right
        case CompareOperator.le:
            found = left <= right
        case _:
            raise InvalidFilterException(detail=f"The attribute cannot be compared with {operator.value!r}")
    return found
