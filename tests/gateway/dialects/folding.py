"""What the events of a stream add up to: the answer that the provider would have given whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Answer, Audio, Choice, Part, Refusal, Text, Thinking, ToolCall
from control_layer.gateway.dialects.events import (
    AudioDelta,
    CallDelta,
    CallStarted,
    Counted,
    Ended,
    Event,
    Failed,
    Finished,
    ImageGiven,
    LogprobsDelta,
    Ping,
    RefusalDelta,
    SealedThinking,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)

replace = msgspec.structs.replace


class _Folded:
    """One choice."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.calls: dict[int, int] = {}
        """Where in `parts` each call is."""
        self.thinks = False
        """The last part is thoughts that are not signed yet."""
        self.logprobs: dict[str, list[Any] | None] | None = None
        self.finished: Finished | None = None

    def add(self, event: Event) -> None:
        thinks, self.thinks = self.thinks, isinstance(event, ThinkingDelta)
        last = self.parts[-1] if self.parts else None
        match event:
            case TextDelta():
                if not isinstance(last, Text) or event.opens:
                    self.parts.append(last := Text(""))
                citations = _joined(last.citations, event.citations)
                self.parts[-1] = replace(last, text=last.text + event.text, citations=citations)
            case RefusalDelta():
                if not isinstance(last, Refusal):
                    self.parts.append(last := Refusal(""))
                self.parts[-1] = Refusal(last.text + event.text)
            case ThinkingDelta():
                if not isinstance(last, Thinking) or not thinks:
                    self.parts.append(last := Thinking(""))
                self.parts[-1] = Thinking(last.text + event.text)
            case ThinkingSigned():
                if not isinstance(last, Thinking) or not thinks:
                    self.parts.append(last := Thinking(""))
                self.parts[-1] = replace(last, signature=event.signature)
            case SealedThinking():
                self.parts.append(Thinking("", sealed=event.data))
            case CallStarted():
                assert event.index not in self.calls
                self.calls[event.index] = len(self.parts)
                self.parts.append(ToolCall(event.id, event.name, "", event.signature))
            case CallDelta():
                call = self.parts[self.calls[event.index]]
                assert isinstance(call, ToolCall)
                self.parts[self.calls[event.index]] = replace(call, arguments=call.arguments + event.arguments)
            case AudioDelta():
                if not isinstance(last, Audio):
                    self.parts.append(last := Audio("", ""))
                self.parts[-1] = _heard(last, msgspec.json.decode(event.audio))
            case ImageGiven():
                self.parts.append(event.image)
            case LogprobsDelta():
                self.logprobs = self.logprobs or {}
                for name, tokens in msgspec.json.decode(event.logprobs).items():
                    before = self.logprobs.get(name)
                    self.logprobs[name] = before if tokens is None else [*(before or ()), *tokens]
            case Finished():
                assert self.finished is None
                self.finished = event

    def choice(self) -> Choice:
        finished = self.finished
        logprobs = None if self.logprobs is None else msgspec.Raw(msgspec.json.encode(self.logprobs))
        if finished is None:
            return Choice(tuple(self.parts), None, logprobs=logprobs)
        return Choice(tuple(self.parts), finished.finish, finished.stop_sequence, logprobs)


def fold(events: Iterable[Event]) -> Answer:
    """The answer, as far as it has come."""
    choices: defaultdict[int, _Folded] = defaultdict(_Folded)
    start: Started | None = None
    tokens: Tokens | None = None
    over = False
    for event in events:
        assert not over, f"{event} after the end"
        match event:
            case Started():
                assert start is None
                start = event
            case Counted():
                tokens = event.tokens
            case Ended() | Failed():
                over = True
            case Ping():
                pass
            case _:
                assert start is not None, f"{event} before the beginning"
                choices[event.choice].add(event)
    assert start is not None
    folded = tuple(choices[index].choice() for index in sorted(choices)) or (Choice((), None),)
    return Answer(start.id, folded, tokens, start.created, start.service_tier)


def _joined(before: msgspec.Raw | None, more: msgspec.Raw | None) -> msgspec.Raw | None:
    if before is None or more is None:
        return before or more
    return msgspec.Raw(msgspec.json.encode(msgspec.json.decode(before) + msgspec.json.decode(more)))


def _heard(before: Audio, delta: dict[str, Any]) -> Audio:
    transcript = (before.transcript or "") + (delta.get("transcript") or "")
    return replace(
        before,
        id=delta.get("id") or before.id,
        data=before.data + (delta.get("data") or ""),
        transcript=transcript or None,
    )
