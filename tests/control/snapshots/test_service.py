"""From a committed change to what gateways know, whatever fails in between."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import stat
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from tests.control.snapshots.editor import Editor
from tests.control.snapshots.world import Recording, World, eventually

from control_layer.contract.frames import frame
from control_layer.contract.snapshot import Hello
from control_layer.control.snapshots.in_force import InForce
from control_layer.gateway.snapshot import Snapshot

_NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


@pytest.mark.parametrize("seed", range(6))
async def test_deltas_add_up_to_a_compilation_from_nothing(world: World, seed: int) -> None:
    editor = Editor(world.rows, seed)
    for _ in range(30):
        await editor.edit()
    service = await world.service()
    gateway = world.gateway(service)
    await world.settled(gateway)
    for _ in range(120):
        await editor.edit()
    await world.settled(gateway)
    assert gateway.state.wholes == 1
    versions = gateway.state.versions
    assert versions == sorted(set(versions))
    newcomer = world.gateway(service)
    await world.settled(newcomer)
    assert newcomer.state.wholes == 1
    truth = await world.truth()
    await eventually(lambda: service.persisted() == truth)


async def test_only_what_changed_is_sent(world: World) -> None:
    for _ in range(20):
        await world.rows.key(await world.rows.user())
    service = await world.service()
    gateway = world.gateway(service)
    await world.settled(gateway)
    gateway.state.updates.clear()
    user = await world.rows.user()
    await gateway.until(lambda snapshot: user in snapshot.users)
    assert [len(update.users) for update in gateway.state.updates] == [1]
    await world.rows.execute("UPDATE users SET display_name = 'nobody at a gateway cares' WHERE id = $1", user)
    await world.rows.execute("UPDATE users SET last_login = now() WHERE id = $1", user)
    other = await world.rows.user()
    await gateway.until(lambda snapshot: other in snapshot.users)
    assert sum(len(update.users) for update in gateway.state.updates) == 2


async def test_only_a_charge_that_spends_the_credit_is_told(world: World) -> None:
    user = await world.rows.user()
    gateway = world.gateway(await world.service())
    await gateway.until(lambda snapshot: user in snapshot.users)
    assert gateway.state.current.users[user].credit_spent
    gateway.state.updates.clear()
    await world.rows.move(user, 10)
    await gateway.until(lambda snapshot: not snapshot.users[user].credit_spent)
    for _ in range(9):
        await world.rows.move(user, 1, "usage")
    other = await world.rows.user()
    await gateway.until(lambda snapshot: other in snapshot.users)
    assert [row.id for update in gateway.state.updates for row in update.users] == [user, other]
    await world.rows.move(user, 1, "usage")
    await gateway.until(lambda snapshot: snapshot.users[user].credit_spent)


async def test_a_price_is_known_when_it_is_set_and_when_it_is_taken_away(world: World) -> None:
    model = await world.rows.model(await world.rows.endpoint(), "m")
    gateway = world.gateway(await world.service())
    await gateway.until(lambda snapshot: "m" in snapshot.routes)
    assert not gateway.state.current.routes["m"].priced
    await world.rows.tariff(model)
    await gateway.until(lambda snapshot: snapshot.routes["m"].priced)
    await world.rows.execute("UPDATE tariffs SET valid_until = now()")
    await gateway.until(lambda snapshot: not snapshot.routes["m"].priced)


@pytest.mark.parametrize("known_at_the_start", [True, False])
async def test_a_tariff_begins_and_ends_at_its_time(world: World, known_at_the_start: bool) -> None:
    rows = world.rows
    model, free = [await rows.model(await rows.endpoint(), alias) for alias in ("m", "free")]
    await rows.tariff(free, output_price_per_token=0)
    await rows.execute("UPDATE tariffs SET valid_from = '-infinity', valid_until = 'infinity'")
    soon = "SELECT now() + interval '0.5 s'"
    begins = await rows.connection.fetchval(soon)
    if known_at_the_start:
        await rows.tariff(model, valid_from=begins)
    gateway = world.gateway(await world.service())
    if not known_at_the_start:
        await gateway.until(lambda snapshot: "m" in snapshot.routes)
        begins = await rows.connection.fetchval(soon)
        await rows.tariff(model, valid_from=begins)
    await gateway.until(lambda snapshot: "m" in snapshot.routes and snapshot.routes["m"].priced)
    assert await rows.connection.fetchval("SELECT now() >= $1", begins)
    ends = await rows.connection.fetchval(soon)
    await rows.execute("UPDATE tariffs SET valid_until = $2 WHERE model_id = $1", model, ends)
    await gateway.until(lambda snapshot: not snapshot.routes["m"].priced)
    assert await rows.connection.fetchval("SELECT now() >= $1", ends)


async def test_a_cache_pricing_ends_at_its_time(world: World) -> None:
    rows = world.rows
    model = await rows.model(await rows.endpoint(), "m")
    await rows.tariff(model, input_price_per_token=1)
    gateway = world.gateway(await world.service())
    await world.settled(gateway)
    await rows.execute(
        "INSERT INTO cache_pricings (id, model_id, write_multiplier_5m, write_multiplier_1h, write_multiplier_24h, "
        "read_multiplier, min_prefix_tokens) VALUES (gen_random_uuid(), $1, 1, 1, 1, 0.5, 0)",
        model,
    )
    await gateway.until(lambda snapshot: _cached_price(snapshot) == Decimal("0.5"))
    ends = await rows.connection.fetchval("SELECT now() + interval '0.5 s'")
    await rows.execute("UPDATE cache_pricings SET valid_until = $1", ends)
    await gateway.until(lambda snapshot: _cached_price(snapshot) == 1)
    assert await rows.connection.fetchval("SELECT now() >= $1", ends)


def _cached_price(snapshot: Snapshot) -> Decimal:
    (tariff,) = snapshot.routes["m"].model.tariffs
    return tariff.prices.cached_input


async def test_keys_of_a_disabled_user_leave_the_gateways_and_come_back(world: World) -> None:
    user = await world.rows.user()
    for secret in ("one", "two"):
        await world.rows.key(user, secret)
    gateway = world.gateway(await world.service())
    await gateway.until(lambda snapshot: _digest("one") in snapshot.keys)
    await world.rows.execute("UPDATE users SET disabled_at = now() WHERE id = $1", user)
    await gateway.until(lambda snapshot: user not in snapshot.users)
    assert not {_digest("one"), _digest("two")} & gateway.state.current.keys.keys()
    await world.rows.execute("UPDATE users SET disabled_at = NULL WHERE id = $1", user)
    await gateway.until(lambda snapshot: user in snapshot.users)
    assert {_digest("one"), _digest("two")} <= gateway.state.current.keys.keys()


async def test_a_gateway_that_comes_back_gets_the_difference(world: World) -> None:
    service = await world.service()
    gateway = world.gateway(service)
    await world.settled(gateway)
    await gateway.disconnect()
    for _ in range(3):
        key = await world.rows.key(await world.rows.user())
    other = world.gateway(service)
    await world.settled(other)
    gateway.connect()
    await world.settled(gateway)
    assert gateway.state.wholes == 1
    await world.rows.execute("DELETE FROM api_keys WHERE id = $1", key)
    await world.settled(gateway, other)


async def test_a_gateway_from_an_unknown_history_gets_everything_under_a_higher_version(world: World) -> None:
    await world.rows.user()
    service = await world.service()
    ahead, behind = Recording(), Recording()
    ahead.current.version, behind.current.version = 2**50, 1
    gateways = [world.gateway(service, ahead), world.gateway(service, behind), world.gateway(service)]
    for gateway in gateways:
        await gateway.until(lambda snapshot: snapshot.version > 2**50)
    await world.settled(*gateways)
    assert (ahead.wholes, behind.wholes) == (1, 1)


async def test_lost_notifications_are_made_up_for_by_comparison(world: World) -> None:
    service = await world.service(compare_seconds=0.2)
    gateway = world.gateway(service)
    await world.settled(gateway)
    await world.rows.execute("SET session_replication_role = replica")  # no trigger fires, nobody is told
    user = await world.rows.user()
    key = await world.rows.key(user, "quiet")
    await world.settled(gateway)
    await world.rows.execute("UPDATE api_keys SET deleted_at = now() WHERE id = $1", key)
    await gateway.until(lambda snapshot: _digest("quiet") not in snapshot.keys)


async def test_a_lost_listener_connection_costs_no_change(world: World) -> None:
    service = await world.service()
    gateway = world.gateway(service)
    await world.settled(gateway)
    for _ in range(3):
        await world.rows.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await world.rows.key(await world.rows.user())
        await world.settled(gateway)


async def test_a_restarted_control_plane_goes_on_where_it_was(world: World) -> None:
    service = await world.service()
    gateway = world.gateway(service)
    await world.rows.key(await world.rows.user(), "stays")
    revoked = await world.rows.key(await world.rows.user(), "goes")
    await world.settled(gateway)
    await service.stop()
    await world.rows.execute("DELETE FROM api_keys WHERE id = $1", revoked)
    again = await world.service()
    await world.settled(gateway)
    assert gateway.state.wholes == 1
    assert _digest("stays") in again.persisted()[0]
    versions = gateway.state.versions
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("damage", ["lost", "emptied", "garbage", "torn"])
async def test_versions_go_up_though_the_file_is_damaged(world: World, damage: str) -> None:
    service = await world.service()
    gateway = world.gateway(service)
    for _ in range(5):
        await world.rows.key(await world.rows.user())
    await world.settled(gateway)
    await service.stop()
    match damage:
        case "lost":
            service.file.unlink()
        case "emptied":
            service.file.write_bytes(b"")
        case "garbage":
            service.file.write_bytes(b"\x00\x00\x00\x10" + b"?" * 64)
        case "torn":
            service.file.write_bytes(service.file.read_bytes()[:-7])
    await world.rows.key(await world.rows.user())
    again = await world.service()
    await world.settled(gateway)
    versions = gateway.state.versions
    assert versions == sorted(set(versions))
    truth = await world.truth()
    await eventually(lambda: again.persisted() == truth)


async def test_without_postgres_gateways_are_served_what_was_persisted(world: World) -> None:
    await world.rows.key(await world.rows.user(), "known")
    service = await world.service()
    first = world.gateway(service)
    await world.settled(first)
    await service.stop()
    away = await world.service(database_url=_NOWHERE)
    gateway = world.gateway(away)
    await gateway.until(lambda snapshot: _digest("known") in snapshot.keys)
    assert gateway.tables == first.tables


async def test_the_file_is_private_and_is_compacted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control_layer.control.snapshots.file._LEAST_APPENDED_BYTES", 2000)
    service = await world.service()
    gateway = world.gateway(service)
    await world.settled(gateway)
    user = await world.rows.user()
    sizes = []
    for _ in range(60):
        await world.rows.execute("UPDATE users SET zero_data_retention = NOT zero_data_retention WHERE id = $1", user)
        await world.settled(gateway)
        sizes.append(service.file.stat().st_size)
    assert max(sizes) < 5000
    truth = await world.truth()
    await eventually(lambda: service.persisted() == truth)
    assert stat.S_IMODE(service.file.stat().st_mode) == 0o600
    assert sorted(path.name for path in service.directory.iterdir()) == ["snapshot", "snapshot.sock"]


async def test_what_was_published_before_the_end_is_in_the_file(world: World) -> None:
    service = await world.service()
    gateway = world.gateway(service)
    await world.settled(gateway)
    await world.rows.key(await world.rows.user(), "last")
    await gateway.until(lambda snapshot: _digest("last") in snapshot.keys)
    await service.stop()
    assert service.persisted() == gateway.tables


async def test_a_file_that_cannot_be_written_costs_only_the_file(world: World) -> None:
    # Even root cannot replace a directory by a file.
    (world.directory / "one" / "snapshot.new").mkdir(parents=True)
    service = await world.service()
    gateway = world.gateway(service)
    await world.rows.key(await world.rows.user())
    await world.settled(gateway)
    assert not service.file.exists()


async def test_two_hosts_on_one_database_both_follow(world: World) -> None:
    hosts = [await world.service("one"), await world.service("two")]
    gateways = [world.gateway(host) for host in hosts]
    editor = Editor(world.rows, 99)
    for _ in range(60):
        await editor.edit()
    await world.settled(*gateways)


async def test_a_group_edit_that_touches_thousands_of_users_arrives_whole(world: World) -> None:
    await world.rows.execute(
        "INSERT INTO users (id, username, email, auth_source)"
        " SELECT gen_random_uuid(), 'u' || n, 'u' || n, 'native' FROM generate_series(1, 5000) n"
    )
    service = await world.service()
    gateway = world.gateway(service)
    await world.settled(gateway)
    group = await world.rows.group()
    await world.rows.execute("INSERT INTO group_members SELECT $1, id FROM users", group)
    await world.settled(gateway)
    await world.rows.execute("DELETE FROM groups WHERE id = $1", group)
    await world.settled(gateway)
    assert gateway.state.wholes == 1
    assert max(len(update.users) for update in gateway.state.updates if update.base) <= 2000


async def test_nonsense_on_the_socket_harms_nobody(world: World) -> None:
    service = await world.service()
    assert stat.S_IMODE(service.socket.stat().st_mode) == 0o600
    good = world.gateway(service)
    await world.settled(good)
    for data in (b"", b"\xff" * 64, frame(b"?"), frame(msgspec.msgpack.encode(["worker"])), b"GET / HTTP/1.1\r\n\r\n"):
        reader, writer = await asyncio.open_unix_connection(service.socket)
        writer.write(data)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()
    await world.rows.user()
    await world.settled(good)


async def test_a_gateway_that_does_not_read_is_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control_layer.control.snapshots.server._SEND_SECONDS", 0.2)
    await world.rows.execute(
        "INSERT INTO users (id, username, email, auth_source)"
        " SELECT gen_random_uuid(), 'u' || n, 'u' || n, 'native' FROM generate_series(1, 20000) n"
    )
    service = await world.service()
    good = world.gateway(service)
    await world.settled(good)
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.connect(str(service.socket))
        stuck.sendall(frame(msgspec.msgpack.encode(Hello("stuck", 0))))
        await eventually(lambda: service.service.samples()[1].value == 2)  # the good gateway and the file
        await world.rows.user()
        await world.settled(good)


async def test_a_secret_is_in_force_once_every_linked_gateway_says_so(world: World) -> None:
    in_force = InForce()
    service = await world.service(in_force=in_force)
    gateway = world.gateway(service)
    await world.settled(gateway)
    key = await world.rows.key(await world.rows.user(), "in force")
    assert await in_force.secret(key, within_seconds=60)
    assert _digest("in force") in gateway.state.current.keys
    with socket.socket(socket.AF_UNIX) as slow:
        slow.connect(str(service.socket))
        slow.sendall(frame(msgspec.msgpack.encode(Hello("slow", 1))))
        await eventually(lambda: service.service.samples()[1].value == 3)  # the gateways and the file
        assert not await in_force.secret(key, within_seconds=0.05)
        slow.sendall(frame(msgspec.msgpack.encode(Hello("slow", 2**60))))
        assert await in_force.secret(key, within_seconds=60)
    assert not await in_force.secret(str(uuid.uuid4()), within_seconds=0.05)
    await gateway.disconnect()
    other = await world.rows.key(await world.rows.user())
    assert await in_force.secret(other, within_seconds=60)


async def test_lent_secrets_follow_the_key_that_they_are_lent_in_the_name_of(world: World) -> None:
    service = await world.service()
    gateway = world.gateway(service)
    key = await world.rows.key(await world.rows.user(), purpose="playground", hidden=True)
    await world.rows.lent(key, "lent", datetime.now(UTC) + timedelta(days=1))
    await gateway.until(lambda snapshot: _digest("lent") in snapshot.keys)
    await world.rows.execute("UPDATE api_keys SET zero_data_retention = true WHERE id = $1", key)
    await gateway.until(lambda snapshot: not snapshot.keys[_digest("lent")].log_bodies)
    await world.rows.execute("UPDATE api_keys SET deleted_at = now() WHERE id = $1", key)
    await gateway.until(lambda snapshot: _digest("lent") not in snapshot.keys)


async def test_a_stale_socket_is_replaced(world: World) -> None:
    service = await world.service()
    await service.stop()
    assert not service.socket.exists()
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(service.socket))
    again = await world.service()
    await world.settled(world.gateway(again))
