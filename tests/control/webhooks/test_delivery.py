"""What webhooks are told: signed, at least once, again and again on the schedule, and never by a redirect."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook
from tests.control.batches.steps import DONE, FAILED, ended, expand, finalise, take
from tests.control.batches.steps import made as batch_made
from tests.control.files.calls import batcher, line, with_models
from tests.control.mail.server import server_tls
from tests.control.management import API, Management, answered, managed, settings_for_tests
from tests.control.webhooks.calls import OWN, delivered, deliveries, made, worker
from tests.control.webhooks.receiver import Receiver, receiver

from control_layer.contract.sealing import Seal
from control_layer.control.led_work import do_while_leading
from control_layer.control.permissions import Role
from control_layer.control.request_context import transaction
from control_layer.control.resealing import reseal
from control_layer.control.webhooks.address import ForbiddenAddress, addresses_of
from control_layer.control.webhooks.announcements import announce_user
from control_layer.control.webhooks.retention import erase_old_deliveries
from control_layer.control.webhooks.schedule import ATTEMPTS, after_attempt
from control_layer.control.webhooks.sending import Sender
from control_layer.control.webhooks.signature import headers_of, secret_of
from control_layer.store.tables import User


@pytest.fixture
async def program() -> AsyncIterator[Receiver]:
    async with receiver() as program:
        yield program


def _now(management: Management) -> datetime:
    return management.services.now()


async def test_platform_managers_hear_of_users_keys_and_batches(management: Management, program: Receiver) -> None:
    webhook = await made(management.admin, program.url, scope="platform")
    person = await management.person()
    assert await delivered(management) == 2
    assert program.types() == ["user.created", "api_key.created"]
    user, key = program.messages
    assert Webhook(webhook["secret"]).verify(user.body, user.headers)["data"] == {
        "user_id": person.id,
        "email": f"{person.username}@example.org",
        "auth_source": "proxy-header",
    }
    assert (user.line, user.headers["webhook-version"]) == ("POST /hook?token=1 HTTP/1.1", "1")
    assert user.headers["content-type"] == "application/json"
    assert key.content["data"] | {"api_key_id": ""} == {
        "api_key_id": "",
        "user_id": person.id,
        "created_by": person.id,
        "name": "test",
    }
    await with_models(management, "sim-small")
    me = await batcher(management)
    batch = await batch_made(me, line("a"))
    await delivered(management)
    told = program.messages[-1].content
    assert (told["type"], told["data"]) == (
        "batch.created",
        {"batch_id": f"batch_{batch['id']}", "user_id": me.id, "endpoint": "/v1/chat/completions"},
    )
    log = await deliveries(management.admin, webhook)
    assert {entry["state"] for entry in log} == {"delivered"}
    assert log[-1]["id"] == user.headers["webhook-id"]
    assert log[-1]["payload"] == user.content


async def test_the_owner_of_a_batch_hears_of_its_end(management: Management, program: Receiver) -> None:
    await with_models(management, "sim-small")
    me, daemon = await batcher(management), uuid.uuid4()
    await made(management.admin, program.url, of=me.id)
    async with receiver() as stranger:
        await made(management.admin, stranger.url)
        good, bad = await batch_made(me, line("a"), line("b")), await batch_made(me, line("c"))
        await expand(management)
        first, second, third = await take(management, daemon)
        await ended(management, daemon, first, DONE)
        await ended(management, daemon, second, FAILED)
        await ended(management, daemon, third, FAILED)
        await finalise(management)
        assert await delivered(management) == 2
        assert stranger.messages == []
    told = {message.content["type"]: message.content["data"] for message in program.messages}
    assert set(told) == {"batch.completed", "batch.failed"}
    completed = told["batch.completed"]
    assert (completed["batch_id"], completed["status"]) == (f"batch_{good['id']}", "completed")
    assert completed["request_counts"] == {"total": 2, "completed": 1, "failed": 1, "cancelled": 0}
    assert completed["output_file_id"] == f"file_{good['output_file_id']}"
    assert datetime.fromisoformat(completed["created_at"]) <= datetime.fromisoformat(completed["finished_at"])
    assert (told["batch.failed"]["batch_id"], told["batch.failed"]["status"]) == (f"batch_{bad['id']}", "failed")


async def test_what_did_not_happen_is_not_told(management: Management, program: Receiver) -> None:
    await made(management.admin, program.url, scope="platform")
    with suppress(RuntimeError):
        async with transaction(management.services) as session:
            user = User(id=uuid.uuid4(), username="x", email="x", auth_source="native")
            session.add(user)
            await session.flush()
            await announce_user(session, user, _now(management))
            raise RuntimeError
    assert await delivered(management) == 0


async def test_who_manages_no_more_hears_no_more(management: Management, program: Receiver) -> None:
    manager = await management.person(Role.PLATFORM_MANAGER)
    await made(manager.client, program.url, scope="platform")
    await management.person()
    await answered(management.admin.patch(f"{API}/users/{manager.id}", json={"roles": []}), 200)
    await management.person()
    assert await delivered(management) == 0


async def test_a_message_is_tried_on_the_schedule_and_ten_failures_disable(
    management: Management, program: Receiver
) -> None:
    webhook = await made(management.admin, program.url, scope="platform", event_types=["user.created"])
    await management.person()
    now = _now(management)
    program.status = 500
    made_at = []
    for pause in (0, 5, 300, 1800, 7200, 28800, 86400):
        now += timedelta(seconds=pause)
        if pause:
            assert await delivered(management, now - timedelta(seconds=1)) == 0
        now += timedelta(seconds=1)
        made_at.append(await delivered(management, now))
    assert made_at == [1] * ATTEMPTS
    assert await delivered(management, now + timedelta(days=30)) == 0
    assert len({message.headers["webhook-id"] for message in program.messages}) == 1
    assert len({message.body for message in program.messages}) == 1
    assert all(message.is_signed_with(webhook["secret"]) for message in program.messages)
    (entry,) = await deliveries(management.admin, webhook)
    assert (entry["state"], entry["next_attempt_at"]) == ("failed", None)
    assert [attempt["status"] for attempt in entry["attempts"]] == [500] * ATTEMPTS
    await answered(management.admin.post(f"{OWN}/{webhook['id']}/deliveries/{entry['id']}/retry"), 200)
    for _ in range(3):
        await management.person()
    assert await delivered(management, now) == 3  # the tenth failure, and nothing any more
    (webhook_now,) = await answered(management.admin.get(OWN), 200)
    assert (webhook_now["enabled"], "disabled_at" in webhook_now) == (False, True)
    assert await management.services.errands.finish(20)
    (mail,) = management.mail_directory.iterdir()
    assert "To: admin@example.org" in mail.read_text()
    program.status = 204
    enabled = await answered(management.admin.patch(f"{OWN}/{webhook['id']}", json={"enabled": True}), 200)
    assert "disabled_at" not in enabled
    await delivered(management, now + timedelta(days=2))
    assert sorted(entry["state"] for entry in await deliveries(management.admin, webhook)) == ["delivered"] * 3 + [
        "failed"
    ]


async def test_a_success_forgives_the_failures_before_it(management: Management, program: Receiver) -> None:
    webhook = await made(management.admin, program.url, scope="platform", event_types=["user.created"])
    for status in (500, 404, 302, 200):
        program.status = status
        await management.person()
        await delivered(management)
    ((failures,),) = await management.sql("SELECT failures FROM webhooks")
    assert failures == 0
    delivered_one = (await deliveries(management.admin, webhook))[0]
    url = f"{OWN}/{webhook['id']}/deliveries/{delivered_one['id']}/retry"
    assert (await management.admin.post(url)).status_code == 409
    pending = await answered(management.admin.get(f"{OWN}/{webhook['id']}/deliveries?state=pending"), 200)
    assert pending["total_count"] == 3


async def test_redirects_are_not_followed_and_silence_ends(management: Management, program: Receiver) -> None:
    async with receiver() as elsewhere:
        program.status, program.headers = 307, (f"location: {elsewhere.url}",)
        sender = Sender(timeout_seconds=0.2, allow_private=True, ca_file=None)
        attempt = await sender.send(program.url, b"{}", {})
        assert (attempt.status, attempt.delivered, elsewhere.messages) == (307, False, [])
        program.status = None
        silent = await sender.send(program.url, b"{}", {})
        assert (silent.status, silent.error) == (None, "no answer within 0.2 seconds")
    refused = await sender.send("http://127.0.0.1:1/", b"{}", {})
    assert (refused.status, refused.error) == (None, "the connection was refused")


async def test_certificates_are_for_the_name_that_was_given(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with receiver(server_tls(authority, "localhost")) as program:
        url = f"https://localhost:{program.port}/x"
        trusting = Sender(timeout_seconds=20, allow_private=True, ca_file=tmp_path / "ca.pem")
        assert (await trusting.send(url, b"{}", {})).status == 200
        assert program.messages[0].headers["host"] == f"localhost:{program.port}"
        wrong_name = await trusting.send(url.replace("localhost", "127.0.0.1"), b"{}", {})
        stranger = await Sender(timeout_seconds=20, allow_private=True, ca_file=None).send(url, b"{}", {})
        for attempt in (wrong_name, stranger):
            assert attempt.status is None
            assert "not trusted" in str(attempt.error)
        assert len(program.messages) == 1


async def test_a_name_is_judged_by_what_it_stands_for(program: Receiver) -> None:
    with pytest.raises(ForbiddenAddress):
        await addresses_of("localhost", 80, allow_private=False)
    assert "127.0.0.1" in await addresses_of("localhost", 80, allow_private=True)
    sender = Sender(timeout_seconds=5, allow_private=False, ca_file=None)
    attempt = await sender.send(f"http://localhost:{program.port}/", b"{}", {})
    assert (attempt.status, program.messages) == (None, [])
    assert "private address" in str(attempt.error)


async def test_hosts_that_both_believe_to_lead_do_not_tell_twice(management: Management, program: Receiver) -> None:
    await made(management.admin, program.url, scope="platform", event_types=["user.created"])
    await management.person()
    begun = await asyncio.gather(*(worker(management).begin_due() for _ in range(4)))
    await asyncio.gather(*(task for tasks in begun for task in tasks))
    assert program.types() == ["user.created"]


async def test_the_leader_delivers_by_itself_and_a_dead_ones_message_is_sent_again(
    management: Management, database_url: str, program: Receiver
) -> None:
    await made(management.admin, program.url, scope="platform", event_types=["user.created"])
    program.status = None
    await management.person()
    running = asyncio.create_task(do_while_leading({"webhooks": worker(management).run}, database_url))
    await program.received(1)
    running.cancel()
    await asyncio.wait((running,))
    program.status = 200
    assert await delivered(management, _now(management) + timedelta(minutes=2)) == 1
    first, second = program.messages
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


async def test_old_messages_are_erased(management: Management, program: Receiver) -> None:
    webhook = await made(management.admin, program.url, scope="platform")
    await management.person()
    await management.sql(
        "UPDATE webhook_deliveries SET created_at = now() - interval '31 days' WHERE event_type LIKE 'u%'"
    )
    await erase_old_deliveries(management.services)
    assert [entry["event_type"] for entry in await deliveries(management.admin, webhook)] == ["api_key.created"]


async def test_a_new_secret_key_still_signs(management: Management, database_url: str, program: Receiver) -> None:
    webhook = await made(management.admin, program.url, scope="platform", event_types=["user.created"])
    await management.person()
    keys: dict[str, Any] = {
        "secret_key": "another-secret-key-of-the-tests",
        "previous_secret_keys": [management.services.settings.secret_key],
    }
    async with managed(database_url, settings_for_tests(**keys)) as rotated:
        await delivered(rotated)
        await reseal(rotated.services)
        ((sealed,),) = await rotated.sql("SELECT sealed_secret FROM webhooks")
        assert Seal(keys["secret_key"], "webhook-secret").open(sealed, webhook["id"]) == webhook["secret"]
    assert program.messages[0].is_signed_with(webhook["secret"])


@given(st.binary(min_size=24, max_size=64), st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 2**32))
def test_every_signature_is_the_librarys(random: bytes, text: str, moment: int) -> None:
    secret = secret_of(random)
    headers = headers_of(secret, "msg_1", text.encode(), moment)
    expected = Webhook(secret).sign("msg_1", datetime.fromtimestamp(moment, UTC), text)
    assert headers["webhook-signature"] == expected


@given(st.integers(1, 20), st.booleans(), st.datetimes())
def test_a_message_ends_or_comes_later(number: int, delivered_now: bool, now: datetime) -> None:
    outcome = after_attempt(number, delivered=delivered_now, now=now if now.year < 9000 else now.replace(year=9000))
    assert (outcome.state == "pending") == (outcome.next_attempt_at is not None)
    assert outcome.state == "delivered" or not delivered_now
    if outcome.next_attempt_at is not None:
        assert number < ATTEMPTS
