"""The contract's lines on batches (§4.15, §4.16), without a worker: nothing is carried out here."""

from __future__ import annotations

import time
import uuid

import pytest
from tests.control.batches.steps import DONE, FAILED, ended, expand, finalise, made, take, wanted
from tests.control.files.calls import BATCHES, FILES, Batcher, batcher, line, lines_of, uploaded, with_models
from tests.control.management import API, Management, answered, managed, refused, settings_for_tests

from control_layer.control.batches import queue
from control_layer.control.batches.queue import Ended
from control_layer.control.permissions import Role
from control_layer.control.request_context import transaction


@pytest.fixture
async def me(management: Management) -> Batcher:
    await with_models(management, "sim-small", "sim-large")
    return await batcher(management)


async def test_a_new_batch(management: Management, me: Batcher) -> None:
    before = int(time.time())
    metadata = {"job": "nightly", "Created-By": "somebody", "request_source": "x", "context_name": "y"}
    batch = await made(me, line("a"), line("b"), metadata=metadata)
    assert batch["status"] == "validating"
    assert batch["request_counts"] == {"total": 2, "completed": 0, "failed": 0}
    assert before <= batch["created_at"] <= time.time()
    assert batch["expires_at"] - batch["created_at"] == 86400
    assert set(batch["metadata"]) == {"job", "request_source", "created_by_email"}
    assert (batch["metadata"]["request_source"], batch["dwext"]) == ("api", {"source": "api"})
    assert not {"errors", "in_progress_at", "completed_at", "analytics"} & set(batch)
    for name in ("output_file_id", "error_file_id"):
        assert await lines_of(me.client, f"{FILES}/{batch[name]}/content") == []
        answer = await me.client.get(f"{FILES}/{batch[name]}/content")
        assert answer.headers["x-incomplete"] == "true"
        file = await answered(me.client.get(f"{FILES}/{batch[name]}"), 200)
        assert (file["bytes"], file["purpose"]) == (0, f"batch_{name.removesuffix('_file_id')}")
    read = await answered(me.client.get(f"{BATCHES}/{batch['id']}"), 200)
    assert read["metadata"]["context_type"] == "personal"
    listed = await answered(me.client.get(f"{BATCHES}?include=analytics"), 200)
    assert (listed["first_id"], listed["has_more"]) == (batch["id"], False)
    zeros = {"total_requests": 0, "total_prompt_tokens": 0, "total_completion_tokens": 0, "total_tokens": 0}
    assert listed["data"][0]["analytics"] == zeros
    assert await answered(me.client.get(f"{BATCHES}/{batch['id']}/analytics"), 200) == zeros


async def test_checks_in_the_contracts_order(management: Management, me: Batcher) -> None:
    file = await uploaded(me.client)
    unknown = {"id": str(uuid.uuid4())}
    everything_wrong = {"input_file_id": "x", "endpoint": "/v1/nothing", "completion_window": "background"}
    await refused(me.client.post(BATCHES, json=everything_wrong), 403)
    window = everything_wrong | {"completion_window": "1s"}
    text = "Unsupported completion_window. Allowed values: 24h"
    await refused(me.client.post(BATCHES, json=window), 400, text)
    await refused(me.client.post(BATCHES, json=wanted(file, completion_window="1h")), 400, text)
    answer = await me.client.post(BATCHES, json=window | {"completion_window": "24h"})
    assert (answer.status_code, answer.text.split(".")[0]) == (400, "Unsupported endpoint")
    await refused(me.client.post(BATCHES, json=wanted({"id": "x"})), 400, "input_file_id is not a file's id")
    await refused(me.client.post(BATCHES, json=wanted(unknown)), 404)
    other = await batcher(management)
    foreign = f"Insufficient permissions to Create batch using file {file['id']}"
    await refused(other.client.post(BATCHES, json=wanted(file)), 403, foreign)
    debt = {"user_id": other.id, "transaction_type": "admin_removal", "amount": "1", "source_id": "debt"}
    await answered(management.admin.post(f"{API}/transactions", json=debt), 201)
    await refused(other.client.post(BATCHES, json=wanted(unknown)), 402)
    await refused(me.client.post(BATCHES, json={}), 422)
    await refused(me.client.post(BATCHES, content=b"{", headers={"content-type": "application/json"}), 400)
    standard = await batcher(management, Role.STANDARD_USER)
    denied = "Insufficient permissions to Create Batches"
    await refused(standard.client.post(BATCHES, content=b"{"), 403, denied)


