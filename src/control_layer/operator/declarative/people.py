"""Who is meant: the file's names for people, the instance's accounts, and one label for each of them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping

from control_layer.operator.api import Api
from control_layer.operator.declarative.state import State, UserSpec
from control_layer.operator.errors import NotUnderstood
from control_layer.operator.names import accounts_like, names_alike
from control_layer.operator.objects import Account, read_as

__all__ = ["People"]

_SEARCHES_FOR_A_PAGE = 2
"""Above that many names for each page of accounts, reading all pages asks the instance for less."""
_PAGE = 100


class People:
    """Accounts by label: the file's key for a person, else their address if it is theirs alone, else the username."""

    def __init__(self, api: Api, state: State, *, everybody: bool) -> None:
        """Reads the accounts that the file names; with `everybody`, all. Raises `OperatorError`."""
        self._api = api
        self._keys: Mapping[str, UserSpec] = state.users or {}
        self._all: _Accounts | None = None
        self.accounts: dict[str, Account] = {}
        self.alike: set[str] = set()
        """Who may have been meant where nobody was found."""
        self._labels: dict[uuid.UUID, str] = {}
        self._said: dict[str, str] = {}
        names = _names(state)
        if everybody or self._worth_reading_all(len(names)):
            self._all = _Accounts(read_as(Account, item) for item in api.pages("/users"))
        for key, spec in self._keys.items():
            account = self._matching(key, spec)
            if account is not None:
                self._note(key, account)
            self._said |= {name: key for name in (spec.email, spec.username, key) if name}
        for name in names:
            if name not in self._said:
                self._said[name] = self._label_of_reference(name)
        if everybody:
            for user_id in self._all.by_id if self._all is not None else ():
                self.label(user_id)

    def canonical(self, state: State) -> State:
        """The state with one label for each person."""
        groups = {
            name: spec
            if spec.members is None
            else spec.model_copy(update={"members": list(dict.fromkeys(self._said[member] for member in spec.members))})
            for name, spec in (state.groups or {}).items()
        }
        keys: dict[str, dict[str, object]] = {}
        for owner, policies in (state.keys or {}).items():
            keys.setdefault(self._said[owner], {}).update(policies)
        update: dict[str, object] = {"groups": groups} if state.groups is not None else {}
        if state.keys is not None:
            update["keys"] = keys
        if state.rate_limits is not None:
            update["rate_limits"] = state.rate_limits.renamed(self._said)
        if state.budgets is not None:
            update["budgets"] = state.budgets.renamed(self._said)
        return state.model_copy(update=update)

    def label(self, user_id: uuid.UUID) -> str:
        """The label of an account of the instance."""
        known = self._labels.get(user_id)
        if known is not None:
            return known
        account = None if self._all is None else self._all.by_id.get(user_id)
        account = account or read_as(Account, self._api.get(f"/users/{user_id}"))
        return self._note(self._default_label(account), account)

    def _worth_reading_all(self, names: int) -> bool:
        if names <= _SEARCHES_FOR_A_PAGE:
            return False
        total: int = self._api.get("/users", limit=1)["total_count"]
        return names > _SEARCHES_FOR_A_PAGE * (total / _PAGE)

    def _note(self, label: str, account: Account) -> str:
        taken = self._labels.setdefault(account.id, label)
        if taken != label:
            raise NotUnderstood(f"users.{label} and users.{taken} are one account")
        self.accounts[label] = account
        return label

    def _matching(self, key: str, spec: UserSpec) -> Account | None:
        """The account that an entry of the file speaks of."""
        if spec.username is not None:
            return next((each for each in self._like(spec.username) if each.username == spec.username), None)
        address = spec.email or key
        same = [each for each in self._like(address) if each.email == address]
        named = [each for each in same if each.username == key]
        if len(same) > 1 and not named:
            raise _ambiguous(address, same)
        if same:
            return (named or same)[0]
        return next((each for each in self._like(key) if each.username == key), None)

    def _label_of_reference(self, name: str) -> str:
        """The label of somebody whom the file names, but does not describe; `name` itself where there is nobody."""
        found = [each for each in self._like(name) if name in (each.email, each.username, str(each.id))]
        found = [each for each in found if each.username == name] or found
        if len(found) > 1:
            raise _ambiguous(name, found)
        if not found:
            self.alike.update(names_alike(self._api, name))
            return name
        known = self._labels.get(found[0].id)
        return known if known is not None else self._note(name, found[0])

    def _like(self, text: str) -> Iterable[Account]:
        return accounts_like(self._api, text) if self._all is None else self._all.called.get(text, ())

    def _default_label(self, account: Account) -> str:
        sharing = [each for each in self._like(account.email) if account.email in (each.email, each.username)]
        label = account.email if [each.id for each in sharing] == [account.id] else account.username
        return label if label not in self.accounts else str(account.id)


class _Accounts:
    """Everybody, by id and by what they are called."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.by_id = {account.id: account for account in accounts}
        self.called: dict[str, list[Account]] = {}
        for account in self.by_id.values():
            for name in {account.email, account.username, str(account.id)}:
                self.called.setdefault(name, []).append(account)


def _ambiguous(name: str, accounts: Iterable[Account]) -> NotUnderstood:
    usernames = ", ".join(f"'{account.username}'" for account in accounts)
    return NotUnderstood(f"'{name}' is the address of several accounts; name one by its username: {usernames}")


def _names(state: State) -> list[str]:
    """Everybody the file names, each once."""
    names = Counter([*(state.users or {}), *(state.keys or {})])
    for group in (state.groups or {}).values():
        names.update(group.members or ())
    for section in (state.rate_limits, state.budgets):
        names.update(section.people if section is not None else ())
    return list(names)
