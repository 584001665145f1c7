"""The gateway's picture of who may call what, and where it goes. Built from `Update`s, read by every request.

One thread reads and writes it: a request sees the state before an update or after it, never between. Rows are frozen,
so a request keeps what it was admitted under while the tables move on.
"""

from __future__ import annotations

from collections.abc import Iterable

from control_layer.contract.pricing import Tariff
from control_layer.contract.snapshot import SYSTEM_USER, Budget, Endpoint, Key, Limit, Model, Purpose, Update, User
from control_layer.gateway.guardrails.table import Guardrails
from control_layer.gateway.policy.balancing import Target
from control_layer.gateway.policy.hedging import HedgePace
from control_layer.gateway.policy.waste_limit import WasteLimit
from control_layer.wire import Timeouts

__all__ = ["OutOfStep", "Route", "Snapshot", "SnapshotState"]


class OutOfStep(Exception):
    """An update builds on a version we do not have: ask for the state anew."""


class Route:
    """A model as the hot path reads it."""

    __slots__ = (
        "_tariffs", "balancing", "deadlines", "fallback", "groups", "hedging", "model", "priced", "purposes", "targets",
        "translates_efforts", "waste",
    )  # fmt: skip

    def __init__(self, model: Model) -> None:
        self.model = model
        self.groups = frozenset(model.groups)
        self._tariffs = {(tariff.purpose, tariff.completion_window): tariff for tariff in model.tariffs}
        self.priced = model.priced
        self.deadlines: Timeouts | None = None
        """Worked out at the first request, with the worker's defaults."""
        self.balancing = model.balancing
        self.fallback = model.fallback
        most, share = model.fallback.max_wasted_cost, model.fallback.wasted_share
        self.waste = None if most is None else WasteLimit(most, share)
        """What failed attempts may cost, where that is bounded."""
        self.hedging = None if model.hedging is None else HedgePace(model.hedging)
        """When a second attempt begins, where there are any."""
        self.purposes = {rule.purpose: rule.target for rule in model.purposes} if model.purposes else None
        deployments = (*model.deployments, *model.overflow, *model.refusal)
        self.translates_efforts = any(deployment.reasoning is not None for deployment in deployments)
        """Whether it has a deployment that is not told reasoning efforts in the client's words."""
        self.targets: tuple[Target, ...] | None = None
        """Its deployments and how they fare: looked up at the first request (`deployments`)."""

    def succeed(self, earlier: Route) -> None:
        """Takes over what an earlier state of the model has learnt and spent, where the rules for it are the same."""
        before, after = earlier.model, self.model
        if before.hedging == after.hedging:
            self.hedging = earlier.hedging
        rules = (before.fallback.max_wasted_cost, before.fallback.wasted_share)
        if rules == (after.fallback.max_wasted_cost, after.fallback.wasted_share):
            self.waste = earlier.waste

    def tariff_for(self, purpose: Purpose, completion_window: str | None) -> Tariff | None:
        """What a request costs that is made with a key of that purpose: its window's price, its purpose's, else that of
        realtime. `None` for a free model.
        """
        tariffs = self._tariffs
        if not tariffs:
            return None
        if purpose == "batch" and (tariff := tariffs.get((purpose, completion_window))) is not None:
            return tariff
        return tariffs.get((purpose, None)) or tariffs.get(("realtime", None))

    def grants(self, user: User) -> bool:
        """Whether a group of the user's holds a grant of this model."""
        return not self.groups.isdisjoint(user.groups)


