"""What the simulated model says to a request, in no API's words: the same for the same request, whoever asks how."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from control_layer.simulator.script import Script
from control_layer.simulator.text import count_tokens, value_for_schema, words

__all__ = ["REASONING", "Ask", "Tool", "Turn", "take_turn"]

REASONING = "Simulated reasoning: first this, then that."
Finish = Literal["stop", "stop_sequence", "length", "tool_calls", "content_filter", "malformed"]


@dataclass(slots=True)
class Tool:
    """A function that may be called."""

    name: str
    schema: Mapping[str, Any] | None


@dataclass(slots=True, kw_only=True)
class Ask:
    """A request, as far as it matters."""

    prompt: str
    """All that was said."""
    messages: int = 0
    last: str = ""
    """The user's last words, where the turn is theirs: a tool that they name is called."""
    tools: Sequence[Tool] = ()
    choice: str = "auto"
    """`auto`, `none`, `required`, or the name of a tool."""
    schema: Mapping[str, Any] | None = None
    """Of the answer."""
    limit: int | None = None
    stops: Sequence[str] = ()
    think: bool = False


@dataclass(slots=True, kw_only=True)
class Turn:
    """The answer."""

    pieces: list[str]
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Names, and arguments in JSON."""
    finish: Finish = "stop"
    stop: str | None = None
    """The stop sequence that ended it."""
    reasoning: str | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    """Without reasoning."""
    reasoning_tokens: int = 0

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def take_turn(ask: Ask, script: Script) -> Turn:
    """Works an answer out."""
    turn = Turn(pieces=words(ask.prompt, script.tokens), prompt_tokens=count_tokens(ask.prompt, ask.messages))
    if script.reasoning or ask.think:
        turn.reasoning, turn.reasoning_tokens = REASONING, count_tokens(REASONING)
    called = _called(ask)
    if called is not None:
        arguments = json.dumps(value_for_schema(called.schema or {}))
        turn.calls = [(called.name, arguments)] * script.calls
        turn.pieces, turn.finish = [], "tool_calls"
    elif ask.schema is not None:
        structured = json.dumps(value_for_schema(ask.schema))
        turn.pieces = [structured[at : at + 8] for at in range(0, len(structured), 8)]
    elif ask.limit is not None and ask.limit < len(turn.pieces):
        turn.pieces, turn.finish = turn.pieces[: ask.limit], "length"
    else:
        _stop(turn, ask.stops)
    if script.filtered is not None:
        left = len(turn.pieces) // 2 if script.filtered == "middle" else 0
        turn.pieces, turn.calls, turn.finish = turn.pieces[:left], [], "content_filter"
    if script.malformed:
        turn.pieces, turn.calls, turn.finish = [], [], "malformed"
    turn.output_tokens = len(turn.pieces) + len(turn.calls)
    return turn


def _called(ask: Ask) -> Tool | None:
    """The tool that is forced, or else the first that the user names."""
    if ask.choice == "none":
        return None
    tools = list(ask.tools)
    if ask.choice == "auto":
        tools = [tool for tool in tools if tool.name in ask.last or "tool" in ask.last.lower()]
    elif ask.choice != "required":
        tools = [tool for tool in tools if tool.name == ask.choice]
    return tools[0] if tools else None


def _stop(turn: Turn, stops: Sequence[str]) -> None:
    text = turn.text
    found = [(text.index(stop), stop) for stop in stops if stop and stop in text]
    if found:
        at, stop = min(found)
        turn.pieces, turn.finish, turn.stop = [text[:at]], "stop_sequence", stop