async def test_an_administrators_batch_of_somebodys_file_is_the_administrators(
    management: Management, me: Batcher
) -> None:
    file = await uploaded(me.client)
    batch = await answered(management.admin.post(BATCHES, json=wanted(file, completion_window="1h")), 201)
    assert batch["metadata"]["request_source"] == "frontend"
    await refused(me.client.get(f"{BATCHES}/{batch['id']}"), 404)
    assert len((await answered(management.admin.get(f"{BATCHES}?member_id={management.admin_id}"), 200))["data"]) == 1


async def test_models_and_their_windows_are_checked_and_access_is_not(management: Management) -> None:
    models = await with_models(management, "sim-small")
    me = await batcher(management)
    file = await uploaded(me.client)
    path = f"{API}/models/{models['sim-small']}"
    await answered(management.admin.patch(path, json={"allowed_batch_completion_windows": ["1h"]}), 200)
    await refused(me.client.post(BATCHES, json=wanted(file)), 400)
    await answered(management.admin.patch(path, json={"allowed_batch_completion_windows": None}), 200)
    await answered(management.admin.delete(f"{API}/groups/{uuid.UUID(int=0)}/models/{models['sim-small']}"), 204)
    await answered(me.client.post(BATCHES, json=wanted(file)), 201)
    await answered(management.admin.delete(path), 200)
    await refused(me.client.post(BATCHES, json=wanted(file)), 400)


async def test_volume_and_capacity(database_url: str) -> None:
    batches = {"unverified_requests_per_completion_hour": 1, "default_throughput": 26 / 86400}
    async with managed(database_url, settings_for_tests(batches=batches)) as management:
        await with_models(management, "sim-small")
        me = await batcher(management)
        file = await uploaded(me.client, *[line()] * 13)
        await answered(me.client.post(BATCHES, json=wanted(file)), 201)
        await refused(me.client.post(BATCHES, json=wanted(file)), 429)
        await management.sql("UPDATE users SET verified = true")
        await answered(me.client.post(BATCHES, json=wanted(file)), 201)
        large = await uploaded(me.client, *[line()] * 27)
        await refused(me.client.post(BATCHES, json=wanted(large)), 429)


async def test_what_waits_already_is_counted_where_the_settings_say_so(database_url: str) -> None:
    batches = {"pending_capacity_counts_enabled": True, "default_throughput": 3 / 3600}
    windows = {"allowed_completion_windows": ["24h", "1h"]}
    async with managed(database_url, settings_for_tests(batches=batches | windows)) as management:
        await with_models(management, "sim-small", "sim-large")
        me = await batcher(management)
        small, large = (
            await uploaded(me.client, line("a"), line("b")),
            await uploaded(me.client, line(model="sim-large")),
        )
        later = await answered(me.client.post(BATCHES, json=wanted(small)), 201)
        one = await answered(me.client.post(BATCHES, json=wanted(small, completion_window="1h")), 201)
        await refused(me.client.post(BATCHES, json=wanted(small, completion_window="1h")), 429)
        await answered(me.client.post(BATCHES, json=wanted(large, completion_window="1h")), 201)
        await expand(management)
        await refused(me.client.post(BATCHES, json=wanted(small, completion_window="1h")), 429)
        await answered(me.client.post(f"{BATCHES}/{one['id']}/cancel"), 200)
        await answered(me.client.post(BATCHES, json=wanted(small, completion_window="1h")), 201)
        assert (await answered(me.client.get(f"{BATCHES}/{later['id']}"), 200))["status"] == "in_progress"


