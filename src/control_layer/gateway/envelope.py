"""The few fields of a JSON request that the gateway decides on. Message content stays the bytes it came as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from control_layer.gateway import errors

__all__ = ["Envelope", "read_envelope"]

_MAX_MODEL = 512
_MAX_FALLBACKS = 8
_MAX_SESSION = 256
_SESSIONS = ("prompt_cache_key", "session_id", "user")
_MAX_SCANNED = 4 * 1024 * 1024
"""Looking through a body costs about 3 ms per megabyte, which other requests wait for."""
_DECIDED = frozenset(("model", "models", "stream", "stream_options"))

_Field = TypeVar("_Field")


_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_model = msgspec.json.Decoder(str | None)
_flag = msgspec.json.Decoder(bool | None)
_aliases = msgspec.json.Decoder(list[str] | None)
_options = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_encode = msgspec.json.Encoder().encode


class Envelope:
    """A body, its top-level fields undecoded, and what was decided on."""

    __slots__ = ("_body", "_stream_options", "fallbacks", "fields", "include_usage", "model", "streaming")

    def __init__(self, body: bytes | bytearray, fields: dict[str, msgspec.Raw], named: str | None) -> None:
        """Raises GatewayError."""
        self._body = body
        self.fields = fields
        """The top level, undecoded."""
        self.model = (named if named is not None else _field(fields, "model", _model)) or ""
        self.fallbacks: Sequence[str] | None = None
        """Models that the client names for when this one fails, in its order, once `take_fallbacks` has read them."""
        self.streaming = _field(fields, "stream", _flag) is True
        options = self._stream_options = _field(fields, "stream_options", _options) or {}
        self.include_usage = _field(options, "include_usage", _flag, "stream_options.") is True
        """The client asked for usage at the end of the stream."""

    def take_fallbacks(self) -> None:
        """Takes `models` out of the fields: it is not for the provider. Without a model, the first of the list is asked
        for. Raises GatewayError.
        """
        named = _field(self.fields, "models", _aliases) or []
        del self.fields["models"]
        if len(named) > _MAX_FALLBACKS:
            raise errors.invalid_value("models", f"it names {len(named)} models; name {_MAX_FALLBACKS} at most")
        if any(not 0 < len(alias) <= _MAX_MODEL for alias in named):
            raise errors.invalid_value("models", "each entry must be the name of a model")
        if not self.model and named:
            self.model = named[0]
            self.fields["model"] = msgspec.Raw(_encode(self.model))
        self.fallbacks = [alias for alias in dict.fromkeys(named) if alias != self.model]

    @property
    def unambiguous(self) -> bool:
        """Whether no field can stand twice, of which a provider might read the other one than we do."""
        body = self._body
        if self.fallbacks is not None:
            return True  # it is written anew, each field once
        return _is_compact(body, self.fields) or (
            len(body) <= _MAX_SCANNED and all(body.count(b'"%b"' % name.encode()) == 1 for name in self.fields)
        )

    @property
    def session(self) -> str | None:
        """What the request calls the conversation it belongs to, where it does."""
        for name in _SESSIONS:
            raw = self.fields.get(name)
            if raw is not None:
                return bytes(raw)[:_MAX_SESSION].decode("utf-8", "replace")
        return None

    def rewritten(self, *, model: str, include_usage: bool) -> bytes | bytearray:
        """The body for the provider: the client's own bytes where nothing must change.

        The top level is written anew around untouched values, which gives back the very bytes of compact JSON (what
        SDKs send). A key that stands twice or is spelled with escapes then has one reading left, the one that was
        authorised. With `include_usage` the provider is asked for usage.
        """
        fields, body = self.fields, self._body
        sent, renamed = fields, False
        if "model" in fields:
            raw = msgspec.Raw(_encode(model))
            renamed = raw != fields["model"]
            if renamed:
                sent = {**sent, "model": raw}
        if include_usage:
            raw = msgspec.Raw(_encode({**self._stream_options, "include_usage": msgspec.Raw(b"true")}))
            if fields.get("stream_options") != raw:
                sent = {**sent, "stream_options": raw}
        if self.fallbacks is not None:
            return _encode(sent)
        if sent is fields and _is_compact(body, fields):
            return body
        if not (renamed or (include_usage and not self.include_usage)) and _reads_one_way(body):
            return body
        return _encode(sent)


def read_envelope(body: bytes | bytearray, named: str | None = None, *, fallbacks: bool = False) -> Envelope:
    """Reads a body's envelope. `named` is a model named outside the body, which the body's own then gives way to. With
    `fallbacks`, `models` is ours to read: it does not reach the provider.

    Raises GatewayError with the parameter's name.
    """
    try:
        fields = _decode_fields(body)
    except UnicodeDecodeError:
        raise errors.not_json("it is not valid UTF-8") from None
    except msgspec.MsgspecError as error:
        raise errors.not_json(str(error)) from None
    except RecursionError:
        raise errors.not_json("it is nested too deeply") from None
    for name in fields:
        # Some providers match names without regard to case (Go's encoding/json): `Model` would be a second model.
        if not (name.isascii() and name.islower()) and name.casefold() in _DECIDED:
            raise errors.unknown_parameter(name, name.casefold())
    envelope = Envelope(body, fields, named)
    if fallbacks and "models" in fields:
        envelope.take_fallbacks()
    if not envelope.model:
        raise errors.missing_model()
    if len(envelope.model) > _MAX_MODEL:
        raise errors.model_not_found(envelope.model)
    return envelope


def _field(
    fields: dict[str, msgspec.Raw], name: str, decoder: msgspec.json.Decoder[_Field | None], inside: str = ""
) -> _Field | None:
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise errors.wrong_type(inside + name, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise errors.not_json(f"`{inside}{name}` is not valid text") from None


def _is_compact(body: bytes | bytearray, fields: dict[str, msgspec.Raw]) -> bool:
    """Whether writing the fields anew would give the body's own bytes, told from its length.

    Nothing is shorter than each field once, its key without escapes, nothing between the tokens: any second spelling
    of a key, any second field and any white space makes the body longer.
    """
    size = 1
    for key, value in fields.items():
        size += len(key) + len(value) + 4  # two quotes, a colon, and a comma or the closing brace
    return size == len(body)


def _reads_one_way(body: bytes | bytearray) -> bool:
    """Whether spaced JSON may stay as it is. Quoted names are counted wherever they stand, which errs on one side."""
    return (
        len(body) <= _MAX_SCANNED
        and body.count(b'"model"') == 1
        and body.count(b'"stream"') <= 1
        and body.count(b'"stream_options"') <= 1
        and body.count(b'"include_usage"') <= 1
        and b"\\u00" not in body
    )
