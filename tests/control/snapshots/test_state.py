"""The difference between what was said and what is true, for every order in which changes are read."""

from __future__ import annotations

import hashlib

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from control_layer.contract.frames import FrameReader
from control_layer.contract.snapshot import Deployment, Endpoint, Key, Model, Update, User
from control_layer.control.snapshots.pieces import delta_frame, whole_pieces
from control_layer.control.snapshots.state import (
    Difference,
    Found,
    Rows,
    State,
    Touched,
    key_of_secret,
    secret_of,
)
from control_layer.gateway.snapshot import Snapshot, SnapshotState

_IDS = [str(number) for number in range(5)]
_SECRETS = [hashlib.sha256(str(number).encode()).digest() for number in range(4)]
_ALIASES = ["alpha", "beta", "gamma"]


def _secrets(key_id: str) -> tuple[str, str]:
    key_id = key_of_secret(key_id)
    return key_id, secret_of(key_id, previous=True)


class _World:
    """The truth: at most one row for a digest, and for an alias."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}
        """By the id of the secret: a key has one, and another for a while."""
        self.users: dict[str, User] = {}
        self.models: dict[str, Model] = {}
        self.endpoints: dict[str, Endpoint] = {}

    def rows(self) -> Rows:
        return Rows(
            list(self.keys.values()),
            list(self.users.values()),
            list(self.models.values()),
            list(self.endpoints.values()),
        )

    def find(self, touched: Touched) -> Found:
        return Found(
            {secret_id: self.keys.get(secret_id) for key_id in touched.keys for secret_id in _secrets(key_id)},
            {row_id: self.users.get(row_id) for row_id in touched.users},
            {row_id: self.models.get(row_id) for row_id in touched.models},
            {row_id: self.endpoints.get(row_id) for row_id in touched.endpoints},
        )


_edits = st.lists(
    st.one_of(
        st.tuples(st.just("key"), st.sampled_from(_IDS), st.sampled_from(_SECRETS), st.sampled_from(_IDS)),
        st.tuples(st.just("rotate"), st.sampled_from(_IDS), st.sampled_from(_SECRETS), st.booleans()),
        st.tuples(st.just("user"), st.sampled_from(_IDS), st.lists(st.sampled_from(_IDS), max_size=2, unique=True)),
        st.tuples(st.just("model"), st.sampled_from(_IDS), st.sampled_from(_ALIASES), st.integers(1, 3)),
        st.tuples(st.just("endpoint"), st.sampled_from(_IDS), st.sampled_from(["http://a/", "http://b/"])),
        st.tuples(st.just("drop"), st.sampled_from(["keys", "users", "models", "endpoints"]), st.sampled_from(_IDS)),
        st.tuples(st.just("swap"), st.sampled_from(_IDS), st.sampled_from(_IDS)),
        st.tuples(st.just("lose"), st.just("")),
        st.tuples(st.just("read"), st.integers(1, 3)),
    ),
    max_size=60,
)


def _edit(world: _World, touched: Touched, edit: tuple[object, ...]) -> None:
    match edit:
        case ("key", str(row_id), bytes(digest), str(user_id)):
            if all(key.digest != digest for at, key in world.keys.items() if at != row_id):
                world.keys[row_id] = Key(digest, row_id, user_id)
                touched.keys.add(row_id)
        case ("rotate", str(row_id), bytes(digest), bool(grace)) if row_id in world.keys:
            old, previous = world.keys[row_id], secret_of(row_id, previous=True)
            if all(key.digest != digest for at, key in world.keys.items() if at != previous) and digest != old.digest:
                world.keys.pop(previous, None)
                world.keys[row_id] = msgspec.structs.replace(old, digest=digest)
                if grace:
                    world.keys[previous] = msgspec.structs.replace(old, previous=True, expires_at=9e9)
                touched.keys.add(row_id)
        case ("user", str(row_id), list(groups)):
            world.users[row_id] = User(row_id, tuple(groups))
            touched.users.add(row_id)
        case ("model", str(row_id), str(alias), int(weight)):
            if all(model.alias != alias or model.id == row_id for model in world.models.values()):
                world.models[row_id] = Model(alias, row_id, 0, (), (Deployment(row_id, "0", "m", weight),))
                touched.models.add(row_id)
        case ("endpoint", str(row_id), str(url)):
            world.endpoints[row_id] = Endpoint(row_id, row_id, url)
            touched.endpoints.add(row_id)
        case ("drop", str(table), str(row_id)):
            getattr(world, table).pop(row_id, None)
            if table == "keys":
                world.keys.pop(secret_of(row_id, previous=True), None)
            getattr(touched, table).add(row_id)
        case ("swap", str(one), str(other)) if one in world.models and other in world.models:
            first, second = world.models[one], world.models[other]
            world.models[one] = msgspec.structs.replace(first, alias=second.alias)
            world.models[other] = msgspec.structs.replace(second, alias=first.alias)
            touched.models |= {one, other}
        case _:
            pass


def _feed(gateway: SnapshotState, data: bytes) -> None:
    for payload in FrameReader().feed(data):
        gateway.receive(msgspec.msgpack.decode(payload, type=Update))


def _tables(snapshot: Snapshot) -> tuple[object, ...]:
    models = {alias: route.model for alias, route in snapshot.routes.items()}
    return snapshot.keys, snapshot.users, models, snapshot.endpoints


def _truth(world: _World) -> tuple[object, ...]:
    return (
        {key.digest: key for key in world.keys.values()},
        world.users,
        {model.alias: model for model in world.models.values()},
        world.endpoints,
    )


@given(_edits)
@settings(max_examples=300, deadline=None)
def test_gateway_that_follows_ends_with_the_truth_whatever_is_lost_on_the_way(edits: list[tuple[object, ...]]) -> None:
    world, state, touched, gateway, version = _World(), State(), Touched(), SnapshotState(), 1
    replayed = State()
    _feed(gateway, b"".join(whole_pieces(state.rows(), version)))

    def publish(found: Found) -> None:
        nonlocal version
        difference = state.replace(found)
        if difference:
            data = delta_frame(difference, version, version + 1)
            version += 1
            _feed(gateway, data)
            for payload in FrameReader().feed(data):
                replayed.apply(msgspec.msgpack.decode(payload, type=Update))

    for edit in edits:
        if edit[0] == "read":
            publish(world.find(touched.take(int(str(edit[1])), 1)))
        elif edit[0] == "lose":
            touched = Touched()
        else:
            _edit(world, touched, edit)
    suspects = state.unlike(world.rows())
    unseen = state.ids()
    unseen.remove(world.rows())
    suspects.add(unseen)
    while suspects:
        publish(world.find(suspects.take(2, 2)))

    assert _tables(gateway.current) == _truth(world)
    assert gateway.current.version == version
    fresh = SnapshotState()
    for piece in whole_pieces(state.rows(), version):
        _feed(fresh, piece)
    assert _tables(fresh.current) == _truth(world)
    assert _tables_of(replayed) == _tables_of(state)
    assert not state.unlike(world.rows())


def _tables_of(state: State) -> tuple[object, ...]:
    return (
        (state.keys.rows, state.keys.keys),
        (state.users.rows, state.users.keys),
        (state.models.rows, state.models.keys),
        (state.endpoints.rows, state.endpoints.keys),
    )


def test_unchanged_rows_are_not_told_again() -> None:
    state = State()
    user = User("1", ("g",))
    assert state.replace(Found(users={"1": user})).users.put == [user]
    again = state.replace(Found(users={"1": User("1", ("g",))}))
    assert not again
    assert again == Difference()
    assert state.users.rows["1"] is user


def test_a_rotated_key_is_gone_under_its_old_digest() -> None:
    state = State()
    old, new = (Key(digest, "k", "u") for digest in _SECRETS[:2])
    state.replace(Found(keys={"k": old}))
    change = state.replace(Found(keys={"k": new})).keys
    assert change.put == [new]
    assert change.gone == [old.digest]


def test_a_key_in_its_grace_is_known_under_both_digests() -> None:
    state = State()
    first, second = (Key(digest, "k", "u") for digest in _SECRETS[:2])
    kept = msgspec.structs.replace(first, previous=True, expires_at=1.0)
    state.replace(Found(keys={"k": first, "k/previous": None}))
    change = state.replace(Found(keys={"k": second, "k/previous": kept})).keys
    assert (change.put, change.gone) == ([second, kept], [])
    assert state.ids().keys == {"k", "k/previous"}
    change = state.replace(Found(keys={"k": second, "k/previous": None})).keys
    assert (change.put, change.gone) == ([], [first.digest])


def test_a_crowd_of_one_kind_holds_up_no_other() -> None:
    touched = Touched(keys={"k"}, users={str(number) for number in range(5000)})
    first = touched.take(2000, 100)
    assert first.keys == {"k"}
    assert len(first.users) == 2000
    assert len(touched.users) == 3000