async def test_every_batch_is_under_the_filter_of_its_status(management: Management, me: Batcher) -> None:
    """All that a row can say of itself."""
    file = await uploaded(me.client)
    batch = await answered(me.client.post(BATCHES, json=wanted(file)), 201)
    await management.sql(
        "INSERT INTO batches (id, endpoint, completion_window, source_file_id, source, created_by, total, completed, "
        "failed, cancelled, expires_at, in_progress_at, completed_at, cancelling_at) "
        "SELECT gen_random_uuid(), endpoint, completion_window, source_file_id, source, created_by, 3, done, bad, off, "
        "now() + late * interval '1 hour', now(), CASE WHEN over THEN now() END, CASE WHEN stopped THEN now() END "
        "FROM batches, generate_series(0, 3) AS done, generate_series(0, 3) AS bad, generate_series(0, 3) AS off, "
        "unnest(ARRAY[-1, 1]) AS late, unnest(ARRAY[true, false]) AS over, unnest(ARRAY[true, false]) AS stopped "
        "WHERE done + bad + off <= 3 AND (NOT over OR (done + bad + off = 3 AND done > 0))"
    )
    under: dict[str, str] = {}
    for status in ("in_progress", "completed", "failed", "cancelled", "expired"):
        after = ""
        while True:
            page = await answered(me.client.get(f"{BATCHES}?limit=100&status={status}&after={after}"), 200)
            for each in page["data"]:
                assert under.setdefault(each["id"], status) == status, "one filter has it"
                unfinished = each["status"] in ("validating", "in_progress", "finalizing")
                late = each["expires_at"] <= time.time()
                shown = {"cancelling": "cancelled"}.get(each["status"], each["status"])
                assert status == (("expired" if late else "in_progress") if unfinished else shown)
                assert each.get("expired_at") == (each["expires_at"] if status == "expired" else None)
            after = page.get("last_id", "")
            if not page["has_more"]:
                break
    assert set(under.values()) == {"in_progress", "completed", "failed", "cancelled", "expired"}
    assert batch["id"] in under
    assert len(under) == (await management.sql("SELECT count(*) FROM batches"))[0][0]


async def test_others_batches_are_unknown(management: Management, me: Batcher) -> None:
    batch = await made(me)
    other = await batcher(management)
    path = f"{BATCHES}/{batch['id']}"
    ids = {"request_ids": [str(uuid.uuid4())]}
    for client, status in ((other.client, 404), (await management.client(), 401)):
        for call in (
            client.get(path),
            client.get(f"{path}/analytics"),
            client.get(f"{path}/results"),
            client.post(f"{path}/cancel"),
            client.post(f"{path}/retry"),
            client.post(f"{path}/retry-requests", json=ids),
            client.delete(path),
        ):
            await refused(call, status)
    await refused((await management.client()).get(f"{BATCHES}/nonsense"), 400)
    await refused((await management.client()).get(f"{BATCHES}?status=nonsense"), 400)
    viewer = await batcher(management, Role.CONNECTIONS_USER)
    await refused(viewer.client.post(f"{path}/cancel"), 403, "Insufficient permissions to Update Batches")
    await answered(management.admin.get(path), 200)


async def test_from_validating_to_completed(management: Management, me: Batcher) -> None:
    batch = await made(me, line("a"), line("b"), line("c"))
    path, daemon = f"{BATCHES}/{batch['id']}", uuid.uuid4()

    async def status() -> str:
        return str((await answered(me.client.get(path), 200))["status"])

    await expand(management)
    assert await status() == "in_progress"
    first, second, third = await take(management, daemon)
    assert await take(management, uuid.uuid4()) == []
    assert await ended(management, daemon, second, DONE)
    assert not await ended(management, daemon, second, FAILED), "an end is the end"
    assert not await ended(management, uuid.uuid4(), first, DONE), "it is somebody else's"
    assert await ended(management, daemon, first, FAILED)
    assert await status() == "in_progress"
    assert await ended(management, daemon, third, DONE)
    assert await status() == "finalizing"
    await finalise(management)
    read = await answered(me.client.get(path), 200)
    assert read["status"] == "completed"
    assert read["request_counts"] == {"total": 3, "completed": 2, "failed": 1}
    assert {"in_progress_at", "finalizing_at", "completed_at"} <= set(read)
    outputs = await lines_of(me.client, f"{FILES}/{batch['output_file_id']}/content")
    assert [each["custom_id"] for each in outputs] == ["b", "c"]
    body = {"status_code": 200, "request_id": None, "body": {"id": "x", "n": 1.0}}
    expected = {"id": f"batch_req_{second.id}", "custom_id": "b", "response": body, "error": None}
    assert outputs[0] == expected
    (error,) = await lines_of(me.client, f"{FILES}/{batch['error_file_id']}/content")
    assert (error["response"], error["error"]["code"]) == (None, None)
    assert "403" in error["error"]["message"]
    for name in ("output_file_id", "error_file_id"):
        content = await me.client.get(f"{FILES}/{batch[name]}/content")
        assert (await answered(me.client.get(f"{FILES}/{batch[name]}"), 200))["bytes"] == len(content.content)
        assert content.headers["x-incomplete"] == "false"
    rest = await lines_of(me.client, f"{FILES}/{batch['output_file_id']}/content?skip=1")
    assert [each["custom_id"] for each in rest] == ["c"]
    results = await lines_of(me.client, f"{path}/results")
    assert [(each["custom_id"], each["status"]) for each in results] == [
        ("a", "failed"), ("b", "completed"), ("c", "completed"),
    ]  # fmt: skip
    assert results[1]["response_body"] == {"id": "x", "n": 1.0}
    assert results[0]["input_body"] == line()["body"]
    assert len(await lines_of(me.client, f"{path}/results?status=failed")) == 1


