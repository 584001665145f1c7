"""What a model's name asks the simulator to do: `sim-error-503`, `sim-slow-first-200ms-tokens-50`, …

The grammar: `sim-` and then words, each a behaviour below, some with a number behind it; unknown words are ignored, so
that any name is a model that works.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["MODELS", "Script", "script_for"]

MODELS = (
    "sim-small", "sim-large", "sim-reasoning", "sim-embed", "sim-rerank", "sim-image", "sim-speech", "sim-transcribe",
)  # fmt: skip
"""What the model list shows. Every other name works too."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Script:
    """How to answer."""

    error: int | None = None
    """Answer with this status."""
    context_length: bool = False
    first_delay: float = 0.0
    chunk_delay: float = 0.0
    """Seconds."""
    tokens: int = 24
    hang: bool = False
    reset: str | None = None
    """`before` the head, `after` it, or in the `middle` of the body."""
    truncated: bool = False
    wrong_length: bool = False
    usage: str = "normal"
    """`normal`, `none`, `inline` (in the last chunk that has choices), `every`, `odd` (floats and strings)."""
    drip: bool = False
    big: int = 0
    """Answer with this many megabytes."""
    error_in_stream: bool = False
    reasoning: bool = False


_ERROR_WORDS = {"context": {"context_length": True}, "hang": {"hang": True}, "truncated": {"truncated": True}}


def script_for(model: str) -> Script:
    """The script a name stands for."""
    words = model.split("-")
    script = Script()
    for index, word in enumerate(words):
        number = _number(words[index + 1 :])
        two = "-".join(words[index : index + 2])
        if two == "error-in":
            script = replace(script, error_in_stream=True)
        elif word == "error" and number:
            script = replace(script, error=int(number))
        elif two == "slow-first":
            script = replace(script, first_delay=_number(words[index + 2 :]) / 1000)
        elif two == "slow-chunks":
            script = replace(script, chunk_delay=_number(words[index + 2 :]) / 1000)
        elif word == "tokens" and number:
            script = replace(script, tokens=int(number))
        elif word == "reset":
            script = replace(script, reset={"before": "before", "after": "after"}.get(words[index + 1], "middle"))
        elif two == "wrong-content":
            script = replace(script, wrong_length=True)
        elif word == "usage":
            script = replace(script, usage=_usage(words, index))
        elif word == "drip":
            script = replace(script, drip=True)
        elif word == "big" and number:
            script = replace(script, big=int(number))
        elif word == "reasoning":
            script = replace(script, reasoning=True)
        elif word in _ERROR_WORDS:
            script = replace(script, **_ERROR_WORDS[word])  # type: ignore[arg-type]
    return script


def _usage(words: list[str], index: int) -> str:
    if index and words[index - 1] == "no":
        return "none"
    following = words[index + 1] if index + 1 < len(words) else ""
    return {"with": "inline", "in": "every", "odd": "odd"}.get(following, "normal")


def _number(words: list[str]) -> float:
    digits = words[0].rstrip("ms b") if words else ""
    return float(digits) if digits.isdigit() else 0.0
