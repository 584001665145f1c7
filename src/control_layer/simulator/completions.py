"""Answers of `/v1/chat/completions` and `/v1/completions`, whole and as chunks (OpenAI API reference, "Chat")."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from control_layer.simulator.script import Script
from control_layer.simulator.text import message_text
from control_layer.simulator.turn import Ask, Tool, Turn, take_turn

__all__ = ["Completion", "complete"]

_CREATED = 1_700_000_000
_FINISHES = {"stop_sequence": "stop"}


@dataclass(slots=True)
class Completion:
    """One answer in all the forms it can take."""

    id: str
    model: str
    chat: bool
    turn: Turn
    usage: dict[str, Any]
    choices: int

    @property
    def finish_reason(self) -> str:
        return _FINISHES.get(self.turn.finish, self.turn.finish)

    def whole(self) -> dict[str, Any]:
        """The blocking answer."""
        text = self.turn.text
        choices = []
        for index in range(self.choices):
            choice: dict[str, Any] = {"index": index, "finish_reason": self.finish_reason, "logprobs": None}
            if not self.chat:
                choice["text"] = text
            elif self.turn.calls:
                choice["message"] = {"role": "assistant", "content": None, "tool_calls": self._calls()}
            else:
                choice["message"] = {"role": "assistant", "content": text, "refusal": None}
            if self.chat and self.turn.reasoning:
                choice["message"]["reasoning_content"] = self.turn.reasoning
            choices.append(choice)
        kind = "chat.completion" if self.chat else "text_completion"
        return {
            "id": self.id, "object": kind, "created": _CREATED, "model": self.model, "choices": choices,
            "usage": self.usage, "system_fingerprint": "simulated",
        }  # fmt: skip

    def _calls(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"call_{self.id[-8:]}{index}",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
            for index, (name, arguments) in enumerate(self.turn.calls)
        ]

    def chunks(self, script: Script, include_usage: bool) -> list[dict[str, Any]]:
        """The streamed answer's events, without `[DONE]`."""
        chunks = [self._chunk(index, delta, None) for delta in self._deltas() for index in range(self.choices)]
        chunks += [self._chunk(index, {}, self.finish_reason) for index in range(self.choices)]
        if script.usage == "inline":
            chunks[-1]["usage"] = self.usage
        elif script.usage == "every":
            for chunk in chunks:
                chunk["usage"] = self.usage
        elif script.usage != "none" and include_usage:
            for chunk in chunks:
                chunk["usage"] = None
            chunks.append({**self._chunk(0, {}, None), "choices": [], "usage": self.usage})
        return chunks

    def _deltas(self) -> list[dict[str, Any]]:
        if not self.chat:
            return [{"content": piece} for piece in self.turn.pieces]
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        if self.turn.reasoning:
            deltas.append({"reasoning_content": self.turn.reasoning})
        for index, call in enumerate(self._calls()):
            arguments = call["function"]["arguments"]
            call["function"]["arguments"] = ""
            deltas.append({"tool_calls": [{"index": index, **call}]})
            half = len(arguments) // 2
            deltas += [
                {"tool_calls": [{"index": index, "function": {"arguments": part}}]}
                for part in (arguments[:half], arguments[half:])
            ]
        return deltas + [{"content": piece} for piece in self.turn.pieces]

    def _chunk(self, index: int, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": index, "finish_reason": finish}
        if self.chat:
            choice["delta"] = delta
        else:
            choice["text"] = delta.get("content", "")
        kind = "chat.completion.chunk" if self.chat else "text_completion"
        return {"id": self.id, "object": kind, "created": _CREATED, "model": self.model, "choices": [choice]}


def complete(body: dict[str, Any], script: Script, answer_id: str, *, chat: bool) -> Completion:
    """Works an answer out."""
    turn = take_turn(_chat_ask(body) if chat else _plain_ask(body), script)
    choices = max(body["n"] if isinstance(body.get("n"), int) else 1, 1)
    prompt_tokens, output = turn.prompt_tokens, turn.output_tokens * choices
    usage: dict[str, Any] = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": output + turn.reasoning_tokens,
        "total_tokens": prompt_tokens + output + turn.reasoning_tokens,
        "prompt_tokens_details": {"cached_tokens": prompt_tokens // 2 if prompt_tokens >= 1024 else 0},
        "completion_tokens_details": {"reasoning_tokens": turn.reasoning_tokens},
    }
    if script.usage == "odd":
        usage = {"prompt_tokens": float(prompt_tokens), "completion_tokens": str(output), "total_tokens": None}
    return Completion(answer_id, str(body.get("model", "")), chat, turn, usage, choices)


def _plain_ask(body: dict[str, Any]) -> Ask:
    given = body.get("prompt", "")
    prompt = given if isinstance(given, str) else json.dumps(given)
    return Ask(prompt=prompt, limit=_limit(body), stops=_stops(body))


def _chat_ask(body: dict[str, Any]) -> Ask:
    messages = [message for message in body.get("messages") or [] if isinstance(message, dict)]
    last = messages[-1] if messages else {}
    tools = [tool["function"] for tool in body.get("tools") or [] if isinstance(tool, dict) and "function" in tool]
    choice = body.get("tool_choice") or "auto"
    return Ask(
        prompt="\n".join(message_text(message.get("content")) for message in messages),
        messages=len(body.get("messages") or []),
        last=message_text(last.get("content")) if last.get("role") != "tool" else "",
        tools=[Tool(str(tool.get("name")), tool.get("parameters")) for tool in tools],
        choice=choice if isinstance(choice, str) else str(choice.get("function", {}).get("name")),
        schema=_schema(body),
        limit=_limit(body),
        stops=_stops(body),
    )


def _limit(body: dict[str, Any]) -> int | None:
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return limit if isinstance(limit, int) else None


def _stops(body: dict[str, Any]) -> list[str]:
    stop = body.get("stop")
    return [stop] if isinstance(stop, str) else [mark for mark in stop or [] if isinstance(mark, str)]


def _schema(body: dict[str, Any]) -> dict[str, Any] | None:
    wanted = body.get("response_format")
    if not isinstance(wanted, dict):
        return None
    if wanted.get("type") == "json_object":
        return {"type": "object", "properties": {"simulated": {"type": "boolean"}}}
    if wanted.get("type") == "json_schema":
        return dict(wanted.get("json_schema", {}).get("schema", {}))
    return None
