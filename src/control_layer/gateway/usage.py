"""Token counts out of whatever shape a provider reports them in.

Tolerant on purpose: a count may be a float, a numeric string, null or missing, a part may exceed its whole. What can
be read is kept, parts are cut to their whole, and what is unknown stays unknown: `None`, not zero.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import msgspec

from control_layer.contract.usage import Tokens

__all__ = ["Report", "estimate", "from_object", "from_response", "merge", "text_bytes"]

_BYTES_PER_TOKEN = 4
_MAX_COUNT = 10**12
_MAX_FINISH = 64
_MAX_READ_FOR_TEXT = 1024 * 1024
_TEXT_FIELDS = frozenset(("content", "text", "reasoning_content", "reasoning", "refusal", "thinking", "arguments"))


class _Choice(msgspec.Struct, gc=False):
    finish_reason: Any = None


class _Meta(msgspec.Struct, gc=False):
    billed_units: Any = None


class Report(msgspec.Struct, gc=False):
    """The fields of a response, or of a stream's event, in which providers say what was used and how it ended."""

    usage: Any = None
    choices: list[_Choice] | None = None
    stop_reason: Any = None
    status: Any = None
    incomplete_details: Any = None
    meta: _Meta | None = None

    def tokens(self) -> Tokens | None:
        """The counts, where there are any."""
        found = from_object(self.usage)
        if found is None and self.meta is not None:
            found = from_object(self.meta.billed_units)
        return found

    def finish_reason(self) -> str | None:
        """Why it ended, in the provider's word."""
        if self.choices:
            for choice in self.choices:
                if isinstance(choice.finish_reason, str):
                    return choice.finish_reason[:_MAX_FINISH]
        reason = self.stop_reason if self.stop_reason is not None else self.status
        if reason == "incomplete" and isinstance(self.incomplete_details, dict):
            reason = self.incomplete_details.get("reason") or reason  # Responses say it beside their status
        return reason[:_MAX_FINISH] if isinstance(reason, str) else None


_decode = msgspec.json.Decoder(Report).decode
_decode_any = msgspec.json.Decoder().decode


def from_response(body: bytes) -> tuple[Tokens | None, str | None]:
    """Tokens and finish reason of a whole JSON response, or of the end of one."""
    if not body.startswith((b"{", b" ", b"\n", b"\r", b"\t")):
        return _from_tail(body), None
    try:
        report = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _from_tail(body), None
    return report.tokens(), report.finish_reason()


def _from_tail(body: bytes) -> Tokens | None:
    """The last `"usage"` object in a piece of JSON whose beginning, or whose shape, is beyond us."""
    at = body.rfind(b'"usage"')
    start = body.find(b"{", at)
    if at < 0 or start < 0:
        return None
    depth = 0
    for index in range(start, min(len(body), start + 8192)):
        byte = body[index]
        depth += (byte == 0x7B) - (byte == 0x7D)
        if depth == 0:
            try:
                return from_object(_decode_any(body[start : index + 1]))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                return None
    return None


