"""A file against an instance: read, compared, checked, and brought about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from control_layer.operator.api import Api
from control_layer.operator.declarative.current import read_current
from control_layer.operator.declarative.execution import Execution
from control_layer.operator.declarative.ids import Ids
from control_layer.operator.declarative.people import People
from control_layer.operator.declarative.plan import Change, Plan, planned
from control_layer.operator.declarative.resources import Kind, Name
from control_layer.operator.declarative.state import State
from control_layer.operator.errors import NotUnderstood

__all__ = ["Application"]


@dataclass(frozen=True, slots=True)
class Application:
    """A plan that can be carried out."""

    plan: Plan
    _api: Api
    _ids: Ids

    @classmethod
    def planned(cls, api: Api, state: State, *, prune: bool, renew_credentials: bool) -> Application:
        """Reads what the file speaks of. Raises `NotUnderstood` for what cannot be brought about."""
        everybody = prune and (state.users, state.rate_limits, state.budgets) != (None, None, None)
        people = People(api, state, everybody=everybody)
        desired = people.canonical(state)
        current = read_current(api, people, desired)
        plan = planned(
            desired,
            current.state,
            prune=prune,
            renew_credentials=renew_credentials,
            protected=current.protected,
            alike=people.alike,
        )
        if plan.problems:
            raise NotUnderstood("the file cannot be applied; nothing was changed", details=plan.problems)
        return cls(plan, api, current.ids)

    def run(
        self,
        credentials: Mapping[tuple[Kind, Name], str],
        made_key: Callable[[str, str, str], None],
        done: Callable[[Change], None],
    ) -> None:
        """Makes the changes. Raises `NotCompleted`."""
        Execution(self._api, self._ids, credentials, made_key).run(self.plan, done)
