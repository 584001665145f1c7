"""An event stream on its way through: the same bytes at any split, but for what must be hidden or restored."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from control_layer.contract.usage import Tokens
from control_layer.gateway.streaming import StreamObserver

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
COUNTED = Tokens(input=10, output=5, source="provider")


def event(data: Any, kind: str | None = None, end: str = "\n") -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    head = f"event: {kind}{end}" if kind else ""
    return f"{head}data: {text}{end}{end}".encode()


def chunk(content: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    return {
        "id": "c", "object": "chat.completion.chunk", "model": "upstream",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more,
    }  # fmt: skip


USAGE_CHUNK = {"id": "c", "object": "chat.completion.chunk", "model": "upstream", "choices": [], "usage": USAGE}
TEXT = [chunk("Hé"), chunk(" wörld \U0001f600"), chunk(finish="stop")]
DONE = event("[DONE]")

CHAT = b"".join(map(event, TEXT)) + DONE
CHAT_WITH_USAGE = b"".join(map(event, [*TEXT, USAGE_CHUNK])) + DONE
CHAT_WITH_NULLS = b"".join(event({**part, "usage": None}) for part in TEXT) + event(USAGE_CHUNK) + DONE
MESSAGES = b"".join(
    event(data, str(data["type"]))
    for data in (
        {"type": "message_start", "message": {"id": "m", "model": "upstream", "usage": {
            "input_tokens": 10, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 3, "output_tokens": 1}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
        {"type": "ping"},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    )
)  # fmt: skip
RESPONSES = b"".join(
    event(data, str(data["type"]))
    for data in (
        {"type": "response.created", "response": {"id": "r", "model": "upstream", "usage": None}},
        {"type": "response.output_text.delta", "delta": "hello"},
        {"type": "response.completed", "response": {"id": "r", "model": "upstream", "status": "completed", "usage": {
            "input_tokens": 10, "output_tokens": 5}}},
    )
)  # fmt: skip
ODD = (
    b"\xef\xbb\xbf: comment\r\n\r\nid: 7\r\nretry: 10\r\ndata: {\"choices\":[{\"delta\":{}}]}\r\n\r\n"
    b"data: {\"a\":\ndata: 1}\n\ndata\n\n\n\n: ping\n\ndata: no \"usage\"\n\ndata: [1]\n\nevent: x\ndata: \xff\xfe\n\n"
    b"data: {\"choices\":{},\"usage\":3,\"type\":7,\"error\":null}\n\n" + DONE
)  # fmt: skip
STREAMS = {
    "chat": CHAT, "chat with usage": CHAT_WITH_USAGE, "chat with nulls": CHAT_WITH_NULLS, "messages": MESSAGES,
    "responses": RESPONSES, "odd": ODD, "crlf": CHAT.replace(b"\n", b"\r\n"), "cr": CHAT.replace(b"\n", b"\r"),
    "unterminated": CHAT.removesuffix(b"\n\n"), "cut": CHAT[:-90], "empty": b"",
}  # fmt: skip


def observe(chunks: list[bytes], **settings: Any) -> tuple[StreamObserver, bytes]:
    observer = StreamObserver(**settings)
    out = b"".join([observer.feed(data) for data in chunks])
    return observer, out + observer.flush()


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def verdict(observer: StreamObserver) -> tuple[Any, ...]:
    return (
        observer.tokens, observer.finish_reason, observer.complete, observer.terminated, observer.error_event,
        observer.text_bytes,
    )  # fmt: skip


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_in_which_nothing_must_change_is_byte_identical_at_every_split(stream: bytes) -> None:
    whole, _ = observe([stream])
    for cut in range(len(stream) + 1):
        observer, out = observe([stream[:cut], stream[cut:]])
        assert out == stream
        assert verdict(observer) == verdict(whole)
    observer, out = observe([stream[at : at + 1] for at in range(len(stream))])
    assert out == stream
    assert verdict(observer) == verdict(whole)


@given(st.binary(max_size=300), st.lists(st.integers(0, 400), max_size=6))
@example(b"\r", [])
@example(b"data: x\r\n\r", [5])
def test_any_bytes_pass_unchanged_at_any_split(stream: bytes, cuts: list[int]) -> None:
    assert observe(split(stream, cuts))[1] == stream


@given(st.sampled_from(list(STREAMS.values())), st.lists(st.integers(0, 3000), max_size=8), st.booleans())
def test_edits_do_not_depend_on_the_split(stream: bytes, cuts: list[int], sanitised: bool) -> None:
    settings: dict[str, Any] = {"hide_usage": True}
    if sanitised:
        settings |= {"alias": "alias", "error": event({"error": "generic"})}
    whole, expected = observe([stream], **settings)
    observer, out = observe(split(stream, cuts), **settings)
    assert out == expected
    assert verdict(observer) == verdict(whole)


def test_whole_events_leave_at_once_and_half_ones_wait() -> None:
    observer = StreamObserver()
    first = event(chunk("a"))
    assert observer.feed(first) is first
    assert observer.feed(first + b"data: {") == first
    assert observer.feed(b'"x":1}\n') == b""
    assert observer.feed(b"\n") == b'data: {"x":1}\n\n'


@pytest.mark.parametrize("stream", [CHAT_WITH_USAGE, CHAT_WITH_NULLS, CHAT_WITH_USAGE.replace(b"\n", b"\r\n")])
def test_usage_that_was_not_asked_for_is_counted_and_hidden(stream: bytes) -> None:
    plain = CHAT if b"\r" not in stream else CHAT.replace(b"\n", b"\r\n")
    observer, out = observe([stream], hide_usage=True)
    assert out == plain
    assert observer.tokens == COUNTED
    assert observer.finish_reason == "stop"


@pytest.mark.parametrize(
    "last",
    [
        {"choices": [], "usage": USAGE},
        {"choices": None, "usage": USAGE},
        {"id": "c", "usage": USAGE},
        {"choices": [], "usage": USAGE, "error": None},
    ],
)
def test_the_chunk_that_is_only_usage_is_hidden_in_every_form(last: dict[str, Any]) -> None:
    observer, out = observe([b"".join(map(event, [*TEXT, last])) + DONE], hide_usage=True)
    assert (out, observer.tokens) == (CHAT, COUNTED)


def test_usage_beside_content_loses_only_itself() -> None:
    """S3: the last chunk carries usage and choices."""
    stream = event(TEXT[0]) + event({**TEXT[2], "usage": USAGE}) + DONE
    observer, out = observe([stream], hide_usage=True)
    assert observer.tokens == COUNTED
    assert out == event(TEXT[0]) + event(TEXT[2]) + DONE
    assert observe([stream])[1] == stream


def test_usage_in_every_chunk_counts_once() -> None:
    counts = [{"prompt_tokens": 10, "completion_tokens": n} for n in (1, 3, 5)]
    stream = b"".join(event({**part, "usage": usage}) for part, usage in zip(TEXT, counts, strict=True)) + DONE
    assert observe([stream])[0].tokens == COUNTED


def test_an_unterminated_last_event_counts_and_is_hidden_all_the_same() -> None:
    observer, out = observe([b"".join(map(event, TEXT)) + event(USAGE_CHUNK).rstrip(b"\n")], hide_usage=True)
    assert observer.tokens == COUNTED
    assert out == b"".join(map(event, TEXT))
    assert observe([CHAT.rstrip(b"\n")])[0].terminated


def test_messages_add_up() -> None:
    observer, _ = observe([MESSAGES])
    assert observer.tokens == Tokens(input=20, output=5, cached_input=7, cache_write=3, source="provider")
    assert (observer.finish_reason, observer.terminated, observer.text_bytes) == ("end_turn", True, 5)


def test_responses_are_read() -> None:
    observer, _ = observe([RESPONSES])
    assert (observer.tokens, observer.finish_reason, observer.terminated) == (COUNTED, "completed", True)
    assert observer.text_bytes == 5


def test_what_was_said_is_counted_for_an_estimate() -> None:
    call = {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "1234"}}]}}]}
    observer, _ = observe([event(chunk("abc")) + event(call) + event({"choices": [{"text": "xy"}]})])
    assert observer.text_bytes == 3 + 4 + 2


@pytest.mark.parametrize(
    ("stream", "complete", "terminated"),
    [
        (CHAT, True, True),
        (b"".join(map(event, TEXT)), True, False),
        (b"".join(map(event, TEXT[:2])), False, False),
        (event({"choices": [{"finish_reason": None, "delta": {}}]}), False, False),
        (MESSAGES[: MESSAGES.index(b"event: message_stop")], False, False),
        (b"", False, False),
        (event("[DONE]", end="\r\n"), True, True),
        (b"data:[DONE]\n\n", True, True),
    ],
)
def test_only_the_stream_itself_says_that_it_is_whole(stream: bytes, complete: bool, terminated: bool) -> None:
    """S5: no end is ever inferred."""
    observer, out = observe([stream])
    assert (observer.complete, observer.terminated) == (complete, terminated)
    assert out == stream


@pytest.mark.parametrize(
    "error",
    [
        event({"error": {"message": "at internal.host"}}),
        event({"error": "boom"}),
        event({"type": "error", "error": {"type": "overloaded_error"}}, "error"),
        event("not json", "error"),
        event({"error": {"message": "x"}, "usage": {}, "choices": 3}),
    ],
)
def test_errors_are_noticed_and_in_a_sanitised_stream_replaced(error: bytes) -> None:
    stream = event(TEXT[0]) + error + DONE
    observer, out = observe([stream])
    assert observer.error_event
    assert out == stream
    generic = event({"error": {"message": "generic"}})
    observer, out = observe([stream], alias="upstream", error=generic)
    assert observer.error_event
    assert out == event(TEXT[0]) + generic


@pytest.mark.parametrize("stream", [CHAT_WITH_USAGE, MESSAGES, RESPONSES, event({"model": "upstream"})])
def test_a_sanitised_stream_never_names_the_providers_model(stream: bytes) -> None:
    _, out = observe([stream], alias="alias", error=b"")
    assert b"upstream" not in out
    assert out == stream.replace(b'"upstream"', b'"alias"')


def test_a_restored_event_keeps_its_other_lines() -> None:
    stream = b'id: 7\nevent: x\n: hint\ndata: {"model":"upstream","n":1.10}\n\n'
    assert observe([stream], alias="a")[1] == b'id: 7\nevent: x\n: hint\ndata: {"model":"a","n":1.10}\n\n'


@pytest.mark.parametrize("hide", [True, False])
def test_an_event_too_large_to_read_passes_unread(hide: bool) -> None:
    huge = b"data: " + b"x" * (9 * 1024 * 1024) + b"\n\n"
    stream = event(TEXT[0]) + huge + CHAT_WITH_USAGE
    pieces = [stream[at : at + 1024 * 1024] for at in range(0, len(stream), 1024 * 1024)]
    observer, out = observe(pieces, hide_usage=hide)
    assert out == stream
    assert observer.lost
