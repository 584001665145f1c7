"""OpenAI's Agents SDK, by Responses and by chat completions, on other providers' models: one JSON line with what was
seen.
"""

import asyncio
import json
import os
from typing import Any

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from pydantic import BaseModel

CLIENT = AsyncOpenAI(base_url=os.environ["GATEWAY_URL"], api_key=os.environ["GATEWAY_KEY"], max_retries=0)
APIS: dict[str, Any] = {"Responses": OpenAIResponsesModel, "chat completions": OpenAIChatCompletionsModel}
SETTINGS = ModelSettings(include_usage=True)


class Weather(BaseModel):
    """The weather of a city."""

    city: str
    days: int


def get_weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"rain in {city}"


def agent(api: str, model: str, **more: Any) -> Agent:
    return Agent(
        name="assistant",
        instructions="Be brief.",
        model=APIS[api](model=model, openai_client=CLIENT),
        model_settings=SETTINGS,
        **more,
    )


async def look(api: str, name: str) -> dict[str, Any]:
    """A run, whole and streamed, each with a loop of tools, a structured answer, and errors."""
    usages: list[Any] = []

    def kept(result: Any) -> Any:
        usages.extend(response.usage for response in result.raw_responses)
        return result

    async def streamed(asked: Agent, prompt: str) -> tuple[Any, str]:
        result, said = Runner.run_streamed(asked, prompt), ""
        async for event in result.stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                said += event.data.delta
        return kept(result), said

    whole = kept(await Runner.run(agent(api, name), "Say something."))
    _, said = await streamed(agent(api, name), "Say something.")
    calling = agent(api, f"{name}-calls-2", tools=[function_tool(get_weather)])
    called = kept(await Runner.run(calling, "Use the tool get_weather, please."))
    called_in_stream, _ = await streamed(calling, "Use the tool get_weather, please.")
    structured = kept(await Runner.run(agent(api, name, output_type=Weather), "Which weather?"))
    return {
        "text": whole.final_output,
        "streamed": said,
        "calls": calls_of(called),
        "streamedCalls": calls_of(called_in_stream),
        "answer": called.final_output,
        "structured": structured.final_output.model_dump(),
        "errors": {
            "absent": await error_of(Runner.run(agent(api, "no-such-model"), "hello")),
            "limited": await error_of(Runner.run(agent(api, f"{name}-error-429"), "hello")),
            "broken": await error_of(streamed(agent(api, f"{name}-error-in-stream"), "hello")),
        },
        "usage": [[usage.input_tokens, usage.output_tokens] for usage in usages],
    }


def calls_of(result: Any) -> list[list[Any]]:
    calls = [item.raw_item for item in result.new_items if item.type == "tool_call_item"]
    return [[call.name, json.loads(call.arguments)] for call in calls]


async def error_of(run: Any) -> list[Any] | None:
    try:
        await run
    except Exception as error:  # noqa: BLE001 - which one it is is what the test asks
        return [type(error).__name__, getattr(error, "status_code", None)]
    return None


async def main() -> None:
    set_tracing_disabled(True)
    print(json.dumps({api: {name: await look(api, name) for name in ("claude", "gemini", "ollama")} for api in APIS}))


asyncio.run(main())
