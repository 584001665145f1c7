"""An upload's form as it streams in (RFC 7578): fields are collected, the file's bytes are handed on as they come."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from control_layer.control.errors import ControlError, invalid

__all__ = ["UploadForm"]

_MAX_FIELD_BYTES = 4096
_MAX_PARTS = 64
_FIELDS = frozenset({"purpose", "expires_after[anchor]", "expires_after[seconds]"})


@dataclass(slots=True)
class _Part:
    """The part that is being read."""

    headers: dict[str, str] = field(default_factory=dict)
    name: str = ""
    value: bytearray = field(default_factory=bytearray)
    header_name: bytearray = field(default_factory=bytearray)
    header_value: bytearray = field(default_factory=bytearray)


class UploadForm:
    """Fed with a body of `multipart/form-data` in pieces of any size; holds no more than a piece of the file."""

    def __init__(self, content_type: str) -> None:
        """Raises 415 for another content type, 400 for one without a boundary."""
        message = Message()
        message["content-type"] = content_type
        if message.get_content_type() != "multipart/form-data":
            raise ControlError(
                415, "unsupported_media_type", "Send the file as multipart/form-data, in the field 'file'"
            )
        boundary = message.get_param("boundary")
        if not isinstance(boundary, str) or not boundary.isascii():
            raise _unreadable()
        self.fields: dict[str, str] = {}
        """The fields that mean something, by name."""
        self.filename: str | None = None
        """The file's, once its part has begun."""
        self._part = _Part()
        self._parts = 0
        self._data = bytearray()
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary.encode(),
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError:
            raise _unreadable() from None

    def feed(self, data: bytes) -> bytes:
        """The part of the file that came with `data`. Raises 400."""
        try:
            self._parser.write(data)
        except FormParserError:
            raise _unreadable() from None
        found = bytes(self._data)
        self._data.clear()
        return found

    def finish(self) -> None:
        """The body has ended. Raises 400 where the form has not."""
        if not self._ended:
            raise _unreadable()
        if self.filename is None:
            raise invalid("No file field found in multipart upload", code="no_file")

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise invalid(f"The form has more than {_MAX_PARTS} fields")
        self._part = _Part()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]

    def _on_header_end(self) -> None:
        part = self._part
        part.headers[part.header_name.decode("latin-1").lower()] = part.header_value.decode("utf-8", "replace")
        part.header_name.clear()
        part.header_value.clear()

    def _on_headers_finished(self) -> None:
        message = Message()
        message["content-disposition"] = self._part.headers.get("content-disposition", "")
        name = message.get_param("name", header="content-disposition")
        self._part.name = name if isinstance(name, str) else ""
        if self._part.name == "file":
            if self.filename is not None:
                raise invalid("The form has more than one file")
            self.filename = _clean(message.get_filename() or "") or "upload.jsonl"

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part.name == "file":
            self._data += data[start:end]
        elif self._part.name in _FIELDS:
            self._part.value += data[start:end]
            if len(self._part.value) > _MAX_FIELD_BYTES:
                raise invalid(f"Field '{self._part.name}' is too long")

    def _on_part_end(self) -> None:
        if self._part.name in _FIELDS:
            self.fields[self._part.name] = self._part.value.decode("utf-8", "replace").strip()

    def _on_end(self) -> None:
        self._ended = True


def _clean(filename: str) -> str:
    """A name that can be stored and shown: no control characters, no directories."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in name if character.isprintable())[:255]


def _unreadable() -> ControlError:
    return invalid(
        "The form cannot be read; send multipart/form-data with the file in the field 'file'", code="bad_form"
    )
