"""The contract's lines on files (§4.14)."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.control.files.calls import FILES, batcher, jsonl, line, lines_of, upload, uploaded, with_models
from tests.control.management import API, Management, answered, managed, refused, settings_for_tests

from control_layer.control.permissions import Role


async def test_what_was_uploaded_is_read_listed_and_deleted(management: Management) -> None:
    await with_models(management, "sim-small")
    me = await batcher(management)
    before = int(time.time())
    lines = [line(f"line-{number}") for number in range(3)]
    file = await uploaded(me.client, *lines)
    assert set(file) == {"id", "object", "bytes", "created_at", "filename", "purpose", "expires_at"}
    assert (file["object"], file["purpose"], file["filename"]) == ("file", "batch", "requests.jsonl")
    assert file["bytes"] == len(jsonl(*lines))
    assert before <= file["created_at"] <= time.time()
    assert file["expires_at"] - file["created_at"] == 30 * 86400
    path = f"{FILES}/{uuid.UUID(file['id'])}"
    assert await answered(me.client.get(path), 200) == file
    assert await lines_of(me.client, f"{path}/content") == lines
    listed = await answered(me.client.get(FILES), 200)
    assert listed == {
        "object": "list", "data": [file], "first_id": file["id"], "last_id": file["id"], "has_more": False
    }  # fmt: skip
    gone = await answered(me.client.delete(path), 200)
    assert gone == {"id": file["id"], "object": "file", "deleted": True}
    for call in (me.client.get(path), me.client.get(f"{path}/content"), me.client.delete(path)):
        await refused(call, 404, f"File with ID {file['id']} not found")
    assert await answered(me.client.get(FILES), 200) == {"object": "list", "data": [], "has_more": False}


async def test_others_files_are_unknown_except_to_those_who_read_all(management: Management) -> None:
    await with_models(management, "sim-small")
    me, other = await batcher(management), await batcher(management)
    file = await uploaded(me.client)
    path = f"{FILES}/{file['id']}"
    for call in (
        other.client.get(path),
        other.client.get(f"{path}/content"),
        other.client.get(f"{path}/cost-estimate"),
        other.client.delete(path),
    ):
        await refused(call, 404)
    assert (await answered(other.client.get(FILES), 200))["data"] == []
    seen = (await answered(management.admin.get(FILES), 200))["data"]
    assert [(each["id"], each["context_type"]) for each in seen] == [(file["id"], "personal")]
    assert seen[0]["created_by_email"].startswith("person-")
    assert (await answered(management.admin.get(f"{FILES}?own=true"), 200))["data"] == []
    assert len((await answered(management.admin.get(f"{FILES}?member_id={me.id}"), 200))["data"]) == 1
    await refused(me.client.get(f"{FILES}?member_id={me.id}"), 400)
    await answered(management.admin.delete(path), 200)


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        (Role.STANDARD_USER, (403, 403, 403)),
        (Role.CONNECTIONS_USER, (200, 403, 403)),
        (Role.BATCH_API_USER, (200, 400, 404)),
        (Role.PLATFORM_MANAGER, (200, 400, 404)),
    ],
)
async def test_roles(management: Management, role: Role, statuses: tuple[int, int, int]) -> None:
    me = await batcher(management, role)
    listed = await me.client.get(FILES)
    made = await me.client.post(FILES, data={"purpose": "batch"}, files={"nothing": b""})
    gone = await me.client.delete(f"{FILES}/{uuid.uuid4()}")
    assert (listed.status_code, made.status_code, gone.status_code) == statuses
    if listed.status_code == 403:
        assert listed.text == "Insufficient permissions to Read Files"


async def test_sessions_and_inference_keys_get_in_and_platform_keys_do_not(management: Management) -> None:
    person = await management.person(Role.BATCH_API_USER)
    await refused(person.client.get(FILES), 401, "Authentication required")
    await refused((await management.client()).get(FILES), 401, "Authentication required")
    await answered(management.admin.get(FILES), 200)
    me = await batcher(management)
    await answered(me.client.get(FILES), 200)
    await refused(me.client.get(f"{API}/users/current"), 401)


async def test_path_and_query_are_checked_before_the_caller(management: Management) -> None:
    anonymous = await management.client()
    await refused(anonymous.get(f"{FILES}/nonsense"), 400)
    await refused(anonymous.get(f"{FILES}?order=up"), 400)
    await refused(anonymous.get(f"{FILES}?limit=x"), 400)
    await answered(management.admin.get(f"{FILES}?after=nonsense&limit=0"), 200)


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (b"", 400, "File contains no valid request templates"),
        (b"\n  \n\r\n", 400, "File contains no valid request templates"),
        (b"{\n", 400, "Invalid JSON on line 1: "),
        (b"[]\n", 400, "Invalid JSON on line 1: "),
        (jsonl(line()) + b"nonsense", 400, "Invalid JSON on line 2: "),
        (jsonl({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions"}), 400, "Invalid JSON on line 1: "),
        (jsonl(line(body=[])), 400, "Invalid JSON on line 1: "),
        (jsonl(line()).replace(b"hello", b"\xff"), 400, "Line 1: the text is not valid UTF-8"),
        (jsonl(line("x" * 65)), 400, "Line 1: custom_id "),
        (jsonl(line("tab\t")), 400, "Line 1: custom_id "),
        (jsonl(line("é")), 400, "Line 1: custom_id "),
        (jsonl(line(method="GET")), 400, "Line 1: method must be POST"),
        (jsonl(line(url="/v1/files")), 400, "Line 1: Unsupported URL path"),
        (jsonl(line(body={})), 400, "Line 1: Missing 'model' field in request body"),
        (jsonl(line(body={"model": 5})), 400, "Line 1: Missing 'model' field in request body"),
        (
            b"\n" + jsonl(line(), line(model="unknown")),
            403,
            "Line 3: Model 'unknown' has not been configured or is not available to user",
        ),
        (jsonl(line(model="embed-x")), 400, "Line 1: Model 'embed-x' is of type EMBEDDINGS"),
        (jsonl(line(url="/v1/embeddings")), 400, "Line 1: Model 'sim-small' is of type CHAT"),
        (jsonl(line(body={"model": "sim-small", "reasoning_effort": "heroic"})), 422, "Line 1: Unsupported reasoning"),
    ],
)
async def test_one_bad_line_and_nothing_is_stored(
    management: Management, content: bytes, status: int, text: str
) -> None:
    await with_models(management, "sim-small", "embed-x")
    me = await batcher(management)
    answer = await upload(me.client, content)
    assert (answer.status_code, answer.text[: len(text)]) == (status, text)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert await management.sql("SELECT 1 FROM files UNION ALL SELECT 1 FROM file_requests") == []


async def test_the_owner_must_have_the_model_and_administrators_are_no_exception(management: Management) -> None:
    models = await with_models(management, "sim-small")
    me = await batcher(management)
    await answered(management.admin.delete(f"{API}/groups/{uuid.UUID(int=0)}/models/{models['sim-small']}"), 204)
    for client in (me.client, management.admin):
        await refused(
            upload(client, jsonl(line())),
            403,
            "Line 1: Model 'sim-small' has not been configured or is not available to user",
        )


async def test_content_is_kept_to_the_byte_apart_from_what_the_queue_decides(management: Management) -> None:
    await with_models(management, "sim-small")
    me = await batcher(management)
    body = (
        '{"model":"sim-small","n":1.10,"big":123456789012345678901234567890,"t":"\\u0000 é","priority":3,"stream":true}'
    )
    content = '\ufeff{"custom_id":"a","method":"post","url":"/v1/chat/completions","body":' + body + "}"
    answer = await upload(me.client, content.encode())
    assert answer.status_code == 201, answer.text
    text = (await me.client.get(f"{FILES}/{answer.json()['id']}/content")).text
    assert '"n":1.10,"big":123456789012345678901234567890,"t":"\\u0000 é"}' in text
    assert "priority" not in text
    assert "stream" not in text


async def test_forms_that_are_none(management: Management) -> None:
    me = await batcher(management)
    await refused(me.client.post(FILES, json={}), 415)
    await refused(me.client.post(FILES, content=b"x", headers={"content-type": "multipart/form-data"}), 400)
    broken = {"content-type": "multipart/form-data; boundary=b"}
    await refused(me.client.post(FILES, content=b"--b\r\n", headers=broken), 400)
    await refused(me.client.post(FILES, content=b"nonsense", headers=broken), 400)
    await refused(
        me.client.post(FILES, data={"purpose": "batch"}, files={"other": b"x"}),
        400,
        "No file field found in multipart upload",
    )
    await refused(
        upload(me.client, b"", purpose="fine-tune"), 400, "Invalid purpose 'fine-tune'. Only 'batch' is supported."
    )


async def test_expiry(management: Management) -> None:
    await with_models(management, "sim-small")
    me = await batcher(management)
    answer = await upload(me.client, jsonl(line()), expires_after__anchor="created_at", expires_after__seconds="3600")
    file = answer.json()
    assert file["expires_at"] - file["created_at"] == 3600
    for seconds in ("0", "-1", "x", "9" * 30):
        await refused(upload(me.client, jsonl(line()), expires_after__seconds=seconds), 400)
    await refused(upload(me.client, jsonl(line()), expires_after__anchor="now"), 400)
    await management.sql("UPDATE files SET expires_at = now()")
    await refused(me.client.get(f"{FILES}/{file['id']}"), 404)


async def test_pages_follow_one_another(management: Management) -> None:
    await with_models(management, "sim-small")
    me = await batcher(management)
    ids = [(await uploaded(me.client))["id"] for _ in range(5)]
    for order, expected in (("desc", ids[::-1]), ("asc", ids)):
        seen: list[str] = []
        after = ""
        while True:
            page = await answered(me.client.get(f"{FILES}?limit=2&order={order}&after={after}"), 200)
            seen += [file["id"] for file in page["data"]]
            after = page.get("last_id", "")
            if not page["has_more"]:
                break
        assert seen == expected
    assert (await answered(me.client.get(f"{FILES}?search=REQUESTS.j"), 200))["data"]
    assert not (await answered(me.client.get(f"{FILES}?search=other"), 200))["data"]
    assert not (await answered(me.client.get(f"{FILES}?purpose=batch_output"), 200))["data"]


async def test_content_can_be_read_piece_by_piece(management: Management) -> None:
    await with_models(management, "sim-small")
    me = await batcher(management)
    lines = [line(f"n-{number:04}") for number in range(501)]
    path = f"{FILES}/{(await uploaded(me.client, *lines))['id']}/content"
    whole = await me.client.get(path)
    assert [json.loads(each) for each in whole.content.splitlines()] == lines
    assert (whole.headers["x-incomplete"], whole.headers["x-last-line"]) == ("false", "501")
    seen: list[Any] = []
    more = "true"
    while more == "true":
        piece = await me.client.get(f"{path}?limit=200&skip={len(seen)}")
        seen += [json.loads(each) for each in piece.content.splitlines()]
        more = piece.headers["x-incomplete"]
        assert piece.headers["x-last-line"] == str(len(seen))
    assert seen == lines
    found = await me.client.get(f"{path}?search=N-00&limit=60&skip=30")
    assert [json.loads(each) for each in found.content.splitlines()] == lines[30:90]
    assert found.headers["x-incomplete"] == "true"
    beyond = await me.client.get(f"{path}?skip=501")
    assert (beyond.content, beyond.headers["x-incomplete"], beyond.headers["x-last-line"]) == (b"", "false", "501")


async def test_limits(database_url: str) -> None:
    limits = {"files": {"max_file_size": 2000, "max_requests_per_file": 3}, "requests": {"max_body_size": 1024}}
    async with managed(database_url, settings_for_tests(limits=limits)) as management:
        await with_models(management, "sim-small")
        me = await batcher(management)
        await uploaded(me.client, line(), line(), line())
        await refused(upload(me.client, jsonl(*[line()] * 4)), 400, "The file has more than 3 requests")
        big = line(body={"model": "sim-small", "x": "y" * 1024})
        await refused(upload(me.client, jsonl(big)), 400, "Line 1: the body is larger than 1024 bytes")
        await refused(upload(me.client, b" " * 2001), 413)


async def test_slots(database_url: str) -> None:
    limits = {"files": {"max_concurrent_uploads": 1, "max_waiting_uploads": 1}}
    async with managed(database_url, settings_for_tests(limits=limits)) as management:
        await with_models(management, "sim-small")
        me = await batcher(management)
        release, started = asyncio.Event(), asyncio.Event()
        kept = await management.client(authorization=me.client.headers["authorization"])
        whole = kept.build_request("POST", FILES, files={"file": ("f", jsonl(line()))})

        async def slowly() -> AsyncIterator[bytes]:
            started.set()
            await release.wait()
            yield await whole.aread()

        headers = {"content-type": whole.headers["content-type"]}
        first = asyncio.create_task(kept.post(FILES, content=slowly(), headers=headers))
        await started.wait()
        waiting = [asyncio.create_task(upload(me.client, jsonl(line()))) for _ in range(2)]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=20)
        (refusal,) = (task.result() for task in done)
        assert (refusal.status_code, refusal.json()["error"]) == (429, "too_many_requests")
        release.set()
        assert (await first).status_code == 201
        assert sorted([task.status_code for task in await asyncio.gather(*waiting)]) == [201, 429]


async def test_the_cost_is_estimated_from_bytes_and_history(management: Management) -> None:
    models = await with_models(management, "sim-small", "embed-x")
    tariffs = [
        {"name": "r", "input_price_per_token": "1", "output_price_per_token": "1", "api_key_purpose": "realtime"},
        {"name": "b", "input_price_per_token": "0.5", "output_price_per_token": "2", "api_key_purpose": "batch",
         "completion_window": "24h", "price_per_request": "0.25"},
    ]  # fmt: skip
    await answered(management.admin.patch(f"{API}/models/{models['sim-small']}", json={"tariffs": tariffs}), 200)
    me = await batcher(management)
    embed = line(url="/v1/embeddings", body={"model": "embed-x", "input": "x"})
    file = await uploaded(me.client, line(), line("b"), embed)
    estimate = await answered(me.client.get(f"{FILES}/{file['id']}/cost-estimate"), 200)
    by_model = {each["model"]: each for each in estimate["models"]}
    given = 2 * len(json.dumps(line()["body"])) // 4
    said = round(1.1 * given)
    assert by_model["sim-small"] == {
        "model": "sim-small", "request_count": 2, "estimated_input_tokens": given, "estimated_output_tokens": said,
        "estimated_cost": by_model["sim-small"]["estimated_cost"],
    }  # fmt: skip
    assert float(by_model["sim-small"]["estimated_cost"]) == 0.5 * given + 2 * said + 2 * 0.25
    assert (by_model["embed-x"]["estimated_output_tokens"], float(by_model["embed-x"]["estimated_cost"])) == (1, 0)
    other = await answered(me.client.get(f"{FILES}/{file['id']}/cost-estimate?completion_window=1h"), 200)
    assert float(other["total_estimated_cost"]) == given + said
    assert estimate["total_requests"] == 3
