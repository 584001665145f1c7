"""What is found in a stream does not depend on how it was cut, and what was not found leaves as it came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.guardrails import Guardrail, Kind
from control_layer.gateway.guardrails.speech import SpokenEvent
from control_layer.gateway.guardrails.steps import Deny, Rail, Redact
from control_layer.gateway.guardrails.windows import Blocked, Window
from control_layer.wire import EventStream

WIDTH = 24
"""A window small enough for short texts to fill it."""
_DENIED = r"s3cret-[a-z]{3}"
_FOUND = "s3cret-abc"
_CARD = r"\b[0-9]{4}-[0-9]{4}\b"
_LETTERS = 'ab s3cret-é漢🙂"\\\n\t0123456789'
"""Halves of what is looked for, what JSON escapes, and characters of two to four bytes."""
_TEXTS = st.text(st.sampled_from(_LETTERS), max_size=120)


_WINDOWS = st.integers(len(_FOUND), 64)


def row(kind: Kind, pattern: str, replacement: str = "", name: str = "rail", window: int = WIDTH) -> Guardrail:
    return Guardrail(name, name, 0, "both", kind, pattern=pattern, replacement=replacement, window=window)


def redacting(*patterns: tuple[str, str], window: int = WIDTH) -> Redact:
    return Redact([Rail(row("redact", pattern, by, str(n), window)) for n, (pattern, by) in enumerate(patterns)])


def denying(*patterns: str, window: int = WIDTH) -> Deny:
    return Deny([Rail(row("deny_pattern", pattern, window=window)) for pattern in patterns])


@dataclass
class Out:
    """The client's end."""

    data: bytes = b""
    ended: bool = False
    longest_wait: int = field(default=0)

    def feed(self, event: SpokenEvent) -> None:
        self.data += event.written()

    def end(self) -> None:
        self.ended = True


def chat_event(text: str, index: int = 0) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": index, "delta": {"content": text}}]}


def in_chat(pieces: Sequence[str]) -> list[tuple[str | None, Any]]:
    events: list[tuple[str | None, Any]] = [(None, chat_event(piece)) for piece in pieces]
    last = {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return [*events, (None, last), (None, {"id": "c", "choices": [], "usage": {"completion_tokens": 123456}})]


def in_messages(pieces: Sequence[str]) -> list[tuple[str | None, Any]]:
    deltas = [("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": piece}}) for piece in pieces]
    events: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"message": {"id": "m", "role": "assistant", "content": [], "model": "x"}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("ping", {}),
        *deltas,
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 123456}}),
        ("message_stop", {}),
    ]
    return [(name, {"type": name, **data}) for name, data in events]


def in_responses(pieces: Sequence[str]) -> list[tuple[str | None, Any]]:
    said = "".join(pieces)
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    deltas = [("response.output_text.delta", {**at, "delta": piece, "logprobs": []}) for piece in pieces]
    part = {"type": "output_text", "text": said, "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "content": [part]}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": {"id": "r", "output": []}}),
        *deltas,
        ("response.output_text.done", {**at, "text": said}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        ("response.completed", {"response": {"id": "r", "output": [item]}}),
    ]
    return [(name, {"type": name, **data}) for name, data in events]


DIALECTS = {"chat": in_chat, "messages": in_messages, "responses": in_responses}


def stream(events: Sequence[tuple[str | None, Any]], *, ascii_: bool = False) -> bytes:
    """The bytes of a stream; with `ascii_`, everything that can be is escaped."""
    out = b""
    for name, data in events:
        head = f"event: {name}\n" if name else ""
        out += f"{head}data: {json.dumps(data, ensure_ascii=ascii_)}\n\n".encode()
    return out + b"data: [DONE]\n\n" if events[0][0] is None else out


def said(data: bytes) -> dict[str, str]:
    """What a client puts together: the pieces, and the texts that repeat them."""
    texts: dict[str, str] = {}
    for event in EventStream().feed(data):
        if event.data == b"[DONE]":
            continue
        tree = json.loads(event.data)
        kind = tree.get("type") or "chat"
        if event.event is not None:
            assert kind.encode() == event.event
        for choice in tree.get("choices", ()):
            key = f"choice {choice['index']}"
            texts[key] = texts.get(key, "") + choice["delta"].get("content", "")
        if kind == "content_block_delta":
            texts["block"] = texts.get("block", "") + tree["delta"]["text"]
        elif kind == "response.output_text.delta":
            texts["delta"] = texts.get("delta", "") + tree["delta"]
        elif kind == "response.output_text.done":
            texts["done"] = tree["text"]
        elif kind == "response.completed":
            texts["completed"] = tree["response"]["output"][0]["content"][0]["text"]
    return texts


