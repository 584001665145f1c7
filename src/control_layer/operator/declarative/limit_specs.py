"""Rate limits and budgets of the state file: by whose requests count, then by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import Field, PlainSerializer, model_validator

from control_layer.operator.declarative.spec import Cap, KeyName, Name, Spec, plain

__all__ = ["BudgetSpec", "Budgets", "Limit", "RateLimitSpec", "RateLimits", "Scoped", "Subject", "SubjectKind"]

SubjectKind = Literal["group", "model", "user", "key"]
Subject = tuple[str, ...]
"""Whose requests count: the name of a group, model or user; for a key, its owner and its name."""
_Whole = Annotated[int, Field(ge=1, le=2**53)]
_Threshold = Annotated[
    Decimal,
    Field(gt=0, le=10, max_digits=6, decimal_places=4),
    PlainSerializer(plain, return_type=str, when_used="json"),
]
_LimitName = Annotated[Name, Field(max_length=200)]


class RateLimitSpec(Spec):
    """How much may be taken in which time, or at once."""

    kind: Literal["requests", "tokens", "concurrency", "session_minutes"]
    amount: _Whole
    per: Literal["second", "minute", "day"] | None = None
    burst: _Whole | None = None
    """By default the amount."""
    queue_seconds: float = Field(0.0, ge=0, le=30, allow_inf_nan=False)
    queue_length: int = Field(100, ge=0, le=10_000)

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        if self.kind == "concurrency":
            if self.per is not None or self.burst is not None:
                raise ValueError("a limit of concurrency has neither per nor burst")
        elif self.per is None:
            raise ValueError("say in which time: 'per' is second, minute or day")
        elif self.queue_seconds:
            raise ValueError("only a limit of concurrency lets requests wait")
        return self


class BudgetSpec(Spec):
    """What may be spent in a period."""

    amount: Cap
    period: Literal["day", "week", "month", "total"]
    rolling: bool = False
    enforcement: Literal["hard", "spent", "alert"] = "hard"
    alert_thresholds: list[_Threshold] = Field([Decimal("0.8"), Decimal("0.95"), Decimal(1)], max_length=10)

    @model_validator(mode="after")
    def _rolls(self) -> Self:
        if self.rolling and self.period == "total":
            raise ValueError("a total budget has no period that could roll; choose day, week or month")
        return self


Limit = TypeVar("Limit", bound=Spec)
_ByName = dict[_LimitName, Limit]


class Scoped(Spec, Generic[Limit]):
    """Limits by whose requests count."""

    groups: dict[Name, _ByName[Limit]] = Field({})
    """Of all members of a group together; `Everyone` is the whole instance."""
    models: dict[Name, _ByName[Limit]] = Field({})
    users: dict[Name, _ByName[Limit]] = Field({})
    keys: dict[Name, dict[KeyName, _ByName[Limit]]] = Field({})
    """By owner, then by the key's name."""

    def subjects(self) -> Iterator[tuple[SubjectKind, Subject, Mapping[str, Limit]]]:
        """Everybody who is spoken of, with their limits by name."""
        yield from (("group", (name,), limits) for name, limits in self.groups.items())
        yield from (("model", (name,), limits) for name, limits in self.models.items())
        yield from (("user", (name,), limits) for name, limits in self.users.items())
        for owner, keys in self.keys.items():
            yield from (("key", (owner, name), limits) for name, limits in keys.items())

    @property
    def people(self) -> Iterator[str]:
        """Everybody it names."""
        yield from self.users
        yield from self.keys

    def renamed(self, labels: Mapping[str, str]) -> Self:
        """The same with other names for people; what two names of one person have is joined."""
        users: dict[str, dict[str, Limit]] = {}
        for name, limits in self.users.items():
            users.setdefault(labels[name], {}).update(limits)
        keys: dict[str, dict[str, dict[str, Limit]]] = {}
        for owner, policies in self.keys.items():
            for key, limits in policies.items():
                keys.setdefault(labels[owner], {}).setdefault(key, {}).update(limits)
        return self.model_copy(update={"users": users, "keys": keys})

    def in_order(self) -> Self:
        """The same, sorted by name throughout."""
        return self.model_copy(update={name: _sorted(getattr(self, name)) for name in type(self).model_fields})


def _sorted(place: Any) -> Any:
    return {name: _sorted(place[name]) for name in sorted(place)} if isinstance(place, dict) else place


class RateLimits(Scoped[RateLimitSpec]):
    """Rates and numbers that requests may not pass (see docs/limits.md)."""


class Budgets(Scoped[BudgetSpec]):
    """What requests may cost (see docs/budgets.md)."""