async def test_all_failed_is_failed_and_retry_begins_again(management: Management, me: Batcher) -> None:
    batch = await made(me, line("a"), line("b"))
    path, daemon = f"{BATCHES}/{batch['id']}", uuid.uuid4()
    await refused(me.client.post(f"{path}/retry"), 400)
    await expand(management)
    for claimed in await take(management, daemon):
        await ended(management, daemon, claimed, FAILED)
    read = await answered(me.client.get(path), 200)
    assert (read["status"], "failed_at" in read) == ("failed", True)
    assert len((await answered(me.client.get(f"{BATCHES}?status=failed"), 200))["data"]) == 1
    (one, _) = await lines_of(me.client, f"{path}/results")
    for ids in ([], ["nonsense"], [str(uuid.uuid4())]):
        body = {"request_ids": ids}
        await refused(me.client.post(f"{path}/retry-requests", json=body), 400, "No valid request IDs provided")
    again = await answered(
        me.client.post(f"{path}/retry-requests", json={"request_ids": [f"batch_req_{one['id']}"]}), 200
    )
    assert (again["status"], again["request_counts"]["failed"]) == ("in_progress", 1)
    (claimed,) = await take(management, daemon)
    await ended(management, daemon, claimed, DONE)
    await finalise(management)
    read = await answered(me.client.get(path), 200)
    assert (read["status"], read["request_counts"]) == ("completed", {"total": 2, "completed": 1, "failed": 1})
    assert "failed_at" not in read
    assert (await answered(me.client.post(f"{path}/retry"), 200))["request_counts"]["failed"] == 0
    (claimed,) = await take(management, daemon)
    await ended(management, daemon, claimed, FAILED)
    errors = await lines_of(me.client, f"{FILES}/{batch['error_file_id']}/content")
    assert len(errors) == 1


@pytest.mark.parametrize("expanded", [False, True])
async def test_cancel_is_idempotent_and_counts_as_neither(management: Management, me: Batcher, expanded: bool) -> None:
    batch = await made(me, line("a"), line("b"))
    path, daemon = f"{BATCHES}/{batch['id']}", uuid.uuid4()
    claimed = []
    if expanded:
        await expand(management)
        claimed = await take(management, daemon, 1)
    for _ in range(2):
        read = await answered(me.client.post(f"{path}/cancel"), 200)
        assert read["status"] == ("cancelling" if expanded else "cancelled")
        assert read["request_counts"] == {"total": 2, "completed": 0, "failed": 0}
    await expand(management)
    assert await take(management, daemon) == []
    for each in claimed:
        await ended(management, daemon, each, Ended(state="cancelled"))
    read = await answered(me.client.get(path), 200)
    assert (read["status"], "cancelled_at" in read) == ("cancelled", True)
    results = await me.client.get(f"{path}/results")
    assert results.headers["x-incomplete"] == "false"
    assert len((await answered(me.client.get(f"{BATCHES}?status=cancelled"), 200))["data"]) == 1
    again = await answered(me.client.post(f"{path}/retry"), 200)
    assert again["status"] == ("in_progress" if expanded else "validating")
    await expand(management)
    assert len(await take(management, daemon)) == 2


