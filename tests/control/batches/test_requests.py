"""Single requests of batches (§4.17): listed, read and deleted, without a worker."""

from __future__ import annotations

import uuid
from itertools import product
from typing import Any

import pytest
from tests.control.batches.population import HEAVY, OWNER, Work
from tests.control.batches.steps import DONE, FAILED, ended, expand, finalise, made, take
from tests.control.files.calls import BATCHES, FILES, Batcher, batcher, line, lines_of, with_models
from tests.control.management import API, Management, answered, refused

from control_layer.control.batches.queue import Ended
from control_layer.control.batches.request_deletion import finish_deleting
from control_layer.control.permissions import Role
from control_layer.control.request_context import transaction

REQUESTS = f"{API}/batches/requests"


@pytest.fixture
async def me(management: Management) -> Batcher:
    await with_models(management, "sim-small", "sim-large")
    return await batcher(management, Role.BATCH_API_USER)


async def platform(management: Management, me: Batcher) -> Any:
    """The same person with a platform key, which the management API takes."""
    body = {"name": "platform", "purpose": "platform"}
    key = await answered(management.admin.post(f"{API}/users/{me.id}/api-keys", json=body), 201)
    return await management.client(authorization=f"Bearer {key['key']}")


async def listed(client: Any, query: str = "") -> list[dict[str, Any]]:
    page = await answered(client.get(f"{REQUESTS}?limit=100{query}"), 200)
    assert page["total_count"] == len(page["data"])
    return list(page["data"])


async def test_a_request_from_its_queue_to_its_answer(management: Management, me: Batcher) -> None:
    batch = await made(me, line("a"), line("b"), line("c", model="sim-large"))
    mine, daemon = await platform(management, me), uuid.uuid4()
    assert await listed(mine) == [], "they are not in the queue yet"
    await expand(management)
    first, second = await take(management, daemon)
    assert [each["status"] for each in await listed(mine)] == ["in_progress", "in_progress", "pending"]
    await ended(management, daemon, first, DONE)
    await ended(management, daemon, second, FAILED)
    waiting, done, failed = await listed(mine)
    assert [each["id"] for each in (done, failed)] == [str(first.id), str(second.id)]
    assert set(done) == {
        "id", "batch_id", "model", "status", "created_at", "completed_at", "failed_at", "duration_ms",
        "response_status", "service_tier", "prompt_tokens", "completion_tokens", "reasoning_tokens", "total_tokens",
        "total_cost", "created_by_email",
    }  # fmt: skip
    assert (done["batch_id"], done["model"], done["status"]) == (batch["id"], "sim-small", "completed")
    assert (done["response_status"], done["service_tier"], done["created_by_email"]) == (200, "batch", None)
    assert done["completed_at"] is not None
    assert done["failed_at"] is None
    assert (failed["status"], failed["completed_at"], failed["response_status"]) == ("failed", None, 403)
    assert (waiting["model"], waiting["duration_ms"], waiting["total_tokens"]) == ("sim-large", None, None)
    assert [each["status"] for each in await listed(mine, "&active_first=false")] == ["completed", "failed", "pending"]
    for query, found in (
        ("&status=pending", [waiting]),
        ("&status=in_progress", []),
        ("&status=completed", [done]),
        ("&model=sim-large", [waiting]),
        ("&model=sim-large,sim-small", [waiting, done, failed]),
        ("&model=sim-small&status=failed", [failed]),
        ("&created_after=2020-01-01T00:00:00Z", [waiting, done, failed]),
        ("&created_before=2020-01-01T00:00:00Z", []),
        ("&service_tiers=batch,flex", [waiting, done, failed]),
        ("&service_tiers=flex", []),
    ):
        assert await listed(mine, query) == found, query
    await refused(mine.get(f"{REQUESTS}?status=running"), 400)
    await refused(mine.get(f"{REQUESTS}?member_id={me.id}"), 400)
    detail = await answered(mine.get(f"{REQUESTS}/{first.id}"), 200)
    assert {name: detail[name] for name in done} == done
    assert detail["response_body"] == '{"id": "x",\n "n": 1.0}'
    assert ("hello" in detail["body"], detail["error"], detail["created_by"]) == (True, None, me.id)
    assert "403" in (await answered(mine.get(f"{REQUESTS}/{second.id}"), 200))["error"]


