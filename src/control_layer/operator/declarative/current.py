"""What an instance is now, in the words of the state file: as much of it as a file speaks of, or all."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from control_layer.operator.api import Api
from control_layer.operator.declarative.current_policies import PolicyReader, environment_variable
from control_layer.operator.declarative.ids import Ids
from control_layer.operator.declarative.limit_specs import Scoped
from control_layer.operator.declarative.model_object import ModelObject
from control_layer.operator.declarative.model_spec import ModelSpec
from control_layer.operator.declarative.people import People
from control_layer.operator.declarative.resources import Kind, Name, header_of
from control_layer.operator.declarative.spec import CredentialSpec, given
from control_layer.operator.declarative.state import (
    DialectOptionsSpec,
    EndpointSpec,
    GroupSpec,
    KeySpec,
    State,
    UserSpec,
)
from control_layer.operator.errors import OperatorError
from control_layer.operator.objects import EVERYONE, EVERYONE_NAME, Account, Endpoint, Group, Key, read_as

__all__ = ["SECTIONS", "Current", "exported", "read_current"]

SECTIONS = ("endpoints", "models", "groups", "users", "keys", "guardrails", "rate_limits", "budgets", "probes")
_LIMITS = frozenset(("rate_limits", "budgets"))
_OF_MODELS = frozenset(("endpoints", "models", "groups", "guardrails", "probes")) | _LIMITS
"""Sections that speak of models; and so on."""
_OF_GROUPS = frozenset(("groups", "guardrails")) | _LIMITS
_OF_KEYS = frozenset(("keys",)) | _LIMITS
_OF_PEOPLE = frozenset(("users", "groups")) | _OF_KEYS
_NATIVE = "native"


@dataclass(frozen=True, slots=True)
class Current:
    """The instance. `protected` must not be pruned: administrators, and groups that an identity provider keeps."""

    state: State
    ids: Ids
    protected: frozenset[tuple[Kind, Name]]


def read_current(api: Api, people: People, desired: State) -> Current:
    """What `desired` speaks of and refers to; its people have one label each."""
    owners = {*(desired.keys or {})}
    for section in (desired.rate_limits, desired.budgets):
        owners.update(section.keys if section is not None else ())
    described = [name for name, spec in (desired.groups or {}).items() if spec.members is not None]
    sections = [name for name in SECTIONS if getattr(desired, name) is not None]
    with _expressible():
        return _Reader(api, people).current(sections, members_of=described, owners=sorted(owners))


def exported(api: Api, sections: Collection[str]) -> State:
    """The whole instance, or some sections of it, in a stable order, without what the configuration brings."""
    with _expressible():
        people = People(api, State(), everybody=bool(_OF_PEOPLE & set(sections)))
        owners = sorted(people.accounts) if _OF_KEYS & set(sections) else []
        current = _Reader(api, people).current(sections, members_of=None, owners=owners)
        content = {name: getattr(current.state, name) for name in sections}
        if "users" in sections:
            content["users"] = {
                name: spec for name, spec in content["users"].items() if not people.accounts[name].is_admin
            }
        if "keys" in sections:
            content["keys"] = {owner: keys for owner, keys in content["keys"].items() if keys}
        return State(**{name: _in_order(content[name]) for name in SECTIONS if name in sections})


def _in_order(section: Any) -> Any:
    return section.in_order() if isinstance(section, Scoped) else dict(sorted(section.items()))


@contextmanager
def _expressible() -> Iterator[None]:
    """Raises `OperatorError` where the instance has something that no state file can say."""
    try:
        yield
    except ValidationError as error:
        found = error.errors()[0]
        place = ".".join(str(part) for part in found["loc"])
        raise OperatorError(
            f"the instance has a {error.title.removesuffix('Spec').lower()} that a state file cannot express "
            f"({place}: {found['msg']}); change it there, or leave its kind out with --only"
        ) from error


class _Reader:
    def __init__(self, api: Api, people: People) -> None:
        self._api = api
        self._people = people
        self._ids = Ids()
        self._protected: set[tuple[Kind, Name]] = set()

    def current(
        self, sections: Collection[str], *, members_of: Collection[str] | None, owners: Iterable[str]
    ) -> Current:
        """What these sections speak of. `members_of` `None`: of every group of our own."""
        asked = set(sections)
        models = bool(_OF_MODELS & asked)
        state: dict[str, Any] = {
            "endpoints": self._endpoints() if models else {},
            "models": self._models() if models else {},
            "groups": self._groups(members_of, whole="groups" in asked) if _OF_GROUPS & asked else {},
            "keys": {owner: self._keys(owner) for owner in owners if owner in self._people.accounts},
        }
        accounts = self._people.accounts
        self._ids.users = {label: account.id for label, account in accounts.items()}
        self._protected |= {(Kind.USER, (label,)) for label, account in accounts.items() if account.is_admin}
        state["users"] = {label: _user(label, account) for label, account in accounts.items()}
        policies = PolicyReader(self._api, self._ids)
        if "rate_limits" in asked:
            state["rate_limits"] = policies.rate_limits()
        if "budgets" in asked:
            state["budgets"] = policies.budgets()
        if "guardrails" in asked:
            state["guardrails"] = policies.guardrails()
        if "probes" in asked:
            state["probes"] = policies.probes()
        return Current(State(**state), self._ids, frozenset(self._protected))

    def _endpoints(self) -> dict[str, EndpointSpec]:
        found = [read_as(Endpoint, item) for item in self._api.pages("/endpoints")]
        self._ids.endpoints = {endpoint.name: endpoint.id for endpoint in found}
        return {endpoint.name: _endpoint(endpoint) for endpoint in found}

    def _models(self) -> dict[str, ModelSpec]:
        hosts = {endpoint_id: name for name, endpoint_id in self._ids.endpoints.items()}
        asked = {"include": "components,pricing,traffic_policy"}
        items = {item["id"]: item for item in self._api.pages("/models", **asked)}
        # Those that a provider no longer lists are seen by the administrator only; others get the same list again.
        items |= {item["id"]: item for item in self._api.pages("/models", **asked, inactive=True)}
        models = [read_as(ModelObject, item) for item in items.values()]
        self._ids.models = {model.alias: model.id for model in models}
        aliases = {model.id: model.alias for model in models}
        return {model.alias: model.spec(hosts, aliases) for model in models}

    def _groups(self, members_of: Collection[str] | None, *, whole: bool) -> dict[str, GroupSpec]:
        """Their names alone, where nobody asks for the `whole` of them."""
        aliases = {model_id: alias for alias, model_id in self._ids.models.items()}
        specs = {}
        for group in (read_as(Group, item) for item in self._api.pages("/groups")):
            name = EVERYONE_NAME if group.id == EVERYONE else group.name
            self._ids.groups[name] = group.id
            if not whole:
                specs[name] = GroupSpec()
                continue
            granted = (uuid.UUID(item) for item in self._api.get(f"/groups/{group.id}/models"))
            models = sorted(aliases[model_id] for model_id in granted if model_id in aliases)
            if group.id == EVERYONE:
                specs[name] = GroupSpec(models=models)
                continue
            ours = group.source == _NATIVE
            if not ours:
                self._protected.add((Kind.GROUP, (name,)))
            asked = ours if members_of is None else name in members_of
            members = self._members(group) if asked else None
            specs[name] = _group(group.description, members, models)
        return specs

    def _members(self, group: Group) -> list[str]:
        members = self._api.get(f"/groups/{group.id}/users")
        return sorted(self._people.label(uuid.UUID(member)) for member in members)

    def _keys(self, owner: str) -> dict[str, KeySpec]:
        account = self._people.accounts[owner]
        found = [read_as(Key, item) for item in self._api.pages(f"/users/{account.id}/api-keys")]
        self._ids.keys |= {(owner, key.name): key.id for key in found}
        return {key.name: _key(key) for key in sorted(found, key=lambda key: key.name)}


def _endpoint(endpoint: Endpoint) -> EndpointSpec:
    header, prefix = header_of(endpoint.dialect)
    return EndpointSpec(
        **given(
            url=endpoint.url,
            description=endpoint.description or None,
            credential=CredentialSpec(env=environment_variable(endpoint.name, "API_KEY"))
            if endpoint.requires_api_key
            else None,
            dialect=endpoint.dialect,
            options=DialectOptionsSpec(**endpoint.options) if endpoint.options else None,
            auth_header_name=None if endpoint.auth_header_name == header else endpoint.auth_header_name,
            auth_header_prefix=None if endpoint.auth_header_prefix == prefix else endpoint.auth_header_prefix,
            verify_tls=endpoint.verify_tls,
            ca_bundle=endpoint.ca_bundle,
            model_filter=endpoint.model_filter,
            reasoning_translation=endpoint.reasoning_translation or None,
        )
    )


def _group(description: str | None, members: list[str] | None, models: list[str]) -> GroupSpec:
    return GroupSpec(**given(description=description or None, members=members, models=models))


def _user(label: str, account: Account) -> UserSpec:
    return UserSpec(
        **given(
            email=None if account.email == label else account.email,
            username=None if account.username == label else account.username,
            display_name=account.display_name or None,
            roles=sorted(role for role in account.roles if role != "StandardUser"),
            zero_data_retention=account.zero_data_retention,
        )
    )


def _key(key: Key) -> KeySpec:
    return KeySpec.model_validate(
        given(
            description=key.description or None,
            purpose=key.purpose,
            requests_per_second=key.requests_per_second,
            burst_size=key.burst_size,
            spend_limit=key.spend_limit,
            spend_limit_interval=key.spend_limit_interval,
            expires_at=key.expires_at,
            models=key.models,
            zero_data_retention=key.zero_data_retention,
            caching=key.caching,
        )
    )