async def test_what_a_dead_daemon_ran_waits_again(management: Management, me: Batcher) -> None:
    await made(me, line("a"), line("b"))
    await expand(management)
    dead, other = uuid.uuid4(), uuid.uuid4()
    claimed = await take(management, dead)
    async with transaction(management.services) as session:
        await queue.release_of_dead(session)
    assert len(await take(management, other)) == 2
    assert not await ended(management, dead, claimed[0], DONE), "the dead one comes too late"


async def test_files_that_are_deleted(management: Management, me: Batcher) -> None:
    batch = await made(me, line("a"))
    await answered(me.client.delete(f"{FILES}/{batch['output_file_id']}"), 200)
    assert "output_file_id" not in await answered(me.client.get(f"{BATCHES}/{batch['id']}"), 200)
    await answered(me.client.delete(f"{FILES}/{batch['input_file_id']}"), 200)
    read = await answered(me.client.get(f"{BATCHES}/{batch['id']}"), 200)
    assert (read["status"], read["input_file_id"]) == ("cancelled", "")
    await answered(me.client.delete(f"{BATCHES}/{batch['id']}"), 204)
    await refused(me.client.get(f"{BATCHES}/{batch['id']}"), 404)
    await refused(me.client.delete(f"{BATCHES}/{batch['id']}"), 404)
    await answered(me.client.get(f"{FILES}/{batch['error_file_id']}"), 200)


async def test_a_deleted_account_has_nothing_done_in_its_name(management: Management, me: Batcher) -> None:
    batch = await made(me)
    await answered(management.admin.delete(f"{API}/users/{me.id}"), 204)
    assert (await answered(management.admin.get(f"{BATCHES}/{batch['id']}"), 200))["status"] == "cancelled"


async def test_list(management: Management, me: Batcher) -> None:
    file = await uploaded(me.client)
    ids = [
        (await answered(me.client.post(BATCHES, json=wanted(file, metadata={"n": f"number-{n}"})), 201))["id"]
        for n in range(5)
    ]
    await answered(me.client.post(f"{BATCHES}/{ids[4]}/cancel"), 200)

    async def pages(query: str) -> list[str]:
        seen: list[str] = []
        after = ""
        while True:
            page = await answered(me.client.get(f"{BATCHES}?limit=2&after={after}&{query}"), 200)
            seen += [each["id"] for each in page["data"]]
            after = page.get("last_id", "")
            if not page["has_more"]:
                return seen

    assert await pages("") == ids[::-1]
    assert await pages("active_first=true") == [*ids[3::-1], ids[4]]
    assert await pages("status=in_progress") == ids[3::-1]
    assert await pages("search=NUMBER-2") == [ids[2]]
    assert await pages("search=requests.jsonl") == ids[::-1]
    assert await pages(f"search={ids[1]}") == [ids[1]]
    assert await pages("completion_window=1h,24h") == ids[::-1]
    assert await pages("completion_window=1h") == []
    assert await pages("created_after=2020-01-01T00:00:00Z&created_before=2020-01-02T00:00:00Z") == []
    await refused(me.client.get(f"{BATCHES}?completion_window=background"), 400)
    await refused(me.client.get(f"{BATCHES}?member_id={me.id}"), 400)


async def test_daemons(management: Management, me: Batcher) -> None:
    assert await answered(management.admin.get("/ai/v1/daemons"), 200) == {"daemons": []}
    await refused(me.client.get("/ai/v1/daemons"), 403, "Insufficient permissions to Read System")
    await refused((await management.client()).get("/ai/v1/daemons"), 401)
    await refused(management.admin.get("/ai/v1/daemons?status=asleep"), 400)


async def test_without_batches_there_are_no_routes(database_url: str) -> None:
    async with managed(database_url, settings_for_tests(batches={"enabled": False})) as management:
        for path in (FILES, BATCHES, "/ai/v1/daemons"):
            await answered(management.admin.get(path), 404)
        assert "batches" not in await answered(management.admin.get(f"{API}/config"), 200)
