"""What a model's name asks the simulator to do: `sim-error-503`, `sim-slow-first-200ms-tokens-50`, …

A name is `sim-` and then words, each a behaviour of `BEHAVIOURS`, some with a number; behaviours may be combined, and
unknown words are ignored, so that any name is a model that works.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

__all__ = ["BEHAVIOURS", "MODELS", "Script", "describe", "script_for"]

MODELS = (
    "sim-small", "sim-large", "sim-reasoning", "sim-embed", "sim-rerank", "sim-image", "sim-speech", "sim-transcribe",
)  # fmt: skip
"""What the model list shows. Every other name works too."""

BEHAVIOURS = (
    ("tokens-<n>", "answer with n tokens (24 by default)"),
    ("reasoning", "think first: reasoning_content and reasoning tokens"),
    ("slow-first-<ms>", "wait before the answer begins"),
    ("slow-chunks-<ms>", "wait before each piece of a stream"),
    ("drip", "stream byte by byte"),
    ("big-<mb>", "answer with that many megabytes"),
    ("hang", "never answer"),
    ("error-<status>", "answer with this status; 429 and 503 with Retry-After: 7"),
    ("flaky-<n>", "fail the first n requests for this very name with 500"),
    ("context", "refuse: context_length_exceeded"),
    ("redirect", "answer with a redirect"),
    ("refuses", "refuse: content_filter"),
    ("filtered", "answer with nothing but that the content policy ended it"),
    ("filtered-late", "the same in the middle of the answer"),
    ("malformed", "end with that what the model said was none of its language, where the API has a word for it"),
    ("calls-<n>", "call the tool n times at once"),
    ("error-in-stream", "report an error in the middle of a stream"),
    ("error-first", "report an error as the first event of a stream"),
    ("error-early", "report an error in a stream that has begun, but said nothing"),
    ("reset-before", "close the connection instead of answering"),
    ("reset-after", "close it behind the head"),
    ("reset-middle", "close it in the middle of the answer"),
    ("cut", "end a stream cleanly in its middle, without finish reason and [DONE]"),
    ("no-done", "end a stream with its finish reason, but without [DONE]"),
    ("unframed-done", "say all of a stream and close the connection without ending the message"),
    ("unstreamed", "answer a request for a stream with a whole answer"),
    ("truncated", "answer with half of the JSON"),
    ("wrong-content-length", "announce more than is sent"),
    ("no-usage", "report no usage"),
    ("usage-with-content", "report usage in the last chunk that has choices"),
    ("usage-in-every-chunk", "report usage in every chunk"),
    ("usage-odd", "report usage as floats and strings"),
)
"""Words of a name and what they do."""

_MAX_TOKENS = 100_000
_MAX_MEGABYTES = 1024
_MAX_CALLS = 100


@dataclass(slots=True, frozen=True, kw_only=True)
class Script:
    """How to answer."""

    error: int | None = None
    """Answer with this status."""
    flaky: int = 0
    context_length: bool = False
    refuses: bool = False
    filtered: str | None = None
    """The content policy ends the answer: at its `beginning`, or in its `middle`."""
    malformed: bool = False
    redirect: bool = False
    first_delay: float = 0.0
    chunk_delay: float = 0.0
    """Seconds."""
    tokens: int = 24
    hang: bool = False
    reset: str | None = None
    """`before` the head, `after` it, or in the `middle` of the body."""
    cut: bool = False
    no_done: bool = False
    unframed_done: bool = False
    unstreamed: bool = False
    """A request for a stream has a whole answer."""
    truncated: bool = False
    wrong_length: bool = False
    usage: str = "normal"
    """`normal`, `none`, `inline` (in the last chunk that has choices), `every`, `odd` (floats and strings)."""
    drip: bool = False
    big: int = 0
    """Answer with this many megabytes."""
    error_after: int | None = None
    """Report an error behind so many events of a stream."""
    reasoning: bool = False
    calls: int = 1
    """So many calls of a tool at once."""


_WORDS: dict[str, dict[str, Any]] = {
    "reasoning": {"reasoning": True},
    "drip": {"drip": True},
    "hang": {"hang": True},
    "context": {"context_length": True},
    "redirect": {"redirect": True},
    "cut": {"cut": True},
    "truncated": {"truncated": True},
    "refuses": {"refuses": True},
    "malformed": {"malformed": True},
    "filtered": {"filtered": "beginning"},
    "filtered-late": {"filtered": "middle"},
    "error-in": {"error_after": 3},
    "error-first": {"error_after": 0},
    "error-early": {"error_after": 1},
    "reset-before": {"reset": "before"},
    "reset-after": {"reset": "after"},
    "reset-middle": {"reset": "middle"},
    "no-done": {"no_done": True},
    "unframed-done": {"unframed_done": True},
    "unstreamed": {"unstreamed": True},
    "wrong-content": {"wrong_length": True},
    "no-usage": {"usage": "none"},
    "usage-with": {"usage": "inline"},
    "usage-in": {"usage": "every"},
    "usage-odd": {"usage": "odd"},
}


def script_for(model: str) -> Script:
    """The script a name stands for."""
    words = model.split("-")
    changes: dict[str, Any] = {}
    for index, word in enumerate(words):
        pair = "-".join(words[index : index + 2])
        changes.update(_WORDS.get(word, {}))
        changes.update(_WORDS.get(pair, {}))
        number = _number(words, index + 1)
        if word == "error" and number:
            changes["error"] = min(max(number, 200), 599)
        elif word == "flaky":
            changes["flaky"] = number
        elif word == "tokens" and number:
            changes["tokens"] = min(number, _MAX_TOKENS)
        elif word == "calls" and number:
            changes["calls"] = min(number, _MAX_CALLS)
        elif word == "big" and number:
            changes["big"] = min(number, _MAX_MEGABYTES)
        elif pair == "slow-first":
            changes["first_delay"] = _number(words, index + 2) / 1000
        elif pair == "slow-chunks":
            changes["chunk_delay"] = _number(words, index + 2) / 1000
    return replace(Script(), **changes)


def _number(words: list[str], index: int) -> int:
    """The number at `index`, with or without a unit; 0 where there is none."""
    digits = words[index].rstrip("msb") if index < len(words) else ""
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def describe() -> str:
    """The behaviours as a text for a terminal."""
    width = max(len(words) for words, _ in BEHAVIOURS)
    lines = [f"  {words:<{width}}  {meaning}" for words, meaning in BEHAVIOURS]
    listed = ", ".join(MODELS)
    return "\n".join(
        [
            "Base URLs: /v1 (OpenAI-compatible), and the providers' own APIs, strict: /anthropic, /azure, /bedrock,",
            "/cohere, /gemini and /ollama.",
            f"Models: {listed}; any other name works too.",
            "Words in a model's name ask for a behaviour, alone or together, such as sim-slow-first-200ms-tokens-50:",
            *lines,
        ]
    )
