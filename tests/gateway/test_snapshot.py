"""The gateway's picture of keys, users, models and endpoints: in force at once or not at all."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.frames import frame
from control_layer.contract.routing import Fallback, Hedging
from control_layer.contract.snapshot import Deployment, Endpoint, Key, Model, Update, User
from control_layer.gateway.snapshot import OutOfStep, SnapshotState
from control_layer.gateway.snapshot_link import load_persisted


def key(number: int, user: str = "u") -> Key:
    return Key(b"digest-%d" % number, f"k{number}", user)


def model(alias: str, *groups: str) -> Model:
    return Model(alias, f"id-{alias}", 0, groups, (Deployment(f"id-{alias}", "e", alias),))


def update(version: int, base: int = 0, *, final: bool = True, **rows: Any) -> Update:
    return Update(version=version, base=base, final=final, **rows)


def tables(state: SnapshotState) -> tuple[object, ...]:
    current = state.current
    routes = {alias: route.model for alias, route in current.routes.items()}
    return current.version, current.keys, current.users, routes, current.endpoints


def test_a_whole_snapshot_is_in_force_with_its_last_piece_and_not_before() -> None:
    state = SnapshotState()
    assert not state.receive(update(7, final=False, keys=(key(1),)))
    assert not state.ready
    assert not state.current.keys
    assert state.receive(update(7, users=(User("u", ("g",)),)))
    assert (state.current.version, len(state.current.keys), len(state.current.users)) == (7, 1, 1)


def test_a_deltas_pieces_are_in_force_together() -> None:
    state = SnapshotState()
    state.receive(update(1, keys=(key(1),)))
    assert not state.receive(update(2, 1, final=False, gone_keys=(key(1).digest,)))
    assert key(1).digest in state.current.keys
    assert state.receive(update(2, 1, keys=(key(2),)))
    assert set(state.current.keys) == {key(2).digest}


def test_a_whole_snapshot_leaves_nothing_of_the_one_before() -> None:
    state = SnapshotState()
    state.receive(update(1, keys=(key(1),), models=(model("m", "g"),)))
    state.receive(update(5, keys=(key(2),)))
    assert tables(state) == (5, {key(2).digest: key(2)}, {}, {}, {})


def test_what_a_model_has_learnt_and_spent_outlives_its_row_while_the_rules_are_the_same() -> None:
    rules = {"hedging": Hedging(1.0, None, 0.05), "fallback": Fallback(max_wasted_cost=Decimal(1))}
    state = SnapshotState()
    state.receive(update(1, models=(msgspec.structs.replace(model("m"), **rules),)))
    first = state.current.routes["m"]
    state.receive(update(2, 1, models=(msgspec.structs.replace(model("m", "g"), **rules),)))
    changed = state.current.routes["m"]
    assert changed is not first
    assert (changed.hedging, changed.waste) == (first.hedging, first.waste)
    state.receive(update(9, models=(msgspec.structs.replace(model("m"), **rules),)))
    assert (state.current.routes["m"].hedging, state.current.routes["m"].waste) == (first.hedging, first.waste)
    state.receive(update(10, 9, models=(msgspec.structs.replace(model("m"), hedging=Hedging(1.0, None, 0.06)),)))
    assert state.current.routes["m"].hedging not in (None, first.hedging)
    assert state.current.routes["m"].waste is None


@pytest.mark.parametrize(("version", "base"), [(3, 2), (1, 1), (0, 1)])
def test_a_delta_that_does_not_follow_is_refused_and_changes_nothing(version: int, base: int) -> None:
    state = SnapshotState()
    state.receive(update(1, keys=(key(1),)))
    before = tables(state)
    with pytest.raises(OutOfStep):
        state.receive(update(version, base, gone_keys=(key(1).digest,)))
    assert tables(state) == before


def test_pieces_of_a_connection_that_broke_do_not_count() -> None:
    state = SnapshotState()
    state.receive(update(1, keys=(key(1),)))
    state.receive(update(2, 1, final=False, gone_keys=(key(1).digest,)))
    state.forget_pieces()
    assert state.receive(update(2, 1, keys=(key(2),)))
    assert set(state.current.keys) == {key(1).digest, key(2).digest}


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=20), st.integers(1, 5))
def test_deltas_lead_to_the_same_state_as_a_whole_snapshot(changes: list[tuple[bool, int]], size: int) -> None:
    expected: dict[bytes, Key] = {}
    state = SnapshotState()
    state.receive(update(1))
    version = 1
    for start in range(0, len(changes), size):
        batch = changes[start : start + size]
        for index, (put, number) in enumerate(batch):
            digest = key(number).digest
            final = index == len(batch) - 1
            if put:
                expected[digest] = key(number)
                state.receive(update(version + 1, version, final=final, keys=(key(number),)))
            else:
                expected.pop(digest, None)
                state.receive(update(version + 1, version, final=final, gone_keys=(digest,)))
        version += 1
    assert state.current.keys == expected
    assert state.current.version == version


def test_a_request_keeps_the_rows_it_was_admitted_under() -> None:
    state = SnapshotState()
    state.receive(update(1, models=(model("m", "g"),)))
    route = state.current.routes["m"]
    state.receive(update(2, 1, gone_models=("m",)))
    assert route.model.alias == "m"
    assert "m" not in state.current.routes


def test_only_granted_models_are_callable_and_a_keys_own_list_cuts_them_down() -> None:
    state = SnapshotState()
    state.receive(update(1, models=(model("a", "g"), model("b", "g", "h"), model("c", "h"), model("d"))))
    user = User("u", ("g",))
    callable_by = state.current.callable_by
    assert {found.alias for found in callable_by(key(1), user)} == {"a", "b"}
    restricted = msgspec.structs.replace(key(1), models=("b", "c"))
    assert [found.alias for found in callable_by(restricted, user)] == ["b"]


def _persist(path: Path, *updates: Update) -> bytes:
    data = b"".join(frame(msgspec.msgpack.encode(piece)) for piece in updates)
    path.write_bytes(data)
    return data


def test_the_persisted_snapshot_is_replayed_with_its_deltas(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    endpoint = Endpoint("e", "name", "http://host")
    _persist(
        path, update(1, final=False, keys=(key(1),)), update(1, endpoints=(endpoint,)), update(2, 1, keys=(key(2),))
    )
    state = SnapshotState()
    assert load_persisted(path, state)
    assert tables(state) == (2, {key(1).digest: key(1), key(2).digest: key(2)}, {}, {}, {"e": endpoint})


def test_a_persisted_snapshot_torn_anywhere_gives_what_is_whole_of_it(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    first = len(_persist(path, update(1, keys=(key(1),))))
    data = _persist(path, update(1, keys=(key(1),)), update(2, 1, gone_keys=(key(1).digest,)))
    for size in range(len(data) + 1):
        path.write_bytes(data[:size])
        state = SnapshotState()
        assert load_persisted(path, state) == (size >= first)
        assert state.current.version == (2 if size == len(data) else 1 if size >= first else 0)


def test_a_damaged_or_missing_persisted_snapshot_is_no_reason_not_to_start(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    assert not load_persisted(path, SnapshotState())
    path.write_bytes(b"\xff" * 100)
    assert not load_persisted(path, SnapshotState())
    path.write_bytes(frame(b"not msgpack"))
    assert not load_persisted(path, SnapshotState())
