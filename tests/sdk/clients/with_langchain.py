"""LangChain's chat models of OpenAI and Anthropic, on other providers' models: one JSON line with what was seen."""

import json
import os
from collections.abc import Callable
from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from tests.sdk.clients.observed import error_of

URL, KEY = os.environ["GATEWAY_URL"], os.environ["GATEWAY_KEY"]
WEATHER: list[BaseMessage] = [HumanMessage("Use the tool get_weather, please.")]


class Weather(BaseModel):
    """The weather of a city."""

    city: str
    days: int


def get_weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"rain in {city}"


def chat_openai(model: str) -> ChatOpenAI:
    return ChatOpenAI(model=model, base_url=URL, api_key=KEY, max_retries=0, stream_usage=True)


def responses(model: str) -> ChatOpenAI:
    return ChatOpenAI(model=model, base_url=URL, api_key=KEY, max_retries=0, use_responses_api=True, store=False)


def chat_anthropic(model: str) -> ChatAnthropic:
    base_url = URL.removesuffix("/v1") + "/anthropic"
    return ChatAnthropic(model=model, base_url=base_url, api_key=KEY, max_retries=0, max_tokens=500)


def look(client: Callable[[str], Any], name: str) -> dict[str, Any]:
    """A chat, whole and streamed, a loop with tools, a structured answer, and errors."""
    messages: list[Any] = []

    def kept(message: Any) -> Any:
        messages.append(message)
        return message

    def streamed(model: Any, prompt: Any) -> Any:
        chunks = list(model.stream(prompt))
        return kept(sum(chunks[1:], chunks[0]))

    model = client(name)
    whole, pieces = kept(model.invoke("Say something.")), streamed(model, "Say something.")
    calling = client(f"{name}-calls-2").bind_tools([tool(get_weather)])
    called, called_in_stream = kept(calling.invoke(WEATHER)), streamed(calling, WEATHER)
    results = [ToolMessage(get_weather(**call["args"]), tool_call_id=call["id"]) for call in called.tool_calls]
    last = kept(calling.invoke([*WEATHER, called, *results]))
    structured = model.with_structured_output(Weather, include_raw=True).invoke("Which weather?")
    kept(structured["raw"])
    return {
        "text": whole.text,
        "streamed": pieces.text,
        "calls": [[call["name"], call["args"]] for call in called.tool_calls],
        "streamedCalls": [[call["name"], call["args"]] for call in called_in_stream.tool_calls],
        "answer": last.text,
        "structured": structured["parsed"].model_dump(),
        "errors": {
            "absent": error_of(lambda: client("no-such-model").invoke("hello")),
            "limited": error_of(lambda: client(f"{name}-error-429").invoke("hello")),
            "broken": error_of(lambda: list(client(f"{name}-error-in-stream").stream("hello"))),
        },
        "usage": [[each.usage_metadata["input_tokens"], each.usage_metadata["output_tokens"]] for each in messages],
    }


print(
    json.dumps(
        {
            "ChatOpenAI": {name: look(chat_openai, name) for name in ("claude", "gemini", "ollama")},
            "ChatOpenAI, Responses": {name: look(responses, name) for name in ("claude", "gemini")},
            "ChatAnthropic": {name: look(chat_anthropic, name) for name in ("gpt", "gemini")},
        }
    )
)
