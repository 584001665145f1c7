"""Requests to the Messages API that hold thoughts of others: these go, and everything else stays as it came."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from control_layer.gateway.dialects.anthropic.own_thoughts import with_own_thoughts
from control_layer.gateway.dialects.bedrock import BEDROCK
from control_layer.gateway.dialects.conversation import Conversation, Message, Text, Thinking
from control_layer.gateway.dialects.signatures import named

_UNSIGNED = '{"type":"thinking","thinking":"Hm."}'
_EMPTY = '{"thinking": "Hm.", "type": "thinking", "signature": ""}'
_GOOGLES = '{"type":"thinking","thinking":"Hm.","signature":"gemini.c2ln"}'
_OWN = '{ "type":"thinking", "thinking":"\\u0048m.", "signature":"EqQBCgIYAhIM\\/4=" }'
_SEALED = '{"type":"redacted_thinking","data":"c2VhbGVk"}'
_SAID = '{"type": "text", "text": "Yes, \\u00e9.",  "cache_control": null}'
_CALL = '{"type":"tool_use","id":"t","name":"n","input":{"x": 1.50}}'
_ASKED = '{"role": "user", "content": "Is \\"thinking\\" hard?"}'
_RESULT = '{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"rain"}]}'
_CLEARS: Any = {"type": "clear_thinking_20251015", "keep": "all"}
_CLEARS_RESULTS: Any = {"type": "clear_tool_uses_20250919"}
_BUDGET = ',"thinking":{"type":"enabled","budget_tokens":1024}'


def request(*messages: str, more: str = "") -> bytes:
    return f'{{"model":"m","max_tokens":1e3{more},"messages":[{",".join(messages)}]}}'.encode()


def turn(*blocks: str, before: str = "") -> str:
    return f'{{{before}"role":"assistant","content":[{",".join(blocks)}]}}'


@pytest.mark.parametrize("foreign", [_UNSIGNED, _EMPTY, _GOOGLES])
def test_thoughts_of_others_go_and_the_rest_stays_to_the_byte(foreign: str) -> None:
    body = request(_ASKED, turn(foreign, _OWN, _SAID, foreign), _ASKED, turn(_SEALED, _SAID), _ASKED)
    kept = request(_ASKED, turn(_OWN, _SAID), _ASKED, turn(_SEALED, _SAID), _ASKED)
    assert with_own_thoughts(body) == (kept, ())


def test_a_turn_of_nothing_else_goes() -> None:
    assert with_own_thoughts(request(_ASKED, turn(_GOOGLES, _EMPTY), _ASKED)) == (request(_ASKED, _ASKED), ())


@pytest.mark.parametrize(
    "body",
    [
        request(_ASKED, turn(_OWN, _SAID), _ASKED, more=_BUDGET),
        request(_ASKED, more=" , " + _BUDGET[1:]),
        request(_ASKED, turn(_UNSIGNED).replace("assistant", "user")),
        request(_ASKED, turn('{"type":"thinking","thinking":"Hm.","signature":7}')),
        request(_ASKED, '{"role":"assistant","content":7,"type":"thinking"}'),
        b'{"model":"m","thinking":{}}',
        b'{"messages":[{"type":"thinking"}',
        b'{"messages":{"thinking":"thinking"}}',
        b'["thinking"]',
        b'"thinking" \xff',
        b'{"messages":[' + b'[{"thinking":' * 100_000,
    ],
)
def test_whatever_has_none_is_the_very_same(body: bytes) -> None:
    held = bytearray(body)
    found, dropped = with_own_thoughts(held)
    assert found is held
    assert dropped == ()


@pytest.mark.parametrize(
    ("messages", "more", "dropped"),
    [
        ((_ASKED, turn(_GOOGLES, _CALL), _RESULT), _BUDGET, ("thinking",)),
        ((_ASKED, turn(_GOOGLES, _CALL), _RESULT), ',"thinking":{"type":"adaptive"}', ()),
        ((_ASKED, turn(_GOOGLES, _CALL), _RESULT), "", ()),
        ((_ASKED, turn(_OWN, _GOOGLES, _CALL), _RESULT), _BUDGET, ()),
        ((_ASKED, turn(_SEALED, _GOOGLES, _CALL), _RESULT), _BUDGET, ()),
        ((_ASKED, turn(_GOOGLES, _CALL), _RESULT, turn(_SAID), _ASKED), _BUDGET, ()),
    ],
)
def test_nobody_thinks_on_from_thoughts_that_are_gone(
    messages: tuple[str, ...], more: str, dropped: tuple[str, ...]
) -> None:
    """Claude with a budget refuses results of calls without what it had thought before them."""
    found, told = with_own_thoughts(request(*messages, more=more))
    kept: Any = msgspec.json.decode(found)
    assert told == dropped
    assert ("thinking" in kept) == (bool(more) and not dropped)
    assert b"gemini." not in found


@pytest.mark.parametrize(
    ("edits", "kept", "dropped"),
    [
        ([_CLEARS, _CLEARS_RESULTS], {"edits": [_CLEARS_RESULTS], "x": 1}, ("context_management.edits[0]",)),
        ([_CLEARS], None, ("context_management.edits[0]",)),
        ([_CLEARS_RESULTS], {"edits": [_CLEARS_RESULTS], "x": 1}, ()),
    ],
)
def test_who_does_not_think_has_no_thoughts_cleared(edits: list[Any], kept: Any, dropped: tuple[str, ...]) -> None:
    """The API refuses such an edit without `thinking`."""
    editing = msgspec.json.encode({"edits": edits, "x": 1}).decode()
    more = f'{_BUDGET},"context_management":{editing}'
    found, told = with_own_thoughts(request(_ASKED, turn(_GOOGLES, _CALL), _RESULT, more=more))
    body: Any = msgspec.json.decode(found)
    assert told == ("thinking", *dropped)
    assert body.get("context_management") == kept


def test_an_odd_edit_leaves_everything_to_the_provider() -> None:
    body = request(_ASKED, turn(_GOOGLES, _CALL), _RESULT, more=_BUDGET + ',"context_management":{"edits":[1]}')
    assert with_own_thoughts(body) == (body, ())


def test_claude_at_bedrock_gets_no_thoughts_of_others_and_other_models_get_none() -> None:
    thoughts = (Thinking("a", "EqQB"), Thinking("b", named("gemini", "c2ln")), Thinking("c"), Text("Yes."))
    hello = Message("user", (Text("Hi"),))
    asked = Conversation(messages=(hello, Message("assistant", thoughts), hello))
    for model, sent in (("anthropic.claude-sonnet-4-5", ["a"]), ("openai.gpt-oss-120b-1:0", [])):
        body = msgspec.json.decode(BEDROCK.write_request(asked, model, lenient=False).body)
        blocks = [block["reasoningContent"] for block in body["messages"][1]["content"] if "reasoningContent" in block]
        assert [block["reasoningText"]["text"] for block in blocks] == sent
