"""The plan of a synchronisation: it leads to what the provider lists, and then there is nothing left to do."""

from __future__ import annotations

import uuid
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from control_layer.control.endpoints.queries import HostedModel
from control_layer.control.endpoints.synchronisation import SyncPlan, plan

_NAMES = st.sampled_from("abcdef")
_hosted = st.dictionaries(_NAMES, st.tuples(st.booleans(), st.booleans()), max_size=6).map(
    lambda states: [
        HostedModel(uuid.uuid4(), name, name, active, deleted) for name, (active, deleted) in states.items()
    ]
)
_names = st.lists(_NAMES, max_size=8)


def _applied(hosted: list[HostedModel], todo: SyncPlan) -> list[HostedModel]:
    kept = [model for model in hosted if model not in todo.delete]
    kept = [replace(model, active=False) if model in todo.deactivate else model for model in kept]
    kept = [replace(model, active=True) if model in todo.reactivate else model for model in kept]
    return kept + [HostedModel(uuid.uuid4(), name, name, True, False) for name in todo.create]


@given(_hosted, _names, st.none() | _names, st.frozensets(_NAMES, max_size=3))
def test_it_leads_to_what_is_listed_and_stays_there(
    hosted: list[HostedModel], listed: list[str], model_filter: list[str] | None, others: frozenset[str]
) -> None:
    taken = others | {model.alias for model in hosted}
    todo = plan(hosted, listed, model_filter, taken)
    after = _applied(hosted, todo)
    deleted = {model.model_name for model in hosted if model.deleted}
    wanted = {name for name in listed if model_filter is None or name in model_filter}
    serving = {model.model_name for model in after if model.active and not model.deleted}
    assert serving == wanted - deleted - set(todo.skip)
    assert set(todo.skip) <= others
    assert {model.model_name for model in after if model.deleted} == deleted
    again = plan(after, listed, model_filter, others | {model.alias for model in after})
    assert (again.create, again.reactivate, again.deactivate, again.delete) == ((), (), (), ())
    assert (todo.listed, todo.wanted) == (len(set(listed)), len(wanted))