def from_object(usage: object) -> Tokens | None:
    """A `usage` object of any provider's, as tokens. `None` where it says nothing.

    Shapes: OpenAI chat and completions (`prompt_tokens`, `completion_tokens`), Responses and images (`input_tokens`,
    `output_tokens`), all with `*_tokens_details`, transcription and realtime (`*_token_details`); Anthropic Messages
    (cache reads and writes come on top of `input_tokens`); Gemini and xAI (reasoning comes on top of
    `completion_tokens`); DeepSeek (`prompt_cache_hit_tokens`), Moonshot (`cached_tokens`), Cohere (`billed_units`).
    """
    if not isinstance(usage, dict):
        return None
    counted = _first(usage, "prompt_tokens", "input_tokens")
    output = _first(usage, "completion_tokens", "output_tokens")
    total = _count(usage.get("total_tokens"))
    if counted is None and total is not None:
        counted = max(total - (output or 0), 0)
    if counted is None and output is None:
        billed = usage.get("billed_units")
        return from_object(billed) if isinstance(billed, dict) and "billed_units" not in billed else None
    given = _mapping(usage, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    said = _mapping(usage, "completion_tokens_details", "output_tokens_details", "output_token_details")
    read = _count(usage.get("cache_read_input_tokens"))
    written = _count(usage.get("cache_creation_input_tokens"))
    on_top = "prompt_tokens" not in usage and (read is not None or written is not None)
    cached = heard = seen = kept = reasoning = spoken = drawn = None
    if given:
        cached = _count(given.get("cached_tokens"))
        heard, seen = _uncached(given, "audio_tokens"), _uncached(given, "image_tokens")
        if written is None:
            written = _count(given.get("cache_write_tokens"))
        if not said and "image_tokens" in given:
            drawn = output  # the images API without details of its output: all of that is the image
    if said:
        reasoning = _first(said, "reasoning_tokens", "thinking_tokens")
        spoken, drawn = _count(said.get("audio_tokens")), _count(said.get("image_tokens"))
    if on_top:
        # Anthropic: https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching, "tracking cache performance"
        counted = (counted or 0) + (read or 0) + (written or 0)
        cached = read
    elif cached is None:
        cached = _first(usage, "prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens")
    if total is not None and counted is not None and output is not None and total > counted + output:
        # Gemini leaves the thinking out of the completion, xAI names it beside; both count it in the total.
        beside = total - counted - output
        if reasoning is None or reasoning == beside:
            output, reasoning = output + beside, beside
    if written:
        kept = _count(_mapping(usage, "cache_creation").get("ephemeral_1h_input_tokens"))
    if cached or written or heard or seen:
        cached, written, heard, seen = _parts(counted, cached, written, heard, seen)
        if kept:
            (kept,) = _parts(written, kept)
    if reasoning or spoken or drawn:
        reasoning, spoken, drawn = _parts(output, reasoning, spoken, drawn)
    return Tokens(
        input=counted,
        output=output,
        cached_input=cached,
        cache_write=written,
        reasoning=reasoning,
        source="provider",
        cache_write_1h=kept,
        audio_input=heard,
        image_input=seen,
        audio_output=spoken,
        image_output=drawn,
    )


def merge(earlier: Tokens | None, later: Tokens | None) -> Tokens | None:
    """What two reports of one stream say together: the later one wins where it says something."""
    if earlier is None or later is None:
        return later or earlier
    return Tokens(
        input=max(earlier.input or 0, later.input) if later.input is not None else earlier.input,
        output=later.output if later.output is not None else earlier.output,
        cached_input=later.cached_input if later.cached_input is not None else earlier.cached_input,
        cache_write=later.cache_write if later.cache_write is not None else earlier.cache_write,
        reasoning=later.reasoning if later.reasoning is not None else earlier.reasoning,
        source="provider",
        cache_write_1h=later.cache_write_1h if later.cache_write_1h is not None else earlier.cache_write_1h,
        audio_input=later.audio_input if later.audio_input is not None else earlier.audio_input,
        image_input=later.image_input if later.image_input is not None else earlier.image_input,
        audio_output=later.audio_output if later.audio_output is not None else earlier.audio_output,
        image_output=later.image_output if later.image_output is not None else earlier.image_output,
    )


def estimate(request_bytes: int, answer_bytes: int | None) -> Tokens:
    """A guess from sizes (about four bytes a token), marked as one. `answer_bytes` is `None` where nothing is said."""
    output = None if answer_bytes is None else -(-answer_bytes // _BYTES_PER_TOKEN)
    return Tokens(input=-(-request_bytes // _BYTES_PER_TOKEN), output=output, source="estimate")


def text_bytes(body: bytes) -> int | None:
    """How many bytes of a whole JSON response are what the model said; `None` where that cannot be told."""
    if len(body) > _MAX_READ_FOR_TEXT:
        return None
    try:
        return _said(_decode_any(body)) or None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _said(value: object) -> int:
    if isinstance(value, list):
        return sum(_said(item) for item in value)
    if not isinstance(value, dict):
        return 0
    total = 0
    for name, inner in value.items():
        if isinstance(inner, str):
            total += len(inner.encode()) if name in _TEXT_FIELDS else 0
        else:
            total += _said(inner)
    return total


def _first(usage: dict[str, Any], *names: str) -> int | None:
    for name in names:
        found = _count(usage.get(name))
        if found is not None:
            return found
    return None


def _mapping(usage: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        found = usage.get(name)
        if isinstance(found, dict):
            return found
    return {}


def _count(value: object) -> int | None:
    if type(value) is int and 0 <= value <= _MAX_COUNT:
        return value
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, float):
        if not isfinite(value):
            return None
        value = int(value)
    if not isinstance(value, int):
        return None
    return min(max(value, 0), _MAX_COUNT)


def _uncached(given: dict[str, Any], kind: str) -> int | None:
    """The tokens of a kind that no cache gave, as far as the provider says which those are."""
    count = _count(given.get(kind))
    if count is None:
        return None
    return max(count - (_count(_mapping(given, "cached_tokens_details").get(kind)) or 0), 0)


def _parts(whole: int | None, *parts: int | None) -> list[int | None]:
    """The parts of a whole, each cut to what those before it leave of it."""
    if whole is None:
        return list(parts)
    cut: list[int | None] = []
    for part in parts:
        share = None if part is None else min(part, whole)
        whole -= share or 0
        cut.append(share)
    return cut
