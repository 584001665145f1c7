"""Answers of `/v1/chat/completions` and `/v1/completions`, whole and as chunks (OpenAI API reference, "Chat")."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from control_layer.simulator.script import Script
from control_layer.simulator.text import count_tokens, message_text, value_for_schema, words

__all__ = ["Completion", "complete"]

_CREATED = 1_700_000_000


@dataclass(slots=True)
class Completion:
    """One answer in all the forms it can take."""

    id: str
    model: str
    chat: bool
    content: list[str]
    tool_call: tuple[str, str] | None
    finish_reason: str
    usage: dict[str, Any]
    reasoning: str | None
    choices: int

    def whole(self) -> dict[str, Any]:
        """The blocking answer."""
        text = "".join(self.content)
        choices = []
        for index in range(self.choices):
            choice: dict[str, Any] = {"index": index, "finish_reason": self.finish_reason, "logprobs": None}
            if not self.chat:
                choice["text"] = text
            elif self.tool_call is not None:
                choice["message"] = {"role": "assistant", "content": None, "tool_calls": [self._call(0)]}
            else:
                choice["message"] = {"role": "assistant", "content": text, "refusal": None}
                if self.reasoning:
                    choice["message"]["reasoning_content"] = self.reasoning
            choices.append(choice)
        kind = "chat.completion" if self.chat else "text_completion"
        return {
            "id": self.id, "object": kind, "created": _CREATED, "model": self.model, "choices": choices,
            "usage": self.usage, "system_fingerprint": "simulated",
        }  # fmt: skip

    def _call(self, index: int) -> dict[str, Any]:
        name, arguments = self.tool_call or ("", "")
        return {
            "id": f"call_{self.id[-8:]}{index}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }

    def chunks(self, script: Script, include_usage: bool) -> list[dict[str, Any]]:
        """The streamed answer's events, without `[DONE]`."""
        deltas: list[dict[str, Any]] = []
        if self.chat:
            deltas.append({"role": "assistant", "content": ""})
            if self.reasoning:
                deltas.append({"reasoning_content": self.reasoning})
        if self.tool_call is not None:
            call = self._call(0)
            arguments = call["function"]["arguments"]
            call["function"]["arguments"] = ""
            deltas.append({"tool_calls": [{"index": 0, **call}]})
            half = len(arguments) // 2
            deltas += [
                {"tool_calls": [{"index": 0, "function": {"arguments": part}}]}
                for part in (arguments[:half], arguments[half:])
            ]
        else:
            deltas += [{"content": token} for token in self.content]
        chunks = [self._chunk(index, delta, None) for delta in deltas for index in range(self.choices)]
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
    model = str(body.get("model", ""))
    if chat:
        messages = body.get("messages") or []
        prompt = "\n".join(message_text(message.get("content")) for message in messages if isinstance(message, dict))
        prompt_tokens = count_tokens(prompt, len(messages))
    else:
        given = body.get("prompt", "")
        prompt = given if isinstance(given, str) else json.dumps(given)
        prompt_tokens = count_tokens(prompt)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    content = words(prompt, script.tokens)
    finish = "stop"
    tool_call = _tool_call(body, prompt) if chat else None
    if tool_call is not None:
        content, finish = [tool_call[1]], "tool_calls"
    elif (structured := _structured(body)) is not None:
        content = [structured[i : i + 8] for i in range(0, len(structured), 8)]
    elif isinstance(limit, int) and limit < len(content):
        content, finish = content[:limit], "length"
    else:
        content = _stopped(content, body.get("stop"))
    if script.filtered is not None:
        content, finish = content[: len(content) // 2 if script.filtered == "middle" else 0], "content_filter"
    reasoning = "Simulated reasoning: first this, then that." if script.reasoning else None
    choices = body.get("n") if isinstance(body.get("n"), int) else 1
    output = len(content) * max(choices or 1, 1)
    spent = count_tokens(reasoning) if reasoning else 0
    usage: dict[str, Any] = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": output + spent,
        "total_tokens": prompt_tokens + output + spent,
        "prompt_tokens_details": {"cached_tokens": prompt_tokens // 2 if prompt_tokens >= 1024 else 0},
        "completion_tokens_details": {"reasoning_tokens": spent},
    }
    if script.usage == "odd":
        usage = {"prompt_tokens": float(prompt_tokens), "completion_tokens": str(output), "total_tokens": None}
    return Completion(
        id=answer_id, model=model, chat=chat, content=content, tool_call=tool_call, finish_reason=finish, usage=usage,
        reasoning=reasoning, choices=max(choices or 1, 1),
    )  # fmt: skip


def _tool_call(body: dict[str, Any], prompt: str) -> tuple[str, str] | None:
    """A call where tools are given and either a choice forces one or the prompt names one."""
    tools = [tool["function"] for tool in body.get("tools") or [] if isinstance(tool, dict) and "function" in tool]
    choice = body.get("tool_choice")
    if not tools or choice == "none":
        return None
    if isinstance(choice, dict):
        named = choice.get("function", {}).get("name")
        tools = [tool for tool in tools if tool.get("name") == named]
    elif choice != "required":
        tools = [tool for tool in tools if str(tool.get("name")) in prompt or "tool" in prompt.lower()]
    if not tools:
        return None
    arguments = json.dumps(value_for_schema(tools[0].get("parameters", {})))
    return str(tools[0].get("name")), arguments


def _structured(body: dict[str, Any]) -> str | None:
    wanted = body.get("response_format")
    if not isinstance(wanted, dict):
        return None
    if wanted.get("type") == "json_object":
        return '{"simulated":true}'
    if wanted.get("type") == "json_schema":
        return json.dumps(value_for_schema(wanted.get("json_schema", {}).get("schema", {})))
    return None


def _stopped(content: list[str], stop: Any) -> list[str]:
    for mark in [stop] if isinstance(stop, str) else stop or []:
        text = "".join(content)
        if isinstance(mark, str) and mark and mark in text:
            return [text[: text.index(mark)]]
    return content
