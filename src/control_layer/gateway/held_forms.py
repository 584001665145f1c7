"""Forms with pictures, for providers that take none: taken apart once all is there, and said in JSON.

OpenAI's API takes both (https://platform.openai.com/docs/api-reference/images/createEdit), and JSON can be looked into
and translated. A form that parsers could take apart in different ways is refused: `ModelField` has walked through it,
and what else there is to refuse stands here.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator

import msgspec

from control_layer.gateway import errors
from control_layer.gateway.multipart import disposition_of

__all__ = ["MOST_HELD_BYTES", "form_as_json"]

MOST_HELD_BYTES = 24 * 1024 * 1024
"""Of a form. Ours: it is in memory as it came and, each a third larger in base64, as JSON and as the provider gets it,
for a moment decoded too: 120 MiB at most. What Google takes in one piece was 20 MB for long."""
_FIELD = re.compile(rb"[A-Za-z0-9_.\[\]-]{1,64}")
_PICTURES = re.compile(r"image(?:\[\d*\])?")
_ENCODED = re.compile(rb"\r\ncontent-transfer-encoding:[^\r]*(?:base64|quoted-printable)", re.IGNORECASE)
_NO_TEXTS = frozenset(("n", "output_compression", "partial_images", "stream"))
_NUMBER_OR_FLAG = re.compile(r"-?(?:0|[1-9]\d{0,8})|true|false")
_KINDS = re.compile(
    rb"(?P<png>\x89PNG\r\n\x1a\n)|(?P<jpeg>\xff\xd8\xff)|(?P<webp>RIFF.{4}WEBP)|(?P<gif>GIF8)"
    rb"|(?P<heic>.{4}ftyphe[iv][cxms])|(?P<heif>.{4}ftypm[is]f1)",
    re.DOTALL,
)
"""What a picture is, by how it begins: clients that have only its bytes do not say."""
_START, _END, _LAST = b'{"image_url":"data:image/%b;base64,', b'"},', b'"}]}'
_A_FILE = msgspec.Raw(b'{"file":true}')
"""Stands for one that is no picture to be changed: nobody here looks into it."""

_encode = msgspec.json.Encoder().encode


def form_as_json(boundary: bytes, body: bytes | bytearray, model: str) -> bytes:
    """The request that a form is, for a model of that name. Raises GatewayError."""
    fields: dict[str, object] = {}
    pictures: list[bytes] = []
    for name, content, is_file in _parts(boundary, body):
        if _PICTURES.fullmatch(name):
            if not is_file:
                raise errors.invalid_value("image", "it must be a file, with a file name")
            pictures += (_START % _kind(content), b64encode(content), _END)
        elif name in fields:
            raise errors.not_multipart(f"it has the field `{name}` more than once")
        else:
            fields[name] = _A_FILE if is_file else _text(name, bytes(content))
    if not pictures:
        raise errors.missing_parameter("image")
    if "images" in fields:
        raise errors.invalid_value("images", "a form has its pictures in `image`")
    pictures[-1] = _LAST
    return b"".join((_encode({**fields, "model": model})[:-1], b',"images":[', *pictures))  # each copy takes a while


def _parts(boundary: bytes, body: bytes | bytearray) -> Iterator[tuple[str, memoryview, bool]]:
    """Name, content, and whether it is a file."""
    view, delimiter = memoryview(body), b"\r\n--" + boundary
    if not body.startswith(delimiter[2:]):
        raise errors.not_multipart("something stands before its first part")
    start = len(delimiter) - 2
    while (end := body.find(delimiter, start)) >= 0:
        at = body.find(b"\r\n\r\n", start, end)
        head = bytes(view[start : max(at, start)])
        name, is_file = disposition_of(head)
        if at < 0 or name is None or not _FIELD.fullmatch(name):
            raise errors.not_multipart("a part has no name, an odd one, or no end of its head")
        if _ENCODED.search(head):
            raise errors.not_multipart("a part is encoded; send its bytes as they are")
        yield name.decode(), view[at + 4 : end], is_file
        start = end + len(delimiter)
    if bytes(view[start:]).strip() != b"--":
        raise errors.not_multipart("its end is missing, or something follows it")


def _text(name: str, value: bytes) -> object:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise errors.not_multipart(f"its field `{name}` is not valid UTF-8") from None
    return msgspec.Raw(value) if name in _NO_TEXTS and _NUMBER_OR_FLAG.fullmatch(text) else text


def _kind(picture: memoryview) -> bytes:
    kind = _KINDS.match(picture)
    if kind is None:
        raise errors.invalid_value("image", "it is no picture that is known here; send PNG, JPEG, WebP, HEIC or HEIF")
    return str(kind.lastgroup).encode()
