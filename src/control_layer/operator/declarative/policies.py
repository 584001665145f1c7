"""Guardrails, rate limits, budgets and probes, made and changed with the calls of the API."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from control_layer.operator.api import Api
from control_layer.operator.declarative.calls import body_of, made
from control_layer.operator.declarative.ids import Ids
from control_layer.operator.declarative.plan import Action, Change
from control_layer.operator.declarative.resources import Kind, Name
from control_layer.operator.errors import OperatorError

__all__ = ["Policies"]


class Policies:
    """Part of an execution; `credentials` holds guardrails' secrets."""

    def __init__(self, api: Api, ids: Ids, credentials: Mapping[tuple[Kind, Name], str]) -> None:
        self._api = api
        self._ids = ids
        self._credentials = credentials

    def guardrail(self, change: Change) -> None:
        """Makes or changes a guardrail."""
        body = body_of(change)
        if body.pop("secret", None) is not None:
            body["secret"] = self._credentials[change.kind, change.name]
        for field, ids in (("models", self._ids.models), ("groups", self._ids.groups)):
            if body.get(field) is not None:
                body[field] = [str(ids[name]) for name in body[field]]
        self._put("/guardrails", change, {"name": change.name[0], **body}, self._ids.guardrails, lambda: None)

    def rate_limit(self, change: Change) -> None:
        """Makes or changes a rate limit."""
        self._scoped("/rate-limits", change, self._ids.rate_limits)

    def budget(self, change: Change) -> None:
        """Makes or changes a budget."""
        self._scoped("/budgets", change, self._ids.budgets)

    def probe(self, change: Change) -> None:
        """Makes or changes a probe, and lets it run or rest."""
        name, body = change.name[0], body_of(change)
        active: bool | None = body.pop("active", None)
        if "model" in body:
            body["deployment_id"] = str(self._ids.models[body.pop("model")])
        ids = self._ids.probes

        def same_model() -> None:
            found = self._api.get(f"/probes/{ids[change.name]}")
            if found["deployment_id"] != body["deployment_id"]:
                raise OperatorError(f"the name '{name}' has just been given to another model's probe")

        if body:
            self._put("/probes", change, {"name": name, **body}, ids, same_model)
        if active is not None:
            self._api.patch(f"/probes/{ids[change.name]}/{'activate' if active else 'deactivate'}", None)

    def _scoped(self, path: str, change: Change, ids: dict[Name, uuid.UUID]) -> None:
        scope, *subject, name = change.name
        body = body_of(change)
        if change.action is Action.CREATE:
            body |= {"name": name, "scope": scope, "scope_id": str(self._ids.subject(scope, tuple(subject)))}
        self._put(path, change, body, ids, lambda: None)

    def _put(
        self,
        path: str,
        change: Change,
        body: dict[str, Any],
        ids: dict[Name, uuid.UUID],
        check_adopted: Callable[[], None],
    ) -> None:
        """Makes what is new, and changes what is there or was made meanwhile."""
        if change.action is Action.CREATE:
            new = made(lambda: self._api.post(path, body), lambda: self._found(path, body))
            ids[change.name] = new.id
            if not new.adopted:
                return
            check_adopted()
        self._api.patch(f"{path}/{ids[change.name]}", body)

    def _found(self, path: str, body: Mapping[str, Any]) -> uuid.UUID:
        """The one of that name, and of that key, user, group or model where it has one."""
        items: Iterable[Any] = self._api.get(path) if path == "/probes" else self._api.pages(path)
        for item in items:
            same = all(item.get(field) == body.get(field) for field in ("name", "scope", "scope_id"))
            if same:
                return uuid.UUID(item["id"])
        raise OperatorError(f"there is none called '{body['name']}'")