class Snapshot:
    """The eight tables, keyed for the hot path: by key digest, user id, alias, endpoint id; budgets and limits by what
    they are for.
    """

    __slots__ = (
        "_limited", "_scopes", "budgets", "endpoints", "guardrails", "keys", "limits", "purges", "routes", "users",
        "version",
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.keys: dict[bytes, Key] = {}
        self.users: dict[str, User] = {}
        self.routes: dict[str, Route] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self.budgets: dict[str, tuple[Budget, ...]] = {}
        """By the id of the key, user, group or model."""
        self.limits: dict[str, tuple[Limit, ...]] = {}
        """Likewise."""
        self._limited: dict[str, str] = {}
        """By the limit's id, what it is for."""
        self.guardrails: Guardrails | None = None
        """`None` where there is none."""
        self.purges: dict[str, int] = {}
        """By the id of a key or user, the generation before which nothing that was made for them is given again."""
        self._scopes: dict[str, str] = {}
        """By the budget's id, what it is for."""

    def apply(self, update: Update) -> None:
        """Takes one piece in: removals first, so that a row that moved to another key is put by the same piece."""
        for digest in update.gone_keys:
            self.keys.pop(digest, None)
        for user_id in update.gone_users:
            self.users.pop(user_id, None)
        for alias in update.gone_models:
            self.routes.pop(alias, None)
        for endpoint_id in update.gone_endpoints:
            self.endpoints.pop(endpoint_id, None)
        for user in update.users:
            self.users[user.id] = user
        for endpoint in update.endpoints:
            self.endpoints[endpoint.id] = endpoint
        for model in update.models:
            route, earlier = Route(model), self.routes.get(model.alias)
            if earlier is not None:
                route.succeed(earlier)
            self.routes[model.alias] = route
        for key in update.keys:
            self.keys[key.digest] = key
        for limit_id in update.gone_limits:
            self._forget_limit(limit_id)
        for limit in update.limits:
            self._forget_limit(limit.id)
            self._limited[limit.id] = limit.scope_id
            self.limits[limit.scope_id] = (*self.limits.get(limit.scope_id, ()), limit)
        for budget_id in update.gone_budgets:
            self._forget_budget(budget_id)
        for budget in update.budgets:
            self._forget_budget(budget.id)
            self._scopes[budget.id] = budget.scope_id
            self.budgets[budget.scope_id] = (*self.budgets.get(budget.scope_id, ()), budget)
        if update.guardrails or update.gone_guardrails:
            guardrails = self.guardrails or Guardrails(())
            self.guardrails = guardrails.updated(update.gone_guardrails, update.guardrails)

        for subject_id in update.gone_purges:
            self.purges.pop(subject_id, None)
        for purge in update.purges:
            self.purges[purge.id] = purge.generation

    def _forget_limit(self, limit_id: str) -> None:
        scope_id = self._limited.pop(limit_id, None)
        if scope_id is not None:
            rest = tuple(limit for limit in self.limits[scope_id] if limit.id != limit_id)
            if rest:
                self.limits[scope_id] = rest
            else:
                del self.limits[scope_id]

    def _forget_budget(self, budget_id: str) -> None:
        scope_id = self._scopes.pop(budget_id, None)
        if scope_id is not None:
            rest = tuple(budget for budget in self.budgets[scope_id] if budget.id != budget_id)
            if rest:
                self.budgets[scope_id] = rest
            else:
                del self.budgets[scope_id]

    def budgets_of(self, key: Key, user: User, model: Model) -> list[Budget]:
        """The budgets that a request counts in."""
        if user.id == SYSTEM_USER:
            return []
        budgets = self.budgets
        found = [*budgets.get(key.id, ()), *budgets.get(user.id, ()), *budgets.get(model.id, ())]
        for group in user.groups:
            found += budgets.get(group, ())
        return found

    def has_limit(self, limit_id: str) -> bool:
        """Whether the limit is one of ours."""
        return limit_id in self._limited

    def limits_of(self, key: Key, user: User, model: Model) -> list[Limit]:
        """The limits that a request counts in."""
        if user.id == SYSTEM_USER:
            return []
        limits = self.limits
        found = [*limits.get(key.id, ()), *limits.get(user.id, ()), *limits.get(model.id, ())]
        for group in user.groups:
            found += limits.get(group, ())
        return found

    def callable_by(self, key: Key, user: User) -> Iterable[Model]:
        """The models the key may call."""
        subset = key.models
        for alias, route in self.routes.items():
            if route.grants(user) and (subset is None or alias in subset):
                yield route.model


class SnapshotState:
    """The current snapshot and the update that is on its way. `current.version` 0 means there is none yet."""

    __slots__ = ("_pieces", "_staged", "current")

    def __init__(self) -> None:
        self.current = Snapshot()
        self._staged: Snapshot | None = None
        self._pieces: list[Update] = []

    @property
    def ready(self) -> bool:
        return self.current.version > 0

    def forget_pieces(self) -> None:
        """The connection that was sending an update is gone; what it sent of it does not count."""
        self._staged = None
        self._pieces.clear()

    def receive(self, update: Update) -> bool:
        """Takes a piece in; true when with it a new version is in force. Raises `OutOfStep`.

        A whole snapshot is built beside the current one and swapped in by one assignment; a delta's pieces are kept
        and applied together.
        """
        if update.base == 0:
            staged = self._staged
            if staged is None or staged.version != update.version:
                staged = self._staged = Snapshot()
                staged.version = update.version
            staged.apply(update)
            if not update.final:
                return False
            for alias, route in staged.routes.items():
                earlier = self.current.routes.get(alias)
                if earlier is not None:
                    route.succeed(earlier)
            self.current = staged
            self.forget_pieces()
            return True
        if update.base != self.current.version or update.version <= update.base:
            self.forget_pieces()
            raise OutOfStep(f"update {update.base} → {update.version} does not follow {self.current.version}")
        self._pieces.append(update)
        if not update.final:
            return False
        for piece in self._pieces:
            self.current.apply(piece)
        self.current.version = update.version
        self.forget_pieces()
        return True
