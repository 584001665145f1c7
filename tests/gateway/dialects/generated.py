"""What a provider may say, in any order that the events allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.events import (
    CallDelta,
    CallStarted,
    Counted,
    Ended,
    Event,
    Finished,
    Ping,
    SealedThinking,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)

__all__ = ["streams"]

pieces = st.text(min_size=1, max_size=8)
finishes = st.sampled_from(["stop", "length", "content_filter"])


@st.composite
def streams(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Event]:
    """What a provider may say, in two choices, with several calls under way at once."""
    events: list[Event] = [Started("msg_1", 1795737600)]
    for choice in range(draw(st.integers(1, 2))):
        number = 0
        for _ in range(draw(st.integers(0, 5))):
            match draw(st.sampled_from(["text", "thinking", "sealed", "calls", "ping"])):
                case "text":
                    events += [TextDelta(text, choice) for text in draw(st.lists(pieces, min_size=1, max_size=3))]
                case "thinking":
                    events += [ThinkingDelta(text, choice) for text in draw(st.lists(pieces, max_size=3))]
                    events.append(ThinkingSigned(draw(pieces), choice))
                case "sealed":
                    events.append(SealedThinking(draw(pieces), choice))
                case "ping":
                    events.append(Ping())
                case "calls":
                    under_way = range(number, number + draw(st.integers(1, 3)))
                    number = under_way.stop
                    events += [CallStarted(index, f"call_{choice}_{index}", "f", choice) for index in under_way]
                    for index in draw(st.lists(st.sampled_from(under_way), max_size=4)):
                        events.append(CallDelta(index, draw(pieces), choice))
        events.append(Finished("tool_calls" if number else draw(finishes), choice))
    counted = Counted(Tokens(draw(st.integers(0, 99)), draw(st.integers(0, 99)), source="provider"))
    return [*events, counted, Ended()]
