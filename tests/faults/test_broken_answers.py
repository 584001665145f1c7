"""S5: an answer that the provider breaks off never looks whole to the client, nor to the books."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from tests.faults.connection import Broken
from tests.faults.target import Target, chat, events, ours_only

pytestmark = pytest.mark.server

_BROKEN_STREAMS = ["sim-reset-after", "sim-reset-middle", "sim-reset-middle-tokens-200", "sim-cut"]
_BROKEN_MESSAGES = ["sim-reset-after", "sim-reset-middle", "sim-wrong-content-length"]


def _stream(target: Target, path: str, body: dict[str, object], request_id: str) -> tuple[int, bytes, bool]:
    """Status, what came, and whether the message's framing was whole."""
    received = b""
    with target.connect() as connection:
        connection.send(path, json.dumps({**body, "stream": True}).encode(), target.headers(request_id))
        status = connection.status()
        try:
            for piece in connection.pieces():
                received += piece
        except Broken:
            return status, received, False
        return status, received, True


def _parsed(stream: bytes) -> list[dict[str, Any]]:
    return [json.loads(data) for data in events(stream) if data != "[DONE]"]


@pytest.mark.parametrize("model", _BROKEN_STREAMS)
def test_a_broken_stream_ends_in_an_error_and_without_an_end_of_its_own(target: Target, model: str) -> None:
    request_id = f"broken-{uuid.uuid4()}"
    status, received, _ = _stream(target, "/chat/completions", chat(model), request_id)
    found = _parsed(received)
    assert "[DONE]" not in events(received)
    reasons = [choice.get("finish_reason") for event in found for choice in event.get("choices", [])]
    assert set(reasons) <= {None}
    assert [event for event in found if "error" in event], received
    assert "error" in found[-1]
    row = target.row(request_id)
    if row is not None:
        assert (row["outcome"], row["status"], row["finish_reason"]) == ("failed", status, None)
        assert row["error"] == "upstream_broken"


def test_what_came_before_the_break_reaches_the_client(target: Target) -> None:
    _, whole, _ = _stream(target, "/chat/completions", chat("sim-tokens-200"), f"whole-{uuid.uuid4()}")
    _, broken, _ = _stream(target, "/chat/completions", chat("sim-reset-middle-tokens-200"), f"half-{uuid.uuid4()}")
    said = [_said(event) for event in _parsed(broken) if "choices" in event]
    expected = [_said(event) for event in _parsed(whole) if "choices" in event]
    assert len(said) > 50
    assert said == expected[: len(said)]


def _said(event: dict[str, Any]) -> str:
    return "".join(str(choice["delta"].get("content", "")) for choice in event["choices"])


def test_an_error_inside_a_stream_is_the_last_thing_in_it(target: Target) -> None:
    request_id = f"error-{uuid.uuid4()}"
    _, received, _ = _stream(target, "/chat/completions", chat("sim-error-in-stream"), request_id)
    found = _parsed(received)
    assert "[DONE]" not in events(received)
    assert "error" in found[-1]
    assert not [choice for event in found for choice in event.get("choices", []) if choice["finish_reason"]]
    row = target.row(request_id)
    if row is not None:
        assert (row["outcome"], row["token_source"]) == ("failed", "estimate")


@pytest.mark.parametrize("model", _BROKEN_MESSAGES)
def test_a_broken_message_is_broken_for_the_client_too(target: Target, model: str) -> None:
    """A status that has left cannot be taken back: the client must see a message that is not whole, or an error."""
    request_id = f"broken-{uuid.uuid4()}"
    with target.connect() as connection:
        connection.send("/chat/completions", json.dumps(chat(model)).encode(), target.headers(request_id))
        try:
            answer = connection.answer()
        except Broken:
            pass
        else:
            assert answer.status >= 500
            assert "error" in answer.json()
    row = target.row(request_id)
    if row is not None:
        assert (row["outcome"], row["error"]) == ("failed", "upstream_broken")


def test_a_provider_that_hangs_up_without_a_word_is_an_error_answer(target: Target) -> None:
    request_id = f"silent-{uuid.uuid4()}"
    answer = target.post("/chat/completions", chat("sim-reset-before"), request_id)
    assert answer.status in (500, 502, 503)
    assert "error" in answer.json()
    row = target.row(request_id)
    if row is not None:
        assert (row["outcome"], row["status"], row["token_source"]) == ("failed", answer.status, "none")


@ours_only
@pytest.mark.parametrize(
    ("path", "body", "ends"),
    [
        ("/messages", chat("sim-reset-middle-tokens-200", max_tokens=1000), ("message_stop", "stop_reason")),
        ("/responses", {"model": "sim-reset-middle-tokens-200", "input": "Say something."}, ("response.completed",)),
    ],
)
def test_so_it_is_in_the_other_dialects(
    target: Target, path: str, body: dict[str, object], ends: tuple[str, ...]
) -> None:
    request_id = f"broken-{uuid.uuid4()}"
    _, received, _ = _stream(target, path, body, request_id)
    found = _parsed(received)
    last = found.pop()
    assert "error" in last
    assert not [event for event in found if event["type"] in ends or (event.get("delta") or {}) == "end_turn"]
    assert not [event for event in found if isinstance(event.get("delta"), dict) and event["delta"].get("stop_reason")]
    row = target.row(request_id)
    assert row is not None
    assert (row["outcome"], row["finish_reason"]) == ("failed", None)
