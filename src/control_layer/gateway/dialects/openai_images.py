"""Pictures as OpenAI's clients ask for them and get them (https://platform.openai.com/docs/api-reference/images/create).

There is no other form for clients.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.dialect import Unsupported
from control_layer.gateway.dialects.images import ImagesAsked, ImagesGiven
from control_layer.gateway.dialects.openai_chat.client_requests import NOTHING_SAID

__all__ = ["read_request", "write_answer"]

_SIZE = re.compile(r"([1-9]\d{1,4})x([1-9]\d{1,4})")
_AUTO = "auto"


class _RequestBody(msgspec.Struct):
    prompt: str
    n: Annotated[int, msgspec.Meta(ge=1)] | None = None
    size: str | None = None
    response_format: str | None = None
    stream: bool | None = None
    user: str | None = None
    model: str | None = None


class _InputDetails(msgspec.Struct, frozen=True):
    text_tokens: int
    image_tokens: int


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: _InputDetails
    output_tokens_details: _InputDetails


class _Picture(msgspec.Struct, frozen=True):
    b64_json: str


class _AnswerBody(msgspec.Struct, frozen=True, omit_defaults=True):
    created: int
    data: list[_Picture]
    output_format: str | None = None
    usage: _Usage | None = None


_decode = msgspec.json.Decoder(_RequestBody).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_KNOWN = frozenset(field.encode_name for field in msgspec.structs.fields(_RequestBody))


def read_request(body: bytes | bytearray) -> ImagesAsked:
    """Raises `Unsupported` and msgspec.ValidationError, both with the name of what is at fault."""
    body = bytes(body)  # what is not decoded refers to it
    request = _decode(body)
    if request.response_format not in (None, "b64_json"):
        raise Unsupported("response_format", "The pictures of this model come as `b64_json`.")
    if request.stream:
        raise Unsupported("stream", "The pictures of this model are not streamed. Leave `stream` out.")
    fields = _decode_fields(body)
    return ImagesAsked(
        prompt=request.prompt,
        count=request.n or 1,
        size=_size(request.size),
        user=request.user,
        others=tuple(
            field for field in fields.items() if field[0] not in _KNOWN and bytes(field[1]) not in NOTHING_SAID
        ),
    )


def _size(size: str | None) -> tuple[int, int] | None:
    if size is None or size == _AUTO:
        return None
    found = _SIZE.fullmatch(size)
    if found is None:
        raise msgspec.ValidationError("Expected a width and a height such as `1024x1024`, or `auto` - at `$.size`")
    return int(found[1]), int(found[2])


def write_answer(given: ImagesGiven, created: int) -> bytes:
    """`created` in Unix seconds. Without counts there is no `usage`."""
    kinds = {(image.media_type or "").removeprefix("image/") for image in given.images}
    body = _AnswerBody(
        created,
        [_Picture(image.data or "") for image in given.images],
        kinds.pop() or None if len(kinds) == 1 else None,
        None if given.tokens is None else _usage(given.tokens),
    )
    return _encode(body)


def _usage(tokens: Tokens) -> _Usage:
    read, made = tokens.input or 0, tokens.output or 0
    seen, drawn = tokens.image_input or 0, tokens.image_output or 0
    return _Usage(read, made, read + made, _InputDetails(read - seen, seen), _InputDetails(made - drawn, drawn))
