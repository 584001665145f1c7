"""The few fields of a JSON request that the gateway decides on. Message content stays the bytes it came as."""

from __future__ import annotations

import msgspec

from control_layer.gateway import errors

__all__ = ["Envelope", "read_envelope", "rewrite"]

_MAX_MODEL = 512


class _StreamOptions(msgspec.Struct, gc=False):
    include_usage: bool | None = None


class Envelope(msgspec.Struct, gc=False):
    """What is decoded of a request. Unknown fields are not looked at."""

    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None

    @property
    def streaming(self) -> bool:
        return self.stream is True

    @property
    def include_usage(self) -> bool:
        """The client asked for usage at the end of the stream."""
        return self.stream_options is not None and self.stream_options.include_usage is True


_decode = msgspec.json.Decoder(Envelope).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_INCLUDE = b'{"include_usage":true}'


def read_envelope(body: bytes) -> Envelope:
    """Reads a body's envelope. Raises GatewayError with the parameter's name."""
    try:
        envelope = _decode(body)
    except msgspec.ValidationError as error:
        text = str(error)
        detail, _, path = text.partition(" - at `$")
        param = path.rstrip("`").lstrip(".")
        if not param:
            raise errors.not_json(detail) from None
        raise errors.wrong_type(param, detail) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise errors.not_json(str(error)) from None
    except RecursionError:
        raise errors.not_json("it is nested too deeply") from None
    model = envelope.model
    if not model:
        raise errors.missing_model()
    if len(model) > _MAX_MODEL:
        raise errors.model_not_found(model)
    return envelope


def rewrite(body: bytes, envelope: Envelope, *, model: str, include_usage: bool) -> bytes:
    """The body for the provider: `body` itself where nothing must change.

    Otherwise the top level is written anew around untouched values. That is also done where a field that was decided
    on may stand twice or be spelled with escapes: what was authorised is then the only reading the provider has.
    """
    add_usage = include_usage and not envelope.include_usage
    if model == envelope.model and not add_usage and _reads_one_way(body):
        return body
    fields = _decode_fields(body)
    fields["model"] = msgspec.Raw(_encode(model))
    if add_usage:
        options = fields.get("stream_options")
        if options is None or bytes(options) == b"null":
            fields["stream_options"] = msgspec.Raw(_INCLUDE)
        else:
            inner = _decode_fields(options)
            inner["include_usage"] = msgspec.Raw(b"true")
            fields["stream_options"] = msgspec.Raw(_encode(inner))
    return _encode(fields)


def _reads_one_way(body: bytes) -> bool:
    # A key inside a JSON string would have its quotes escaped, so counting quoted names over-counts at worst.
    return (
        body.count(b'"model"') == 1
        and body.count(b'"stream"') <= 1
        and body.count(b'"stream_options"') <= 1
        and b"\\u005" not in body
        and b"\\u006" not in body
        and b"\\u007" not in body
    )
