"""What a model says, as events: a whole answer and a line of a stream have the same form, and are read by one code."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Finish
from control_layer.gateway.dialects.events import (
    CallDelta,
    CallStarted,
    Event,
    LogprobsDelta,
    TextDelta,
    ThinkingDelta,
)
from control_layer.gateway.dialects.openai_chat.said import call_id
from control_layer.gateway.usage import from_object

__all__ = ["ResponseBody", "answer_id_of", "calls_of", "created_of", "finish_of", "logprobs_of", "said_in", "tokens_of"]

_NOTHING = msgspec.Raw()
_NOTHING_SAID = (b"", b"null", b"[]")
_FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length"}
"""`load` and `unload` answer a request that asks nothing. A reason that is not known yet is an end all the same."""


class _Function(msgspec.Struct, gc=False):
    name: str = ""
    arguments: msgspec.Raw = _NOTHING


class _Call(msgspec.Struct, gc=False):
    id: str | None = None
    function: _Function | None = None


class _Said(msgspec.Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class ResponseBody(msgspec.Struct, gc=False):
    """`ChatResponse`, or the error that ends a stream."""

    message: _Said | None = None
    created_at: str | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | float | None = None
    eval_count: int | float | None = None
    logprobs: msgspec.Raw = _NOTHING
    error: str | None = None


def answer_id_of(response: ResponseBody) -> str:
    """Ollama names no answer: the time when it began tells it from others."""
    began = (response.created_at or "").encode("utf-8", "replace")
    return f"ollama-{blake2b(began, digest_size=12).hexdigest()}"


def created_of(response: ResponseBody) -> int | None:
    """Unix seconds."""
    try:
        return int(datetime.fromisoformat(response.created_at or "").timestamp())
    except (ValueError, OverflowError):
        return None


def said_in(response: ResponseBody, answer_id: str, calls_before: int) -> list[Event]:
    """What there is of an answer in it."""
    events: list[Event] = []
    said = response.message
    if said is not None:
        if said.thinking:
            events.append(ThinkingDelta(said.thinking))
        if said.content:
            events.append(TextDelta(said.content))
        for index, call in enumerate(said.tool_calls or (), calls_before):
            function = call.function or _Function()
            events.append(CallStarted(index, call.id or call_id(answer_id, 0, index), function.name))
            events.append(CallDelta(index, _arguments(function.arguments)))
    logprobs = logprobs_of(response)
    if logprobs is not None:
        events.append(LogprobsDelta(logprobs))
    return events


def calls_of(response: ResponseBody) -> int:
    """How many tools are called in it."""
    said = response.message
    return 0 if said is None or said.tool_calls is None else len(said.tool_calls)


def finish_of(response: ResponseBody, *, called: bool) -> Finish:
    """Why it ended."""
    finish = _FINISHES.get(response.done_reason or "", "stop")
    return "tool_calls" if finish == "stop" and called else finish


def logprobs_of(response: ResponseBody) -> msgspec.Raw | None:
    """In OpenAI's form, which Ollama's entries have."""
    told = bytes(response.logprobs)
    return None if told in _NOTHING_SAID else msgspec.Raw(b'{"content":%b,"refusal":null}' % told)


def tokens_of(response: ResponseBody) -> Tokens | None:
    """Thinking is part of what was said, and told apart by nobody."""
    return from_object({"prompt_tokens": response.prompt_eval_count, "completion_tokens": response.eval_count})


def _arguments(given: msgspec.Raw) -> str:
    text = bytes(given)
    return "{}" if text in (b"", b"null") else msgspec.json.format(text, indent=-1).decode()
