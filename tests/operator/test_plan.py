"""The difference of two states, without an instance."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from tests.operator.states import states

from control_layer.operator.declarative.plan import Action, Plan, planned
from control_layer.operator.declarative.plan_text import plan_lines, summary
from control_layer.operator.declarative.resources import LEFT_ALONE, Kind, Name, header_of, needs_no_word, resources_of
from control_layer.operator.declarative.state import State

Content = dict[Kind, dict[Name, dict[str, Any]]]


def _content(state: State) -> Content:
    """Resources without credentials, which nobody can read, and without defaults, which nothing new is told."""
    return {
        kind: {
            name: {field: value for field, value in fields.items() if _is_told(kind, field, value)}
            for name, fields in resources.items()
        }
        for kind, resources in resources_of(state).items()
    }


def _is_told(kind: Kind, field: str, value: object) -> bool:
    return field != "credential" and not needs_no_word(kind, field, value)


def _carried_out(plan: Plan, content: Content) -> None:
    for change in plan.changes:
        if change.action is Action.DELETE:
            kinds = (Kind.GROUP, Kind.MEMBERS, Kind.GRANTS) if change.kind is Kind.GROUP else (change.kind,)
            for kind in kinds:
                content[kind].pop(change.name, None)
            continue
        fields = content[change.kind].setdefault(change.name, {})
        for field in change.fields:
            fields.pop(field.field, None)
            if _is_told(change.kind, field.field, field.after):
                fields[field.field] = field.after


def _empty_lists(content: Content) -> Content:
    """A group without members is one whose list is empty."""
    for kind, field in ((Kind.MEMBERS, "members"), (Kind.GRANTS, "models")):
        for name in content[Kind.GROUP]:
            content[kind].setdefault(name, {}).setdefault(field, [])
    return content


def _with_headers(content: Content) -> Content:
    """An endpoint without a word on the header that takes its credential has its dialect's."""
    for fields in content[Kind.ENDPOINT].values():
        name, prefix = header_of(fields.get("dialect"))
        fields.setdefault("auth_header_name", name)
        fields.setdefault("auth_header_prefix", prefix)
    return content


@given(states())
def test_a_state_does_not_differ_from_itself(state: State) -> None:
    plan = planned(state, state, prune=True)
    assert (plan.changes, plan.problems, plan.remarks) == ((), (), ())


@given(states(), states())
def test_carrying_out_the_plan_makes_one_state_the_other(desired: State, current: State) -> None:
    plan = planned(desired, current, prune=True)
    assert plan.problems == ()
    content = _content(current)
    _carried_out(plan, content)
    wanted = _content(desired)
    for kind, left_alone in LEFT_ALONE.items():
        for name, fields in content[kind].items():
            kept = {field: value for field, value in fields.items() if field in left_alone}
            wanted[kind][name] = kept | wanted[kind][name]
    assert _with_headers(_empty_lists(content)) == _with_headers(_empty_lists(wanted))


@given(states(), states())
def test_every_difference_is_shown_and_no_value_steers_the_terminal(desired: State, current: State) -> None:
    plan = planned(desired, current, prune=True)
    lines = list(plan_lines(plan))
    assert sum(line[0] in "+~-" for line in lines) == len(plan.changes)
    assert all(line.isprintable() for line in lines)
    assert summary(plan)


@given(states())
def test_nothing_is_pruned_of_kinds_that_the_file_does_not_have(current: State) -> None:
    assert planned(State(), current, prune=True).changes == ()
    only_groups = planned(State(groups={}), current, prune=True)
    assert {change.kind for change in only_groups.changes} <= {Kind.GROUP}
    assert only_groups.deletions == len(current.groups or {}) - 1  # Everyone stays


@given(states(), states())
def test_without_prune_nothing_is_deleted(desired: State, current: State) -> None:
    assert planned(desired, current).deletions == 0


def _state(**content: object) -> State:
    return State.model_validate(content)


def test_what_is_protected_is_not_pruned() -> None:
    current = _state(users={"admin": {}, "jo": {}}, groups={"Everyone": {"models": []}, "idp": {}})
    protected = {(Kind.USER, ("admin",)), (Kind.GROUP, ("idp",))}
    plan = planned(_state(users={}, groups={}), current, prune=True, protected=protected)
    assert [change.name for change in plan.changes] == [("jo",)]


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ({"endpoint": "one"}, {"endpoint": "two"}, "endpoint"),
        ({"endpoint": "one"}, {"endpoint": "one", "model_name": "x"}, "model_name"),
        ({"endpoint": "one"}, {"components": []}, "type"),
    ],
)
def test_what_the_api_cannot_change_is_a_problem(before: object, after: object, field: str) -> None:
    endpoints = {"one": {"url": "http://one"}, "two": {"url": "http://two"}}
    plan = planned(_state(models={"m": after}), _state(endpoints=endpoints, models={"m": before}))
    assert any(field in problem for problem in plan.problems)


