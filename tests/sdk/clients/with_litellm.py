"""LiteLLM's SDK as a client, in its OpenAI and Anthropic forms, on other providers' models: one JSON line with what
was seen.
"""

import json
import os
from typing import Any

import litellm
from tests.sdk.clients.observed import error_of

URL, KEY = os.environ["GATEWAY_URL"], os.environ["GATEWAY_KEY"]
SAY = [{"role": "user", "content": "Say something."}]
WEATHER = [{"role": "user", "content": "Use the tool get_weather, please."}]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
PLACES = {"openai": URL, "anthropic": URL.removesuffix("/v1") + "/anthropic"}


def look(dialect: str, name: str) -> dict[str, Any]:
    """A chat, whole and streamed, a loop with tools, and errors."""
    answers: list[Any] = []

    def ask(model: str, messages: list[Any], **more: Any) -> Any:
        answer = litellm.completion(
            model=f"{dialect}/{model}", api_base=PLACES[dialect], api_key=KEY, messages=messages, max_tokens=500,
            max_retries=0, **more,
        )  # fmt: skip
        if more.get("stream"):
            answer = litellm.stream_chunk_builder(list(answer), messages=messages)
        answers.append(answer)
        return answer.choices[0].message

    streaming: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    whole, streamed = ask(name, SAY), ask(name, SAY, **streaming)
    called = ask(f"{name}-calls-2", WEATHER, tools=[TOOL])
    called_in_stream = ask(f"{name}-calls-2", WEATHER, tools=[TOOL], **streaming)
    results = [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in called.tool_calls]
    last = ask(f"{name}-calls-2", [*WEATHER, called, *results], tools=[TOOL])
    return {
        "text": whole.content,
        "streamed": streamed.content,
        "calls": calls_of(called),
        "streamedCalls": calls_of(called_in_stream),
        "answer": last.content,
        "errors": {
            "absent": error_of(lambda: ask("no-such-model", SAY)),
            "limited": error_of(lambda: ask(f"{name}-error-429", SAY)),
            "broken": error_of(lambda: ask(f"{name}-error-in-stream", SAY, stream=True)),
        },
        "usage": [[answer.usage.prompt_tokens, answer.usage.completion_tokens] for answer in answers],
    }


def calls_of(message: Any) -> list[list[Any]]:
    functions = [call["function"] for call in message.tool_calls]
    return [[function["name"], json.loads(function["arguments"])] for function in functions]


print(
    json.dumps(
        {
            "openai": {name: look("openai", name) for name in ("claude", "gemini")},
            "anthropic": {name: look("anthropic", name) for name in ("gpt", "ollama")},
        }
    )
)
