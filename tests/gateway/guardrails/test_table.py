"""Which guardrails hold for whom, in which order, and that they go without a trace."""

from __future__ import annotations

from typing import Any

import msgspec

from control_layer.contract.guardrails import Guardrail
from control_layer.contract.snapshot import SYSTEM_USER, Update, User
from control_layer.gateway.guardrails.steps import Allow, Deny, External, Redact
from control_layer.gateway.guardrails.table import Guardrails
from control_layer.gateway.snapshot import Snapshot

_ANNA, _BEN = User("anna", ("everyone", "research")), User("ben", ("everyone",))


def _rail(name: str, kind: Any = "deny_pattern", position: int = 0, **more: Any) -> Guardrail:
    stage = more.pop("stage", "both")
    return Guardrail(name, name, position, stage, kind, pattern=more.pop("pattern", "x"), **more)


def _names(steps: Any) -> list[list[str]]:
    return [[step.row.name] if isinstance(step, External) else [rail.row.name for rail in step.rails] for step in steps]


def test_those_of_the_model_and_the_groups_hold_in_their_order() -> None:
    table = Guardrails(
        [
            _rail("last", position=9),
            _rail("mine", position=1, groups=("research", "sales")),
            _rail("of m", position=2, models=("m",)),
            _rail("answers", position=3, stage="answer"),
            _rail("requests", position=4, stage="request"),
        ]
    )
    plan = table.plan_for("m", "m", _ANNA)
    assert plan is not None
    assert _names(plan.request) == [["mine", "of m", "requests", "last"]]
    assert _names(plan.answer) == [["mine", "of m", "answers", "last"]]
    other = table.plan_for("n", "n", _BEN)
    assert other is not None
    assert _names(other.request) == [["requests", "last"]]
    assert table.plan_for("n", "n", _BEN) is other
    assert Guardrails([_rail("r", models=("m",))]).plan_for("n", "n", _ANNA) is None
    redirected = table.plan_for("m", "n", _BEN)
    assert redirected is not None
    assert _names(redirected.request) == [["of m", "requests", "last"]]
    assert table.plan_for("m", "m", User(SYSTEM_USER, ("everyone", "system"))) is None


def test_neighbours_of_a_kind_look_together() -> None:
    kinds = ("deny_pattern", "deny_pattern", "redact", "redact", "allow_pattern", "allow_pattern", "external", "redact")
    table = Guardrails([_rail(str(place), kind, place) for place, kind in enumerate(kinds)])
    plan = table.plan_for("m", "m", _ANNA)
    assert plan is not None
    assert [type(step) for step in plan.request] == [Deny, Redact, Allow, Allow, External, Redact]
    assert _names(plan.request) == [["0", "1"], ["2", "3"], ["4"], ["5"], ["6"], ["7"]]


def test_one_whose_pattern_cannot_be_used_is_named() -> None:
    plan = Guardrails([_rail("good"), _rail("odd", pattern="(", position=1)]).plan_for("m", "m", _ANNA)
    assert plan is not None
    assert plan.broken == "odd"


def test_a_snapshot_without_guardrails_has_no_table() -> None:
    def update(version: int, **more: Any) -> Update:
        return msgspec.msgpack.decode(
            msgspec.msgpack.encode(Update(version=version, base=version - 1, final=True, **more)), type=Update
        )

    def applied(to: Snapshot, piece: Update) -> Guardrails | None:
        to.apply(piece)
        return to.guardrails

    snapshot = Snapshot()
    assert applied(snapshot, update(1)) is None
    first = applied(snapshot, update(2, guardrails=(_rail("a"), _rail("b", "external", url="http://x/"))))
    assert first is not None
    assert list(first.external()) == ["b"]
    before = first.plan_for("m", "m", _ANNA)
    second = applied(snapshot, update(3, guardrails=(_rail("a", stage="answer"),), gone_guardrails=("b",)))
    assert second is not None
    after = second.plan_for("m", "m", _ANNA)
    assert before is not None
    assert after is not None
    assert _names(before.request) == [["a"], ["b"]]  # a request under way keeps what it began with
    assert (_names(after.request), _names(after.answer)) == ([], [["a"]])
    assert applied(snapshot, update(4, gone_guardrails=("a",))) is None
