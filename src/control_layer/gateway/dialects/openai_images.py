"""Pictures as OpenAI's clients ask for them, have them changed and get them.

https://platform.openai.com/docs/api-reference/images/create and …/images/createEdit, the latter as JSON. There is no
other form for clients.
"""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Annotated

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Image
from control_layer.gateway.dialects.data_urls import read_data_url
from control_layer.gateway.dialects.dialect import Unsupported
from control_layer.gateway.dialects.images import ImagesAsked, ImagesGiven
from control_layer.gateway.dialects.openai_chat.client_requests import NOTHING_SAID

__all__ = ["read_edit", "read_request", "write_answer"]

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


class _Reference(msgspec.Struct):
    """A picture by its address, which may be its data, or by the id of a file: one of them."""

    image_url: str | None = None
    file_id: str | None = None


class _EditBody(_RequestBody, kw_only=True):
    images: Annotated[list[_Reference], msgspec.Meta(min_length=1)]


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
_decode_edit = msgspec.json.Decoder(_EditBody).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_KNOWN = frozenset(_RequestBody.__struct_fields__)
_KNOWN_OF_EDITS = frozenset(_EditBody.__struct_fields__)


def read_request(body: bytes | bytearray) -> ImagesAsked:
    """Raises `Unsupported` and msgspec.ValidationError, both with the name of what is at fault."""
    body = bytes(body)  # what is not decoded refers to it
    return _asked(_decode(body), body, _KNOWN)


def read_edit(body: bytes | bytearray) -> ImagesAsked:
    """The same of a request that has pictures changed."""
    body = bytes(body)
    request = _decode_edit(body)
    images = tuple(_image(reference, place) for place, reference in enumerate(request.images))
    return msgspec.structs.replace(_asked(request, body, _KNOWN_OF_EDITS), images=images)


def _image(reference: _Reference, place: int) -> Image:
    url, file_id = reference.image_url, reference.file_id
    if (url is None) == (file_id is None):
        raise msgspec.ValidationError(f"Expected either `image_url` or `file_id` - at `$.images[{place}]`")
    found = None if url is None else read_data_url(url)
    return Image(url=url, file_id=file_id) if found is None else Image(media_type=found[0], data=found[1])


def _asked(request: _RequestBody, body: bytes, known: Set[str]) -> ImagesAsked:
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
            field for field in fields.items() if field[0] not in known and bytes(field[1]) not in NOTHING_SAID
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
