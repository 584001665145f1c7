"""Guardrails, rate limits, budgets and probes of an instance, in the words of the state file."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from control_layer.operator.api import Api
from control_layer.operator.declarative.guardrail_spec import GuardrailSpec
from control_layer.operator.declarative.ids import Ids
from control_layer.operator.declarative.limit_specs import Budgets, BudgetSpec, RateLimits, RateLimitSpec, Subject
from control_layer.operator.declarative.probe_spec import ProbeSpec
from control_layer.operator.declarative.resources import Name
from control_layer.operator.declarative.spec import given
from control_layer.operator.errors import OperatorError
from control_layer.operator.objects import Budget, Guardrail, Probe, RateLimit, ScopedObject, read_as

__all__ = ["PolicyReader", "environment_variable"]

_Object = TypeVar("_Object", bound=ScopedObject)


class PolicyReader:
    """Reads them and notes their ids. What is for somebody that `ids` does not name is passed over."""

    def __init__(self, api: Api, ids: Ids) -> None:
        self._api = api
        self._ids = ids

    def rate_limits(self) -> RateLimits:
        """The section."""
        found = (read_as(RateLimit, item) for item in self._api.pages("/rate-limits"))
        return RateLimits.model_validate(self._section(found, self._ids.rate_limits, _rate_limit))

    def budgets(self) -> Budgets:
        """The section."""
        found = (read_as(Budget, item) for item in self._api.pages("/budgets"))
        return Budgets.model_validate(self._section(found, self._ids.budgets, _budget))

    def guardrails(self) -> dict[str, GuardrailSpec]:
        """The section."""
        found = [read_as(Guardrail, item) for item in self._api.pages("/guardrails")]
        self._ids.guardrails |= {(row.name,): row.id for row in found}
        models = {model_id: alias for alias, model_id in self._ids.models.items()}
        groups = {group_id: name for name, group_id in self._ids.groups.items()}
        return {row.name: _guardrail(row, models, groups) for row in found}

    def probes(self) -> dict[str, ProbeSpec]:
        """The section."""
        models = {model_id: alias for alias, model_id in self._ids.models.items()}
        # All of them come at once: this list has no pages.
        found = [read_as(Probe, item) for item in self._api.get("/probes")]
        found = [row for row in found if row.deployment_id in models]
        self._ids.probes |= {(row.name,): row.id for row in found}
        return {row.name: _probe(row, models[row.deployment_id]) for row in found}

    def _section(
        self, found: Iterable[_Object], ids: dict[Name, uuid.UUID], entry: Callable[[_Object], object]
    ) -> dict[str, Any]:
        section: dict[str, Any] = {}
        subjects = self._ids.subjects()
        for row in found:
            subject: Subject | None = subjects.get((row.scope, row.scope_id))
            if subject is None:
                continue
            name = (row.scope, *subject, row.name)
            if name in ids:
                raise OperatorError(
                    f"the {row.scope} {'/'.join(subject)} has two of the name '{row.name}'; give one of them another"
                )
            ids[name] = row.id
            place = section.setdefault(f"{row.scope}s", {})
            for part in subject:
                place = place.setdefault(part, {})
            place[row.name] = entry(row)
        return section


def environment_variable(name: str, kind: str) -> str:
    """Where the next `apply` may look for the credential of something of that name: `OPENAI_API_KEY`."""
    words = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "CONTROL_LAYER"
    return f"{'_' if words[0].isdigit() else ''}{words}_{kind}"


def _rate_limit(row: RateLimit) -> RateLimitSpec:
    return RateLimitSpec.model_validate(
        given(
            kind=row.kind,
            amount=row.amount,
            per=row.per,
            burst=row.burst,
            queue_seconds=row.queue_seconds,
            queue_length=row.queue_length if row.queue_seconds else None,
        )
    )


def _budget(row: Budget) -> BudgetSpec:
    return BudgetSpec.model_validate(
        {
            "amount": row.amount,
            "period": row.period,
            "rolling": row.rolling,
            "enforcement": row.enforcement,
            "alert_thresholds": row.alert_thresholds,
        }
    )


def _guardrail(row: Guardrail, models: Mapping[uuid.UUID, str], groups: Mapping[uuid.UUID, str]) -> GuardrailSpec:
    fields = given(
        kind=row.kind,
        stage=row.stage,
        enabled=row.enabled,
        position=row.position,
        models=None if row.models is None else _named(row.models, models),
        groups=None if row.groups is None else _named(row.groups, groups),
        pattern=row.pattern,
        window_characters=row.window_characters,
        replacement=None if row.replacement == f"[{row.name}]" else row.replacement,
    )
    if row.kind == "external":
        fields |= given(url=row.url, timeout_ms=row.timeout_ms, fail=row.fail, whole_stream=row.whole_stream)
        if row.has_secret:
            fields["secret"] = {"env": environment_variable(row.name, "SECRET")}
    return GuardrailSpec.model_validate(fields)


def _named(ids: list[uuid.UUID], names: Mapping[uuid.UUID, str]) -> list[str]:
    """Without what is gone; where all of it is, the ids: a guardrail for nobody must not become one for everybody."""
    return sorted(names[each] for each in ids if each in names) or [str(each) for each in ids]


def _probe(row: Probe, model: str) -> ProbeSpec:
    return ProbeSpec.model_validate(
        given(
            model=model,
            interval_seconds=row.interval_seconds,
            active=row.active,
            http_method=row.http_method,
            request_path=row.request_path,
            request_body=row.request_body,
        )
    )
