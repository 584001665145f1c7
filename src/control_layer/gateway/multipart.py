"""The `model` field of a form that streams through (RFC 7578, RFC 2046): found, and given the provider's name.

Only part heads and the value of `model` are looked at; file contents pass as the bytes they came. A form that parsers
could take apart in different ways is refused, so that none can find a model in it that was not authorised.
"""

from __future__ import annotations

import re
from email.message import Message
from typing import NamedTuple

from control_layer.gateway import errors

__all__ = ["Disposition", "ModelField", "disposition_of"]

_MAX_BOUNDARY = 200  # RFC 2046, 5.1.1 allows 70; some clients write longer ones
_MAX_PART_HEAD = 16 * 1024
_MAX_MODEL = 512
_MAX_PARTS = 256
_PARAMETER = re.compile(rb';[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\\r\n]|\\.)*"|[^";\s]*)[ \t]*')
_DISPOSITION = b"content-disposition:"
_MODEL = b"model"


class Disposition(NamedTuple):
    """What a part is (RFC 7578, 4.2)."""

    name: bytes | None
    is_file: bool
    """It has a file name."""


class ModelField:
    """Reads a form as it comes (`feed`), then writes it on with another model name (`rename`, `rewrite`).

    The same bytes are fed twice: once to find the model, once, when the request is let in, on their way out. Every
    `model` field gets the new name, so that a second one cannot name what was not authorised. All of it raises
    GatewayError for a form that cannot be read.
    """

    __slots__ = ("_finder", "_found", "_name", "_writer", "boundary")

    def __init__(self, content_type: bytes) -> None:
        """Raises GatewayError where the content type has no usable boundary."""
        header = Message()
        header["content-type"] = content_type.decode("latin-1")
        boundary = header.get_param("boundary")
        if not isinstance(boundary, str) or not 0 < len(boundary) <= _MAX_BOUNDARY:
            raise errors.not_multipart("its content-type has no boundary")
        self.boundary = boundary.encode("latin-1")
        """What stands between the form's parts, without its dashes."""
        self._finder = _Parts(self.boundary, None)
        self._writer: _Parts | None = None
        self._found: bytes | None = None
        self._name = b""

    def feed(self, data: bytes) -> str | None:
        """The model's name, once it is known."""
        self._finder.feed(data)
        if not self._finder.models:
            return None
        self._found = self._finder.models[0]
        name = self._found.decode("utf-8", "replace").strip()
        if not name:
            raise errors.missing_model()
        return name

    def rename(self, name: str) -> None:
        """From here on `rewrite` puts this name."""
        self._name = name.encode()
        self._writer = _Parts(self.boundary, self._name)

    @property
    def length_delta(self) -> int | None:
        """By how many bytes the form grows; `None` while its model is not known."""
        return len(self._name) - len(self._found) if self._found is not None else None

    def rewrite(self, data: bytes) -> bytes:
        """The bytes to send for `data`. A field that is not whole yet is held back."""
        return data if self._writer is None else self._writer.feed(data)

    def rest(self) -> bytes:
        """What is still held back at the end of the form."""
        return b"" if self._writer is None else self._writer.flush()


