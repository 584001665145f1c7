"""S14 and S3: a request is counted as its provider counts it, streamed or not; what nobody counts is estimated and
marked; and counting delays nothing.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from tests.faults.books import counts, tokens_of
from tests.faults.target import Target, chat, events, ours_only
from tests.running import ADMIN_EMAIL, until

pytestmark = pytest.mark.server

_LONG = "A prompt of more than a thousand tokens, so that the provider says that it had half of it cached. " * 50
_SHAPES = ["sim-small", "sim-reasoning", "sim-usage-with-content", "sim-usage-in-every-chunk", "sim-usage-odd"]
_ASKED: dict[str, object] = {"stream_options": {"include_usage": True}}


def _row(target: Target, body: dict[str, object]) -> dict[str, Any]:
    request_id = f"usage-{uuid.uuid4()}"
    assert target.post("/chat/completions", body, request_id).status == 200
    row = target.row(request_id)
    assert row is not None
    return row


@ours_only
@pytest.mark.parametrize("text", ["Say something.", _LONG], ids=["short", "cached"])
@pytest.mark.parametrize("model", _SHAPES)
def test_a_streamed_request_counts_as_a_blocking_one_and_as_the_provider_says(
    target: Target, model: str, text: str
) -> None:
    blocking = _row(target, chat(model, text))
    streamed = _row(target, chat(model, text, stream=True))
    asked = _row(target, {**chat(model, text, stream=True), **_ASKED})
    bills = {bill["request_id"]: bill["usage"] for bill in target.provider.stats()["ledger"]}
    for row in (blocking, streamed, asked):
        assert (row["outcome"], row["token_source"]) == ("completed", "provider")
        assert counts(row) == tokens_of(bills[str(row["id"])])
    assert counts(blocking) == counts(streamed) == counts(asked)


@pytest.mark.parametrize("asked", [False, True])
def test_the_client_sees_usage_where_it_asked_for_it(target: Target, asked: bool) -> None:
    body = {**chat("sim-small", stream=True), **(_ASKED if asked else {})}
    answer = target.post("/chat/completions", body)
    found = [json.loads(data) for data in events(answer.body) if data != "[DONE]"]
    usage = [event for event in found if event.get("usage")]
    if asked:
        assert len(usage) == 1
        assert usage[0]["choices"] == []
        assert usage[0]["usage"]["completion_tokens"] > 0
    else:
        assert not usage
        assert not [event for event in found if "choices" in event and not event["choices"]]


@ours_only
@pytest.mark.parametrize("stream", [False, True])
def test_what_the_provider_does_not_count_is_estimated_marked_and_shown_in_a_metric(
    target: Target, stream: bool
) -> None:
    instance = target.instance
    assert instance is not None
    labels = {"model": "sim-no-usage", "source": "estimate"}
    before = instance.metric("control_layer_unmetered_requests_total", **labels) or 0
    row = _row(target, chat("sim-no-usage", _LONG, stream=stream))
    assert (row["outcome"], row["token_source"]) == ("completed", "estimate")
    assert len(_LONG) // 4 <= row["input_tokens"] <= len(_LONG) // 4 + 100
    assert 10 <= row["output_tokens"] <= 100  # 24 tokens of about five letters
    until(lambda: instance.metric("control_layer_unmetered_requests_total", **labels) == before + 1)


@ours_only
def test_the_id_of_an_answer_leads_to_all_that_is_known_of_the_request(target: Target) -> None:
    """Why an answer was late, wrong or dear is told by its attempts, its tokens and what was said."""
    instance = target.instance
    assert instance is not None
    mail = "I am jo@example.org, my key is sk-abcdefghijklmnopqrstuvwxyz"
    answer = target.post("/chat/completions", chat("sim-small", mail))
    found = f"/requests/{answer.headers['x-request-id']}?include=bodies"
    until(lambda: '"state":"ended"' in instance.admin.get(f"/admin/api/v1{found}").text)
    detail = instance.api("GET", found)
    assert (detail["outcome"], detail["status_code"], detail["user"]["name"]) == ("completed", 200, ADMIN_EMAIL)
    (attempt,) = detail["attempts"]
    assert (attempt["endpoint"]["name"], attempt["deployment"]["name"]) == ("provider", "sim-small")
    assert attempt["status"] == 200
    assert 0 <= attempt["started_ms"] <= attempt["started_ms"] + attempt["duration_ms"] <= detail["duration_ms"] + 0.01
    asked = detail["bodies"]["request"]["content"]["messages"][0]["content"]
    assert asked == "I am jo@example.org, my key is [secret]"
    assert detail["bodies"]["response"]["content"] == answer.json()
    assert detail["bodies"]["redacted"]["secrets"] >= 1


@pytest.mark.parametrize("more", [{}, _ASKED], ids=["hidden", "asked"])
def test_the_first_bytes_do_not_wait_for_the_last(target: Target, more: dict[str, object]) -> None:
    """Seen without a clock: when the client has the first words, the provider is still at work."""
    before = target.provider.stats()["completed"]
    with target.connect() as connection:
        body = {**chat("sim-slow-chunks-100ms-tokens-30", stream=True), **more}
        connection.send("/chat/completions", json.dumps(body).encode(), target.headers())
        assert connection.status() == 200
        received = b""
        pieces = connection.pieces()
        for piece in pieces:
            received += piece
            if b"This" in received:
                break
        stats = target.provider.stats()
        assert (stats["open"], stats["completed"]) == (1, before)
        received += b"".join(pieces)
    assert events(received)[-1] == "[DONE]"
