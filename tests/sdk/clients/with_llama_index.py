"""LlamaIndex's models of OpenAI's kind and Anthropic's, on other providers' models: one JSON line with what it saw."""

import json
import os
from collections.abc import Callable
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.tools import FunctionTool
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai_like import OpenAILike
from tests.sdk.clients.observed import error_of

URL, KEY = os.environ["GATEWAY_URL"], os.environ["GATEWAY_KEY"]
SAY = [ChatMessage(role=MessageRole.USER, content="Say something.")]
WEATHER = "Use the tool get_weather, please."


def get_weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"rain in {city}"


TOOL = FunctionTool.from_defaults(fn=get_weather)


def openai_like(model: str) -> OpenAILike:
    return OpenAILike(
        model=model, api_base=URL, api_key=KEY, max_retries=0, is_chat_model=True, is_function_calling_model=True
    )  # fmt: skip


def anthropic(model: str) -> Anthropic:
    base_url = URL.removesuffix("/v1") + "/anthropic"
    return Anthropic(model=model, base_url=base_url, api_key=KEY, max_retries=0, max_tokens=500)


def look(client: Callable[[str], Any], *models: str) -> dict[str, Any]:
    """A chat, whole and streamed, a loop with tools, and errors, each with a model that does it."""
    plain, calls_two, limited, broken = models
    model, calling = client(plain), client(calls_two)
    whole = model.chat(SAY)
    *_, streamed = model.stream_chat(SAY)
    tools: dict[str, Any] = {"tools": [TOOL], "allow_parallel_tool_calls": True}
    called = calling.chat_with_tools(user_msg=WEATHER, **tools)
    *_, called_in_stream = calling.stream_chat_with_tools(user_msg=WEATHER, **tools)
    calls, same = (calling.get_tool_calls_from_response(each) for each in (called, called_in_stream))
    results = [
        ChatMessage(
            role=MessageRole.TOOL,
            content=get_weather(**call.tool_kwargs),
            additional_kwargs={"tool_call_id": call.tool_id},
        )
        for call in calls
    ]
    asked = ChatMessage(role=MessageRole.USER, content=WEATHER)
    last = calling.chat_with_tools(chat_history=[asked, called.message, *results], **tools)
    single = calling.chat_with_tools([TOOL], user_msg=WEATHER)
    answers = (whole, called, last, single)
    return {
        "text": whole.message.content,
        "streamed": streamed.message.content,
        "calls": [[call.tool_name, call.tool_kwargs] for call in calls],
        "streamedCalls": [[call.tool_name, call.tool_kwargs] for call in same],
        "answer": last.message.content,
        "single": len(calling.get_tool_calls_from_response(single)),
        "errors": {
            "absent": error_of(lambda: client("claude-fable-5").chat(SAY)),
            "limited": error_of(lambda: client(limited).chat(SAY)),
            "broken": error_of(lambda: list(client(broken).stream_chat(SAY))),
        },
        "usage": [usage_of(answer) for answer in answers],
    }


def usage_of(answer: Any) -> list[int]:
    told = answer.raw["usage"] if isinstance(answer.raw, dict) else answer.raw.usage
    if hasattr(told, "prompt_tokens"):
        return [told.prompt_tokens, told.completion_tokens]
    return [told.input_tokens, told.output_tokens]


OWN = ("claude-sonnet-5", "claude-opus-5", "claude-sonnet-5-5", "claude-opus-4-8")
"""This client asks for no model that it has not heard of; what these are is the gateway's business."""
OTHERS = {
    name: (name, f"{name}-calls-2", f"{name}-error-429", f"{name}-error-in-stream") for name in ("claude", "gemini")
}
print(
    json.dumps(
        {
            "OpenAILike": {name: look(openai_like, *models) for name, models in OTHERS.items()},
            "Anthropic": {"gpt": look(anthropic, *OWN)},
        }
    )
)
