"""What a request may cost at most, before the provider has said anything.

A token is at least one byte of text, so a body of n bytes holds no more than n tokens of text; what a body only names
(an image by its address, a file by its id) is not in it and is assumed. What a model may say is bounded by the request,
else assumed.
"""

from __future__ import annotations

import re

import msgspec

__all__ = [
    "ASSUMED_OUTPUT_TOKENS",
    "SESSION_TOKENS",
    "bounded_input",
    "bounded_output",
    "bounded_upload",
    "likely_tokens",
]

ASSUMED_OUTPUT_TOKENS = 32_768
SESSION_TOKENS = 131_072
"""Of a realtime session, in either direction: nobody knows how long it will last."""
_BYTES_PER_TOKEN = 4
_LIKELY_OUTPUT_TOKENS = 256
_UPLOAD_BYTES_PER_TOKEN = 64
"""Speech is at least a kilobyte a second, and a second of it ten tokens; images are larger still."""
_UNKNOWN_UPLOAD_BYTES = 25 * 1024 * 1024
"""The most that common providers take, where the client does not say how much will come."""
_NAMED_ELSEWHERE_TOKENS = 4_096
_NAMED_ELSEWHERE = re.compile(rb'"(?:image_url|file_id|file_url|url)"')
_OUTPUT_BOUNDS = ("max_completion_tokens", "max_output_tokens", "max_tokens", "max_tokens_to_sample")
_USUAL_BOUNDS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample")
"""The same, the most frequent one first."""
_MOST_CHOICES = 128
_count = msgspec.json.Decoder(int | None).decode


def bounded_input(body: bytes | bytearray, size: int) -> int:
    """The most tokens that a request of `size` bytes can have."""
    return size + _NAMED_ELSEWHERE_TOKENS * len(_NAMED_ELSEWHERE.findall(body))


def bounded_upload(content_length: int | None) -> int:
    """The most tokens that an uploaded file is likely to be."""
    size = _UNKNOWN_UPLOAD_BYTES if content_length is None else content_length
    return size // _UPLOAD_BYTES_PER_TOKEN + 1


def bounded_output(fields: dict[str, msgspec.Raw]) -> int:
    """The most tokens that the answer to a request with these fields can have."""
    most = ASSUMED_OUTPUT_TOKENS
    for name in _OUTPUT_BOUNDS:
        asked = _whole(fields.get(name))
        if asked is not None:
            most = asked
            break
    choices = max(_whole(fields.get("n")) or 1, _whole(fields.get("best_of")) or 1)
    return most * min(choices, _MOST_CHOICES)


def likely_tokens(size: int, fields: dict[str, msgspec.Raw], *, generates: bool) -> int:
    """How many tokens a request of `size` bytes will come to, roughly: four bytes a token, and what it lets a model
    say, of which most is seldom said.
    """
    likely = size // _BYTES_PER_TOKEN
    if not generates:
        return likely
    for name in _USUAL_BOUNDS:
        if name in fields:
            asked = _whole(fields[name])
            if asked is not None and asked < _LIKELY_OUTPUT_TOKENS:
                return likely + asked
    return likely + _LIKELY_OUTPUT_TOKENS


def _whole(raw: msgspec.Raw | None) -> int | None:
    """A positive whole number; anything else is the provider's to refuse."""
    if raw is None:
        return None
    try:
        value = _count(raw)
    except msgspec.MsgspecError:
        return None
    return value if value is not None and value > 0 else None