class _Parts:
    """An incremental walk over a form's parts. With `name`, values of `model` fields are replaced by it."""

    __slots__ = ("_buffer", "_delimiter", "_name", "_parts", "_state", "models")

    def __init__(self, boundary: bytes, name: bytes | None) -> None:
        self._delimiter = b"\n--" + boundary
        self._name = name
        # The first delimiter has no line break before it: pretend one (it is cut off again below).
        self._buffer = b"\r\n"
        self._state = "preamble"
        self._parts = 0
        self.models: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        self._buffer += data
        out: list[bytes] = []
        while self._step(out):
            pass
        return b"".join(out)

    def flush(self) -> bytes:
        rest, self._buffer = self._buffer, b""
        return rest[2:] if self._state == "preamble" else rest

    def _step(self, out: list[bytes]) -> bool:
        if self._state == "head":
            return self._head(out)
        if self._state == "model":
            return self._model(out)
        return self._content(out)

    def _find_delimiter(self) -> int:
        """Where the CR LF of the next delimiter is; -1 where there is none yet."""
        at = self._buffer.find(self._delimiter)
        if at < 0:
            return -1
        if at == 0 or self._buffer[at - 1] != 0x0D:
            raise errors.not_multipart("its boundary lines must begin with CR LF")
        return at - 1

    def _content(self, out: list[bytes]) -> bool:
        """Passes bytes on up to the next delimiter; keeps back what may be its beginning."""
        at = self._find_delimiter()
        first = self._state == "preamble"
        if at < 0:
            keep = len(self._delimiter)
            if first and len(self._buffer) > _MAX_PART_HEAD:
                raise errors.not_multipart("no part begins where one should")
            if not first and len(self._buffer) > keep:
                out.append(self._buffer[:-keep])
                self._buffer = self._buffer[-keep:]
            return False
        end = at + 1 + len(self._delimiter)
        out.append(self._buffer[2 if first else 0 : end])
        self._buffer = self._buffer[end:]
        self._state = "head"
        return True

    def _head(self, out: list[bytes]) -> bool:
        """A part's head, from behind its boundary on."""
        if self._buffer.startswith(b"--"):
            self._state = "epilogue"
            return True
        at = self._buffer.find(b"\r\n\r\n")
        if at < 0:
            if len(self._buffer) > _MAX_PART_HEAD:
                raise errors.not_multipart("a part's head is too long")
            return False
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise errors.not_multipart(f"it has more than {_MAX_PARTS} parts")
        head = self._buffer[: at + 4]
        self._buffer = self._buffer[at + 4 :]
        if disposition_of(head[:-4]).name == _MODEL:
            self._state = "model"
            out.append(head)
        else:
            self._state = "content"
            # An empty part's delimiter begins with the line break that ended its head.
            out.append(head[:-2])
            self._buffer = b"\r\n" + self._buffer
        return True

    def _model(self, out: list[bytes]) -> bool:
        at = self._find_delimiter()
        if at < 0:
            if len(self._buffer) > _MAX_MODEL + len(self._delimiter):
                raise errors.invalid_value("model", "it is too long")
            return False
        value = self._buffer[:at]
        self.models.append(value)
        out.append(value if self._name is None else self._name)
        self._buffer = self._buffer[at:]
        self._state = "content"
        return True


def disposition_of(head: bytes) -> Disposition:
    """What a part is by its head, from behind the boundary on. Raises GatewayError where that is a matter of taste."""
    padding, *lines = head.split(b"\r\n")
    if padding.strip(b" \t"):
        raise errors.not_multipart("something follows a boundary on its line")
    said: list[tuple[bytes, bytes]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t", b"") or b"\n" in line or b"\r" in line or b"\0" in line:
            raise errors.not_multipart("a part's head has folded or broken lines")
        if line.lower().startswith(_DISPOSITION):
            said += _parameters_of(line[len(_DISPOSITION) :])
        elif line.lower().replace(b" ", b"").replace(b"\t", b"").startswith(_DISPOSITION):
            raise errors.not_multipart("a part's head has a space before its colon")
    names = [value for name, value in said if name == b"name"]
    if len(names) > 1:
        raise errors.not_multipart("a part has more than one name")
    return Disposition(names[0] if names else None, any(name.startswith(b"filename") for name, _ in said))


def _parameters_of(disposition: bytes) -> list[tuple[bytes, bytes]]:
    kind, semicolon, _ = disposition.partition(b";")
    at = len(kind)
    said: list[tuple[bytes, bytes]] = []
    while semicolon and at < len(disposition):
        parameter = _PARAMETER.match(disposition, at)
        if parameter is None:
            raise errors.not_multipart("a part's content-disposition cannot be read")
        at = parameter.end()
        name, value = parameter[1].lower(), parameter[2].strip(b'"')
        if name in (b"name*", b"name*0", b"name*0*"):
            raise errors.not_multipart("a part's name is written in RFC 2231's form")
        almost = _MODEL in (value.replace(b"\\", b""), value.strip(), value.lower())
        if name == b"name" and almost and value != _MODEL:
            raise errors.not_multipart("a part's name can be read as `model`")
        said.append((name, value))
    return said
