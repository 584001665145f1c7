"""What servers that speak OpenAI's dialect of chat completions do not know, or know beyond it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

__all__ = ["Quirks"]


class Quirks(msgspec.Struct, frozen=True):
    """How a server differs from OpenAI's own."""

    no_stream_options: bool = False
    """It refuses `stream_options`, and tells usage in streams by itself or not at all."""
    max_tokens_only: bool = False
    """It knows `max_tokens` only, which OpenAI calls `max_completion_tokens` today."""
    no_developer_role: bool = False
    """Instructions of developers are said as the system's."""
    no_parallel_tool_calls: bool = False
    """It refuses `parallel_tool_calls`."""
    text_as_string: bool = False
    """It takes texts in one string only, not in parts."""
    known_fields_only: bool = False
    """It refuses what it does not know: what no answer depends on (who asks, labels, what to cache) is not said."""
    takes_top_k: bool = False
    takes_thoughts: bool = False
    """It takes back what its model thought (`reasoning_content`, `thinking_blocks`) and the signatures of calls."""

    @classmethod
    def named(cls, names: Iterable[str]) -> Quirks:
        """Those of these names; a name that is not known, a newer release's, is none."""
        return cls(**{name: True for name in names if name in cls.__struct_fields__})
