"""Finding things by the names people use: people by e-mail, username or id, models by alias, the rest by name."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Iterable, Iterator
from typing import TypeVar

from control_layer.operator.api import Api
from control_layer.operator.errors import ApiRefusal, NotUnderstood, OperatorError
from control_layer.operator.objects import Account, Endpoint, Group, Key, Model, read_as

__all__ = ["accounts_like", "find_account", "find_endpoint", "find_group", "find_key", "find_model", "names_alike"]

_Thing = TypeVar("_Thing", Group, Endpoint, Key)
_ALIKE = 0.6
_SHOWN = 3
_ENOUGH = 200
"""How many accounts are looked through for one that was probably meant."""


def find_account(api: Api, name: str) -> Account:
    """The one account of that e-mail address, username or id. Raises `OperatorError`."""
    if (found := _as_id(name)) is not None:
        return read_as(Account, _by_id(api, f"/users/{found}", f"there is no account with the id {name}"))
    alike = list(accounts_like(api, name))
    exact = [account for account in alike if account.username == name] or [
        account for account in alike if account.email == name
    ]
    if len(exact) == 1:
        return exact[0]
    if exact:
        usernames = ", ".join(f"'{account.username}'" for account in exact)
        raise NotUnderstood(f"several accounts have the address {name}; name one by its username: {usernames}")
    raise OperatorError(f"there is no account '{name}'{_meant(name, names_alike(api, name))}")


def accounts_like(api: Api, text: str) -> Iterator[Account]:
    """The accounts with `text` in their names or their address."""
    return (read_as(Account, item) for item in api.pages("/users", search=text))


def find_model(api: Api, alias: str) -> Model:
    """The model of that alias or id. Raises `OperatorError`."""
    if (found := _as_id(alias)) is not None:
        return read_as(Model, _by_id(api, f"/models/{found}", f"there is no model with the id {alias}"))
    models = [read_as(Model, item) for item in api.pages("/models", search=alias)]
    for model in models:
        if model.alias == alias:
            return model
    names = [read_as(Model, item).alias for item in api.pages("/models")]
    raise OperatorError(f"there is no model '{alias}'{_meant(alias, names)}")


def find_group(api: Api, name: str) -> Group:
    """The group of that name or id. Raises `OperatorError`."""
    groups = [read_as(Group, item) for item in api.pages("/groups")]
    return _named(groups, name, "group")


def find_endpoint(api: Api, name: str) -> Endpoint:
    """The endpoint of that name or id. Raises `OperatorError`."""
    endpoints = [read_as(Endpoint, item) for item in api.pages("/endpoints")]
    return _named(endpoints, name, "endpoint")


def find_key(api: Api, owner: Account, name: str) -> Key:
    """The owner's key of that name or id. Raises `OperatorError`."""
    keys = [read_as(Key, item) for item in api.pages(f"/users/{owner.id}/api-keys")]
    return _named(keys, name, f"key of {owner.email}")


def _named(things: Iterable[_Thing], name: str, kind: str) -> _Thing:
    known = list(things)
    exact = [thing for thing in known if name in (thing.name, str(thing.id))]
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise NotUnderstood(f"there are several: name the {kind} by its id")
    raise OperatorError(f"there is no {kind} '{name}'{_meant(name, [thing.name for thing in known])}")


def _by_id(api: Api, path: str, missing: str) -> object:
    try:
        return api.get(path)
    except ApiRefusal as error:
        if error.status == 404:
            raise OperatorError(missing) from error
        raise


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if len(text) == len(str(uuid.UUID(int=0))) else None
    except ValueError:
        return None


def names_alike(api: Api, name: str) -> Iterator[str]:
    """Addresses and usernames of some accounts whose names begin or end as `name` does."""
    local, _, domain = name.partition("@")
    for part in (local[:3], domain or local[-3:]):
        page = api.get("/users", search=part, limit=_ENOUGH)
        for account in (read_as(Account, item) for item in page["data"]):
            yield from (account.email, account.username)


def _meant(name: str, known: Iterable[str]) -> str:
    by_case = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), list(by_case), n=_SHOWN, cutoff=_ALIKE)
    return f"; did you mean {' or '.join(repr(by_case[each]) for each in close)}?" if close else ""