def through(step: Deny | Redact, data: bytes, cuts: Sequence[int]) -> Out:
    """Sends a stream through a window in pieces. Raises `Blocked`, with what left before as its `__context__`."""
    out = Out()
    window = Window(step, out)
    events = EventStream()
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {len(data)})
    try:
        for start, end in zip([0, *ends], ends, strict=False):
            for event in events.feed(data[start:end]):
                window.feed(SpokenEvent(event))
        window.end()
    except Blocked as blocked:
        blocked.add_note(out.data.decode())
        raise
    return out


_CUTS = st.lists(st.integers(0, 100_000), max_size=12)
_PIECES = st.lists(_TEXTS, min_size=1, max_size=12)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(pieces=_PIECES, cuts=_CUTS, ascii_=st.booleans(), window=_WINDOWS)
def test_text_without_a_match_leaves_byte_for_byte(
    dialect: str, pieces: list[str], cuts: list[int], ascii_: bool, window: int
) -> None:
    data = stream(DIALECTS[dialect](pieces), ascii_=ascii_)
    for step in (denying("never found", window=window), redacting(("never found", "x"), window=window)):
        out = through(step, data, cuts)
        assert out.ended
        if dialect == "messages":  # a sign of life does not wait
            assert sorted(out.data.split(b"\n\n")) == sorted(data.split(b"\n\n"))
            assert said(out.data) == said(data)
        else:
            assert out.data == data


@pytest.mark.parametrize("dialect", DIALECTS)
@given(
    before=_TEXTS,
    behind=_TEXTS,
    breaks=st.lists(st.integers(0, 400), max_size=15),
    cuts=_CUTS,
    ascii_=st.booleans(),
    window=_WINDOWS,
)
def test_what_is_denied_is_found_wherever_it_is_split_and_none_of_it_leaves(
    dialect: str, before: str, behind: str, breaks: list[int], cuts: list[int], ascii_: bool, window: int
) -> None:
    text = before + _FOUND + behind
    ends = sorted({place % (len(text) + 1) for place in breaks} | {len(text)})
    pieces = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    data = stream(DIALECTS[dialect](pieces), ascii_=ascii_)
    with pytest.raises(Blocked) as blocked:
        through(denying(_DENIED, window=window), data, cuts)
    left = "".join(blocked.value.__notes__)
    sent = said(left.encode())
    assert all(_FOUND not in part for part in sent.values())
    begins = text.index(_FOUND)
    assert all(len(part) <= begins for part in sent.values())


@pytest.mark.parametrize("dialect", DIALECTS)
@given(pieces=_PIECES, cuts=_CUTS, ascii_=st.booleans(), window=_WINDOWS)
def test_redaction_is_the_same_however_the_stream_is_cut(
    dialect: str, pieces: list[str], cuts: list[int], ascii_: bool, window: int
) -> None:
    patterns = ((_DENIED, "[sécret]"), (_CARD, '["\\\n]'), ("[ab]{1,3}", ""), ("漢", "🙂🙂"))
    step = redacting(*patterns, window=window)
    data = stream(DIALECTS[dialect](pieces), ascii_=ascii_)
    text = "".join(pieces)
    wanted = step.redacted(text.encode(), set()).decode() if not _is_json(text) else None
    out = through(step, data, cuts)
    assert len(EventStream().feed(out.data)) == len(EventStream().feed(data))
    if wanted is not None:
        assert set(said(out.data).values()) <= {wanted, ""}
    _unchanged_but_for_text(data, out.data)


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


def _unchanged_but_for_text(before: bytes, after: bytes) -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: "…" if name in ("content", "text", "delta") and isinstance(inner, str) else shape(inner)
                    for name, inner in value.items()}  # fmt: skip
        return [shape(inner) for inner in value] if isinstance(value, list) else value

    def shapes(data: bytes) -> list[Any]:
        events = EventStream().feed(data)
        return [shape(json.loads(event.data)) if event.data != b"[DONE]" else None for event in events]

    key = repr
    assert sorted(map(key, shapes(before))) == sorted(map(key, shapes(after)))


@given(texts=st.lists(st.tuples(st.integers(0, 2), _TEXTS), max_size=20), cuts=_CUTS)
def test_choices_that_take_turns_are_told_apart(texts: list[tuple[int, str]], cuts: list[int]) -> None:
    data = stream([(None, chat_event(text, index)) for index, text in texts] or [(None, chat_event(""))])
    step = redacting(("[0-9]{2}", "##"), window=400)
    out = through(step, data, cuts)
    for index in range(3):
        text = "".join(text for of, text in texts if of == index)
        if not _is_json(text):
            assert said(out.data).get(f"choice {index}", "") == step.redacted(text.encode(), set()).decode()


