"""Brings a plan about with the calls of the API, change by change. What somebody else did meanwhile is no error."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from control_layer.operator.api import Api
from control_layer.operator.declarative.calls import CONFLICT, body_of, made, unless_gone
from control_layer.operator.declarative.composition import Place, arrange, arrangement
from control_layer.operator.declarative.ids import Ids
from control_layer.operator.declarative.plan import Action, Change, Plan
from control_layer.operator.declarative.policies import Policies
from control_layer.operator.declarative.resources import Kind, Name
from control_layer.operator.errors import ApiRefusal, OperatorError
from control_layer.operator.names import find_account, find_endpoint, find_group, find_key, find_model
from control_layer.operator.objects import Account

__all__ = ["Execution", "NotCompleted"]

_REFERENCES = frozenset(("traffic_routing_rules", "traffic_policy"))
"""What a model says of any other ones."""


class NotCompleted(OperatorError):
    """A change failed. What was done stays done."""

    def __init__(self, done: Sequence[Change], failed: Change, left: Sequence[Change], reason: OperatorError) -> None:
        lines = [f"done      {change.action} {change.label}" for change in done]
        lines.append(f"failed    {failed.action} {failed.label}")
        lines += [f"not done  {change.action} {change.label}" for change in left]
        lines.append("Once the cause is removed, apply the file again: it goes on from here.")
        super().__init__(f"{failed.action} {failed.label}: {reason.message}", details=lines)
        self.done = tuple(done)


class Execution:
    """One run. `made_key` hears of every new key's owner, name and secret at once; its `OSError` unmakes the key."""

    def __init__(
        self,
        api: Api,
        ids: Ids,
        credentials: Mapping[tuple[Kind, Name], str],
        made_key: Callable[[str, str, str], None],
    ) -> None:
        self._api = api
        self._ids = ids
        self._credentials = credentials
        self._made_key = made_key
        self._policies = Policies(api, ids, credentials)

    def run(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Makes all changes; `done` hears of each. Raises `NotCompleted`."""
        changes = list(_in_order(plan.changes))
        for number, change in enumerate(changes):
            try:
                self._make(change)
            except OperatorError as error:
                raise NotCompleted(changes[:number], change, changes[number + 1 :], error) from error
            done(change)

    def _make(self, change: Change) -> None:
        if change.action is Action.DELETE:
            unless_gone(partial(self._api.delete, self._path(change.kind, change.name)))
            return
        make = {
            Kind.ENDPOINT: self._endpoint,
            Kind.MODEL: self._model,
            Kind.GROUP: self._group,
            Kind.USER: self._user,
            Kind.MEMBERS: self._members,
            Kind.GRANTS: self._grants,
            Kind.KEY: self._key,
            Kind.GUARDRAIL: self._policies.guardrail,
            Kind.RATE_LIMIT: self._policies.rate_limit,
            Kind.BUDGET: self._policies.budget,
            Kind.PROBE: self._policies.probe,
        }[change.kind]
        make(change)

    def _path(self, kind: Kind, name: Name) -> str:
        ids = self._ids
        match kind:
            case Kind.ENDPOINT:
                return f"/endpoints/{ids.endpoints[name[0]]}"
            case Kind.MODEL:
                return f"/models/{ids.models[name[0]]}"
            case Kind.GROUP | Kind.MEMBERS | Kind.GRANTS:
                return f"/groups/{ids.groups[name[0]]}"
            case Kind.USER:
                return f"/users/{ids.users[name[0]]}"
            case Kind.KEY:
                return f"/users/{ids.users[name[0]]}/api-keys/{ids.keys[name]}"
            case Kind.GUARDRAIL:
                return f"/guardrails/{ids.guardrails[name]}"
            case Kind.RATE_LIMIT:
                return f"/rate-limits/{ids.rate_limits[name]}"
            case Kind.BUDGET:
                return f"/budgets/{ids.budgets[name]}"
            case Kind.PROBE:
                return f"/probes/{ids.probes[name]}"

    # -- endpoints and models ----------------------------------------------------------------------------------------

    def _endpoint(self, change: Change) -> None:
        name, body = change.name[0], body_of(change)
        if body.pop("credential", None) is not None:
            body["api_key"] = self._credentials[change.kind, change.name]
        if change.action is Action.CREATE:
            # The file says which models there are: none is imported.
            new = made(
                lambda: self._api.post("/endpoints", {"name": name, **body, "sync": False}),
                lambda: find_endpoint(self._api, name).id,
            )
            self._ids.endpoints[name] = new.id
            if not new.adopted:
                return
        # An alias mapping, were it empty, keeps the server from synchronising with the provider (§4.4).
        self._api.patch(self._path(Kind.ENDPOINT, change.name), {**body, "alias_mapping": {}})

    def _model(self, change: Change) -> None:
        alias, body = change.name[0], body_of(change)
        parts: list[dict[str, Any]] | None = body.pop("components", None)
        kind = body.pop("type", None)
        sets_policy, policy = "traffic_policy" in body, body.pop("traffic_policy", None)
        if "endpoint" in body:
            body["hosted_on"] = str(self._ids.endpoints[body.pop("endpoint")])
        if change.action is Action.CREATE:
            self._create_model(alias, {"type": kind, "alias": alias, **body})
        model_id = self._ids.models[alias]
        wanted = None if parts is None else [self._place(part) for part in parts]
        if change.action is Action.UPDATE and body:
            if wanted is None and "lb_strategy" in body:
                wanted = arrangement(self._api, model_id)  # the new strategy may bring its own order
            self._api.patch(f"/models/{model_id}", body)
        if wanted is not None:
            arrange(self._api, model_id, wanted)
        if sets_policy:
            self._set_policy(f"/models/{model_id}/traffic-policy", policy)

    def _set_policy(self, path: str, policy: Mapping[str, Any] | None) -> None:
        if policy is None:
            self._api.delete(path)
            return
        body = dict(policy)
        for field in ("on_context_overflow", "on_content_refusal"):
            if field in body:
                body[field] = str(self._ids.models[body[field]])
        if canary := body.get("canary"):
            place = str(self._ids.models[canary["component"]])
            body["canary"] = {"component_id": place, "percent": canary["percent"]}
        self._api.put(path, body)

    def _create_model(self, alias: str, body: dict[str, Any]) -> None:
        def meanwhile() -> uuid.UUID:
            found = find_model(self._api, alias)
            if found.model_name != body["model_name"] or str(found.hosted_on) != str(body.get("hosted_on")):
                raise OperatorError(f"the alias '{alias}' has just been given to another model")
            return found.id

        try:
            new = made(lambda: self._api.post("/models", body), meanwhile)
        except ApiRefusal as error:
            if error.status != CONFLICT:
                raise
            raise OperatorError(
                f"the alias '{alias}' is another model's: maybe of one that was deleted, or that its provider no "
                "longer lists, for those keep theirs; choose another"
            ) from error
        self._ids.models[alias] = new.id
        if new.adopted:
            self._api.patch(f"/models/{new.id}", body)

    def _place(self, part: Mapping[str, Any]) -> Place:
        return Place(self._ids.models[part["model"]], part["weight"], part["enabled"])

    # -- groups and people -------------------------------------------------------------------------------------------

    def _group(self, change: Change) -> None:
        name, body = change.name[0], body_of(change)
        if change.action is Action.CREATE:
            new = made(
                lambda: self._api.post("/groups", {"name": name, **body}), lambda: find_group(self._api, name).id
            )
            self._ids.groups[name] = new.id
            if not new.adopted:
                return
        self._api.patch(self._path(Kind.GROUP, change.name), body)

    def _user(self, change: Change) -> None:
        label, body = change.name[0], body_of(change)
        if change.action is Action.CREATE:
            names = {"username": body.pop("username", label), "email": body.pop("email", label)}
            retention = body.pop("zero_data_retention", False)

            def meanwhile() -> uuid.UUID:
                return _same(find_account(self._api, names["username"]), names["email"]).id

            new = made(lambda: self._api.post("/users", {**names, **body}), meanwhile)
            self._ids.users[label] = new.id
            if not new.adopted and not retention:
                return
            body["zero_data_retention"] = retention
        self._api.patch(self._path(Kind.USER, change.name), body)

    def _members(self, change: Change) -> None:
        self._link(change, "users", self._ids.users)

    def _grants(self, change: Change) -> None:
        self._link(change, "models", self._ids.models)

    def _link(self, change: Change, place: str, ids: Mapping[str, uuid.UUID]) -> None:
        path = f"{self._path(change.kind, change.name)}/{place}"
        (lists,) = change.fields
        before, after = _names(lists.before), _names(lists.after)
        for name in after:
            if name not in before:
                self._api.post(f"{path}/{ids[name]}")
        # Who was made meanwhile by another run may have stood there under another name: who is wanted stays.
        wanted = {ids[name] for name in after}
        for name in before:
            if ids[name] not in wanted:
                unless_gone(partial(self._api.delete, f"{path}/{ids[name]}"))

    # -- keys --------------------------------------------------------------------------------------------------------

    def _key(self, change: Change) -> None:
        owner, name = change.name
        body = body_of(change)
        keys = f"/users/{self._ids.users[owner]}/api-keys"
        if change.action is Action.CREATE:
            try:
                new = self._api.post(keys, {"name": name, **body})
            except ApiRefusal as error:
                if error.status != CONFLICT:
                    raise
                # Somebody has made it meanwhile, and has its secret.
                key = find_key(self._api, find_account(self._api, str(self._ids.users[owner])), name)
                self._ids.keys[change.name] = key.id
                body.pop("purpose", None)
            else:
                self._ids.keys[change.name] = uuid.UUID(new["id"])
                self._keep_secret(change, new["key"])
                return
        self._api.patch(self._path(Kind.KEY, change.name), body)

    def _keep_secret(self, change: Change, secret: str) -> None:
        owner, name = change.name
        try:
            self._made_key(owner, name, secret)
        except OSError as error:
            self._api.delete(self._path(Kind.KEY, change.name))
            raise OperatorError(f"its secret could not be kept ({error}), so the key was deleted again") from error


def _in_order(changes: Sequence[Change]) -> Iterator[Change]:
    """Every model after those it speaks of: standard ones first, composite ones next, references last."""
    kept = [change for change in changes if change.action is not Action.DELETE]
    models = [change for change in kept if change.kind is Kind.MODEL]
    new = [change for change in models if change.action is Action.CREATE]
    yield from (change for change in kept if change.kind is Kind.ENDPOINT)
    yield from sorted(map(_without_references, new), key=_is_composite)
    yield from (later for change in new if (later := _references_alone(change)) is not None)
    yield from (change for change in models if change.action is Action.UPDATE)
    yield from (change for change in kept if change.kind not in (Kind.ENDPOINT, Kind.MODEL))
    yield from (change for change in changes if change.action is Action.DELETE)


def _is_composite(change: Change) -> bool:
    return any(field.field == "components" for field in change.fields)


def _without_references(change: Change) -> Change:
    return replace(change, fields=tuple(field for field in change.fields if field.field not in _REFERENCES))


def _references_alone(change: Change) -> Change | None:
    later = tuple(field for field in change.fields if field.field in _REFERENCES)
    return replace(change, action=Action.UPDATE, fields=later) if later else None


def _names(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _same(account: Account, email: str) -> Account:
    if account.email != email:
        raise OperatorError(f"the username '{account.username}' has just been given to another account")
    return account