def test_a_reference_to_nothing_is_a_problem_with_what_was_probably_meant() -> None:
    current = _state(endpoints={"openai": {"url": "http://one"}}, users={"jo@example.org": {}})
    desired = _state(
        models={"mistral-7b": {"endpoint": "open-ai"}},
        groups={"g": {"members": ["jo@exmple.org"], "models": ["mistral-8b"]}},
        keys={"nobody": {"k": {}}},
    )
    problems = planned(desired, current).problems
    assert problems == (
        "model mistral-7b needs the endpoint 'open-ai', which there is not; did you mean 'openai'?",
        "members of g needs the user 'jo@exmple.org', which there is not; did you mean 'jo@example.org'?",
        "models of g needs the model 'mistral-8b', which there is not; did you mean 'mistral-7b'?",
        "keys of nobody needs the user 'nobody', which there is not",
    )


def test_what_limits_guardrails_and_probes_are_for_must_be_there() -> None:
    current = _state(users={"jo@example.org": {}}, keys={"jo@example.org": {"ci": {}}}, groups={"staff": {}})
    limit = {"x": {"kind": "requests", "amount": 1, "per": "second"}}
    desired = _state(
        rate_limits={"groups": {"stuff": limit}, "keys": {"jo@example.org": {"ci": limit, "cd": limit}}},
        guardrails={"g": {"kind": "deny_pattern", "pattern": "x", "groups": ["staff"], "models": ["gpt"]}},
        probes={"p": {"model": "gpt", "interval_seconds": 60}},
    )
    assert planned(desired, current).problems == (
        "guardrail g needs the model 'gpt', which there is not",
        "rate limit x of group stuff needs the group 'stuff', which there is not; did you mean 'staff'?",
        (
            "rate limit x of key jo@example.org/cd needs the key 'jo@example.org/cd', which there is not; "
            "did you mean 'jo@example.org/ci'?"
        ),
        "probe p needs the model 'gpt', which there is not",
    )


def test_pruning_what_the_file_needs_is_a_problem() -> None:
    current = _state(endpoints={"one": {"url": "http://one"}}, models={"m": {"endpoint": "one"}})
    plan = planned(_state(endpoints={}, models={"m": {"endpoint": "one"}}), current, prune=True)
    assert plan.problems == ("model m needs the endpoint 'one', which --prune would delete",)


def test_a_limit_that_the_api_cannot_take_away_is_remarked() -> None:
    current = _state(users={"jo": {}}, keys={"jo": {"ci": {"requests_per_second": 2}}})
    plan = planned(_state(keys={"jo": {"ci": {}}}), current)
    assert plan.changes == ()
    assert plan.remarks == ("key jo/ci: requests_per_second stays 2.0; it can be changed, but not taken away",)


def test_a_credential_is_sent_when_there_is_none_or_on_request() -> None:
    bare, given_one = {"url": "http://one"}, {"url": "http://one", "credential": {"env": "A"}}
    desired = _state(endpoints={"one": given_one})
    assert planned(desired, _state(endpoints={"one": given_one})).changes == ()
    for plan in (
        planned(desired, _state(endpoints={"one": bare})),
        planned(desired, _state(endpoints={"one": given_one}), renew_credentials=True),
    ):
        assert list(plan_lines(plan)) == ["~ endpoint one", "    credential: from $A"]


def test_a_credential_is_sent_again_when_the_endpoint_moves_to_another_origin() -> None:
    def at(url: str) -> State:
        return _state(endpoints={"one": {"url": url, "credential": {"env": "A"}}})

    moved = list(plan_lines(planned(at("https://two/v1"), at("https://one/v1"))))
    assert "    credential: from $A" in moved
    assert "    credential: from $A" not in plan_lines(planned(at("https://one/v2"), at("https://one/v1")))


def test_a_reordering_is_shown_whole_and_other_list_changes_item_by_item() -> None:
    def mix(*names: str) -> State:
        parts = [{"model": name} for name in names]
        return _state(models={"m": {"components": parts}, **{name: {"components": []} for name in "abc"}})

    reordered = list(plan_lines(planned(mix("a", "b"), mix("b", "a"))))
    assert len(reordered) == 2
    assert "→" in reordered[1]
    exchanged = [line.strip() for line in plan_lines(planned(mix("a", "c"), mix("a", "b")))]
    assert [line[0] for line in exchanged] == ["~", "c", "-", "+"]