def test_an_event_waits_for_no_more_than_the_window() -> None:
    out = Out()
    window = Window(denying("x{30}"), out)
    events = [SpokenEvent(event) for event in EventStream().feed(stream(in_chat(["word "] * 40)))]
    for number, event in enumerate(events[:40]):
        window.feed(event)
        left = len(said(out.data).get("choice 0", ""))
        assert left >= 5 * (number + 1) - WIDTH - 5


def test_what_ends_with_the_text_so_far_is_no_match_yet() -> None:
    word = r"\bfoo\b"
    assert said(through(denying(word), stream(in_chat(["a foo", "t long"])), []).data)["choice 0"] == "a foot long"
    assert said(through(denying(word), stream(in_chat(["a", "foo"])), []).data)["choice 0"] == "afoo"
    with pytest.raises(Blocked):
        through(denying(word), stream(in_chat(["a foo", " t"])), [])
    with pytest.raises(Blocked):
        through(denying(r"end$"), stream(in_chat(["the e", "nd"])), [])
    with pytest.raises(Blocked):
        through(denying(r"^the"), stream(in_chat(["th", "e end"])), [])


@pytest.mark.parametrize(
    ("deltas", "wanted"),
    [
        (['{"to": "jo@ex', 'ample.org", "card": 41111', "11111111111}"], {"to": "[mail]", "card": "[number]"}),
        (['{"to": "\\u006ao@example.org"}'], {"to": "[mail]"}),
        (['{"n": 1.50, "s": "x\\"y"}'], {"n": 1.50, "s": 'x"y'}),
    ],
)
def test_arguments_of_tools_stay_json(deltas: list[str], wanted: dict[str, Any]) -> None:
    step = redacting((r"[a-z]+@[a-z.]+", "[mail]"), ("[0-9]{16}", "[number]"))
    calls = [
        (None, {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": delta}}]}}]})
        for delta in deltas
    ]
    blocks = [
        ("content_block_delta", {"type": "content_block_delta", "index": 1,
                                 "delta": {"type": "input_json_delta", "partial_json": delta}})
        for delta in deltas
    ]  # fmt: skip
    stop = ("content_block_stop", {"type": "content_block_stop", "index": 1})
    for events in (calls, [*blocks, stop]):
        out = through(step, stream(events), [])
        arguments = ""
        for event in EventStream().feed(out.data):
            tree = json.loads(event.data) if event.data != b"[DONE]" else {}
            for choice in tree.get("choices", ()):
                arguments += choice["delta"]["tool_calls"][0]["function"]["arguments"]
            arguments += tree.get("delta", {}).get("partial_json", "")
        assert json.loads(arguments) == wanted
        with pytest.raises(Blocked):
            through(denying("jo@example|x.y|4{1}1{15}"), stream(events), [])


def test_log_probabilities_go_with_what_they_repeat() -> None:
    token = {"token": " s3cret", "logprob": -0.1, "bytes": [32], "top_logprobs": []}
    choice = {"index": 0, "delta": {"content": "a s3cret-abc"}, "logprobs": {"content": [token]}}
    out = through(redacting((_DENIED, "[s]")), stream([(None, {"choices": [choice]})]), [])
    assert b"s3cret" not in out.data
    kept = through(redacting(("never", "[s]")), stream([(None, {"choices": [choice]})]), [])
    assert b"s3cret" in kept.data


def test_halves_of_a_surrogate_pair_are_no_hiding_place() -> None:
    halves = [b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % half
              for half in (rb"a s3cret\ud83d", rb"\ude00-abc", rb"s3cret-abc")]  # fmt: skip
    with pytest.raises(Blocked):
        through(denying(_DENIED), b"".join(halves), [])


def test_events_that_are_no_json_are_looked_at_as_they_are() -> None:
    with pytest.raises(Blocked):
        through(denying(_DENIED), b"data: plain s3cret-abc\n\n", [])
    out = through(redacting((_DENIED, "[s]")), b": comment\n\nevent: x\ndata: plain s3cret-abc\n\n", [])
    assert out.data == b": comment\n\nevent: x\ndata: plain [s]\n\n"


def test_rows_of_a_newer_control_plane_are_read() -> None:
    row_ = msgspec.msgpack.decode(msgspec.msgpack.encode(("1", "n", 0, "both", "redact")), type=Guardrail)
    assert (row_.kind, row_.fail, row_.models) == ("redact", "closed", None)
