"""One line of an uploaded file: what it must look like, and who may ask for it (§4.14). No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

import msgspec

from control_layer.contract.reasoning import EFFORTS
from control_layer.control.endpoints.model_type import ModelType
from control_layer.control.errors import ControlError, invalid

__all__ = ["LINE_OVERHEAD_BYTES", "Rules", "Template", "body_too_large"]

LINE_OVERHEAD_BYTES = 4096
"""What a line may have beside its body."""
_MAX_CUSTOM_ID_BYTES = 64
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_NOT_KEPT = ("priority", "stream", "stream_options")
"""Left out of bodies: the queue has its own order, and an answer is stored whole."""
_TYPE_OF_URL = {
    "/v1/chat/completions": ModelType.CHAT,
    "/v1/completions": ModelType.CHAT,
    "/v1/responses": ModelType.CHAT,
    "/v1/messages": ModelType.CHAT,
    "/v1/embeddings": ModelType.EMBEDDINGS,
}


class _Line(msgspec.Struct):
    custom_id: str
    method: str
    url: str
    body: msgspec.Raw


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_body = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True, slots=True)
class Template:
    """A line that passed."""

    custom_id: str
    url: str
    model: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is allowed in one upload."""

    urls: Set[str]
    models: Mapping[str, str | None]
    """The aliases that the owner can use, and their types."""
    max_body_bytes: int

    def template(self, number: int, line: bytes) -> Template:
        """The template in a line. Raises 400, 403 for a model, 422 for a reasoning effort."""
        try:
            line.decode()
        except UnicodeDecodeError:
            raise invalid(f"Line {number}: the text is not valid UTF-8", code="invalid_line") from None
        try:
            found = _decode_line(line)
            body = _decode_body(found.body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise invalid(f"Invalid JSON on line {number}: {error}", code="invalid_line") from None
        _check_head(number, found, self.urls)
        if len(found.body) > self.max_body_bytes:
            raise body_too_large(number, self.max_body_bytes)
        model = _text(body.get("model"))
        if model is None:
            raise invalid(f"Line {number}: Missing 'model' field in request body", code="invalid_line")
        self._check_model(number, model, found.url)
        _check_effort(number, body)
        content = bytes(found.body)
        if any(name in body for name in _NOT_KEPT):
            content = msgspec.json.encode({name: value for name, value in body.items() if name not in _NOT_KEPT})
        return Template(found.custom_id, found.url, model, content)

    def _check_model(self, number: int, model: str, url: str) -> None:
        if model not in self.models:
            message = f"Line {number}: Model '{model}' has not been configured or is not available to user"
            raise ControlError(403, "model_not_available", message)
        model_type, needed = self.models[model], _TYPE_OF_URL.get(url)
        if model_type is not None and needed is not None and model_type != needed:
            message = f"Line {number}: Model '{model}' is of type {model_type}, which {url} does not take"
            raise invalid(message, code="invalid_line")


def body_too_large(number: int, bound: int) -> ControlError:
    """The refusal of a line."""
    return invalid(f"Line {number}: the body is larger than {bound} bytes", code="invalid_line")


def _check_head(number: int, line: _Line, urls: Set[str]) -> None:
    if len(line.custom_id) > _MAX_CUSTOM_ID_BYTES or _PRINTABLE.fullmatch(line.custom_id) is None:
        message = f"Line {number}: custom_id must be printable ASCII of at most {_MAX_CUSTOM_ID_BYTES} bytes"
        raise invalid(message, code="invalid_line")
    if line.method.upper() != "POST":
        raise invalid(f"Line {number}: method must be POST", code="invalid_line")
    if line.url not in urls:
        allowed = ", ".join(sorted(urls))
        raise invalid(f"Line {number}: Unsupported URL path; use one of {allowed}", code="invalid_line")


def _check_effort(number: int, body: Mapping[str, msgspec.Raw]) -> None:
    effort = _text(body.get("reasoning_effort"))
    if effort is not None and effort not in EFFORTS:
        message = f"Line {number}: Unsupported reasoning effort; use one of {', '.join(EFFORTS)}"
        raise ControlError(422, "unsupported_reasoning_effort", message)


def _text(raw: msgspec.Raw | None) -> str | None:
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=str)
    except msgspec.DecodeError:
        return None