async def test_what_a_request_used_is_the_sum_of_its_tries(management: Management, me: Batcher) -> None:
    await made(me, line("a"))
    await expand(management)
    (claimed,) = await take(management, uuid.uuid4())
    for cost in ("0.25", "0.5"):
        await management.sql(
            "INSERT INTO requests (id, at, worker_id, key_id, user_id, model, model_id, method, path, stream, outcome, "
            "input_tokens, output_tokens, cost, batch_id, client_request_id) SELECT gen_random_uuid(), now(), $1, $1, "
            "$1, 'm', $1, 'POST', '/', false, 'completed', 3, 4, $2::text::numeric, $3, $4",
            me.id, cost, str(claimed.batch_id), f"batch_req_{claimed.id}",
        )  # fmt: skip
    (request,) = await listed(management.admin)
    assert (request["prompt_tokens"], request["completion_tokens"], request["total_tokens"]) == (6, 8, 14)
    assert (request["total_cost"], request["reasoning_tokens"]) == (0.75, None)
    assert request["created_by_email"].startswith("person-")


async def test_others_requests_are_unknown(management: Management, me: Batcher) -> None:
    await made(me, line("a"))
    await expand(management)
    (request,) = await listed(management.admin)
    other = await platform(management, await batcher(management, Role.BATCH_API_USER))
    assert await listed(other) == []
    for call in (other.get(f"{REQUESTS}/{request['id']}"), other.delete(f"{REQUESTS}/{request['id']}")):
        await refused(call, 404, f"Request with ID {request['id']} not found")
    assert await listed(management.admin, f"&member_id={me.id}") == [request]
    assert await listed(management.admin, f"&member_id={management.admin_id}") == []
    await refused((await management.client()).get(REQUESTS), 401)
    await refused(me.client.get(REQUESTS), 401)
    await refused(management.admin.get(f"{REQUESTS}/nonsense"), 400)


async def test_a_deleted_request_is_gone_from_everywhere_and_moves_nothing(management: Management, me: Batcher) -> None:
    batch = await made(me, *(line(name) for name in "abcd"))
    mine, daemon = await platform(management, me), uuid.uuid4()
    await expand(management)
    claimed = await take(management, daemon, 3)
    for each in claimed[:2]:
        await ended(management, daemon, each, DONE)
    (waiting,) = await listed(mine, "&status=pending")
    for request in (str(claimed[0].id), str(claimed[2].id), waiting["id"]):
        await answered(mine.delete(f"{REQUESTS}/{request}"), 204)
        await refused(mine.get(f"{REQUESTS}/{request}"), 404)
        await refused(mine.delete(f"{REQUESTS}/{request}"), 404)
    assert [each["id"] for each in await listed(mine)] == [str(claimed[1].id)]
    assert await take(management, daemon) == [], "what waited is not carried out"
    assert await ended(management, daemon, claimed[2], DONE), "it ran while it was deleted"
    await finalise(management)
    read = await answered(me.client.get(f"{BATCHES}/{batch['id']}"), 200)
    assert (read["status"], read["request_counts"]["completed"]) == ("completed", 3)
    content = await me.client.get(f"{FILES}/{batch['output_file_id']}/content")
    outputs = await lines_of(me.client, f"{FILES}/{batch['output_file_id']}/content?skip=1")
    assert [each["custom_id"] for each in outputs] == ["b"], "what was read has not moved"
    assert len(content.content) == (await answered(me.client.get(f"{FILES}/{batch['output_file_id']}"), 200))["bytes"]
    assert [each["custom_id"] for each in await lines_of(me.client, f"{BATCHES}/{batch['id']}/results")] == ["b"]
    kept = await management.sql("SELECT 1 FROM batch_requests WHERE response IS NOT NULL")
    assert len(kept) == 1, "what was answered is erased"
    await refused(me.client.post(f"{BATCHES}/{batch['id']}/retry"), 400)


async def test_what_comes_back_into_the_queue_after_its_deletion_is_cancelled(
    management: Management, me: Batcher
) -> None:
    batch = await made(me, line("a"))
    await expand(management)
    (claimed,) = await take(management, uuid.uuid4())
    await answered(management.admin.delete(f"{REQUESTS}/{claimed.id}"), 204)
    await management.sql("UPDATE batch_requests SET state = 'pending', daemon_id = NULL")
    async with transaction(management.services) as session:
        await finish_deleting(session, management.services.now())
    read = await answered(me.client.get(f"{BATCHES}/{batch['id']}"), 200)
    assert (read["status"], read["request_counts"]) == ("cancelled", {"total": 1, "completed": 0, "failed": 0})


async def test_counts_follow_every_change(management: Management, me: Batcher) -> None:
    batch = await made(me, *(line(name) for name in "abcd"), line("e", model="sim-large"))
    daemon = uuid.uuid4()
    await expand(management)
    first, second, third, _ = await take(management, daemon)
    for each, how in ((first, DONE), (second, FAILED), (third, Ended(state="cancelled"))):
        await ended(management, daemon, each, how)
    await answered(me.client.post(f"{BATCHES}/{batch['id']}/cancel"), 200)
    await _check_tallies(management)
    await answered(me.client.post(f"{BATCHES}/{batch['id']}/retry"), 200)
    await _check_tallies(management)
    await answered(management.admin.delete(f"{REQUESTS}/{first.id}"), 204)
    await answered(management.admin.delete(f"{REQUESTS}/{second.id}"), 204)
    await _check_tallies(management)


async def test_pages_are_the_list_cut_into_pieces(management: Management) -> None:
    """Whatever is asked for: against what the database says when every row is looked at."""
    await Work(batches=2020, lines=2).make(management)
    await management.sql("UPDATE batch_requests SET state = 'failed' WHERE line = 2 AND id::text < '02'")
    await _check_tallies(management)
    states = {"": "true", "pending": "state = 'pending'", "in_progress": "state = 'running'",
              "failed": "state = 'failed'", "completed": "state = 'completed'"}  # fmt: skip
    whose = (
        ("", "", "true"),
        (HEAVY, "", f"created_by = '{HEAVY}'"),
        (OWNER, "model-3", f"created_by = '{OWNER}' AND model = 'model-3'"),
    )
    for (status, state), (owner, model, theirs), first in product(states.items(), whose, ("true", "false")):
        condition = f"{state} AND {theirs}"
        active = "(state IN ('pending', 'running')) DESC," if first == "true" else ""
        everything = await management.sql(
            "SELECT batch_requests.id::text FROM batch_requests JOIN batches ON batches.id = batch_id "  # noqa: S608
            f"WHERE {condition} ORDER BY {active} batches.created_at DESC, batches.id DESC, line"
        )
        expected = [row[0] for row in everything]
        query = "".join(
            f"&{name}={value}" for name, value in (("status", status), ("member_id", owner), ("model", model)) if value
        )
        for skip in (0, 3, len(expected) - 2):
            path = f"{REQUESTS}?limit=7&skip={skip}&active_first={first}{query}"
            page = await answered(management.admin.get(path), 200)
            assert page["total_count"] == len(expected), path
            begin = max(skip, 0)
            assert [each["id"] for each in page["data"]] == expected[begin : begin + 7], path


async def _check_tallies(management: Management) -> None:
    kept = await management.sql("SELECT * FROM batch_models WHERE total <> 0 ORDER BY batch_id, model")
    counted = await management.sql(
        "SELECT batch_id, model, count(*), count(*) FILTER (WHERE state = 'completed'), "
        "count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'cancelled') "
        "FROM batch_requests WHERE deleted_at IS NULL GROUP BY batch_id, model ORDER BY batch_id, model"
    )
    assert [tuple(row) for row in kept] == [tuple(row) for row in counted]
