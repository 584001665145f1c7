"""A client's own request for a chat completion, as a server takes it that differs from OpenAI's.

It says more than any conversation does: fields and parts that are the server's own, of which nobody here knows. So it
stays as it came, but for what the server does not know.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.dialect import Outgoing
from control_layer.gateway.dialects.openai_chat.client_requests import USER, WITHOUT_EFFECT
from control_layer.gateway.dialects.openai_chat.quirks import Quirks

__all__ = ["handed_request"]

_PATH = "/v1/chat/completions"
_MOST, _NEWER_MOST = "max_tokens", "max_completion_tokens"
_PARALLEL, _FUNCTIONS, _STREAM, _OPTIONS = "parallel_tool_calls", "functions", "stream", "stream_options"
_THOUGHTS = frozenset(("reasoning_content", "reasoning", "reasoning_details", "thinking_blocks"))
_CALLS, _SIGNATURE = "tool_calls", "extra_content"
_TRUE, _FALSE, _NULL = msgspec.Raw(b"true"), msgspec.Raw(b"false"), msgspec.Raw(b"null")
_SYSTEM = msgspec.Raw(b'"system"')
_BETWEEN_TEXTS = "\n\n"

Fields = dict[str, msgspec.Raw]


class _Asked(msgspec.Struct):
    messages: list[Fields] = []


class _Text(msgspec.Struct, tag_field="type", tag="text"):
    text: str


_decode_fields = msgspec.json.Decoder(Fields).decode
_decode_asked = msgspec.json.Decoder(_Asked).decode
_decode_list = msgspec.json.Decoder(list[Fields]).decode
_decode_texts = msgspec.json.Decoder(list[_Text]).decode
_decode_text = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def handed_request(body: bytes | bytearray, model: str, quirks: Quirks) -> Outgoing | None:
    """The request; `None` where it has to be translated: calls one at a time are seen to in the answer, and the older
    functions are said as tools. Raises msgspec.ValidationError.
    """
    body = bytes(body)  # what is not decoded refers to it
    fields = _decode_fields(body)
    one_call = quirks.no_parallel_tool_calls and fields.get(_PARALLEL) == _FALSE
    if one_call or fields.get(_FUNCTIONS, _NULL) != _NULL:
        return None
    fields["model"] = _raw(model)
    if quirks.no_parallel_tool_calls:
        fields.pop(_PARALLEL, None)
    if quirks.max_tokens_only and (most := fields.pop(_NEWER_MOST, None)) is not None and most != _NULL:
        fields[_MOST] = most
    dropped = (USER,) if quirks.known_fields_only and fields.get(USER, _NULL) != _NULL else ()
    if quirks.known_fields_only:
        fields = {name: value for name, value in fields.items() if name not in WITHOUT_EFFECT}
    if quirks.no_stream_options:
        fields.pop(_OPTIONS, None)
    elif fields.get(_STREAM) == _TRUE:
        options = _decode_fields(fields[_OPTIONS]) if fields.get(_OPTIONS, _NULL) != _NULL else {}
        fields[_OPTIONS] = _raw({**options, "include_usage": True})
    if "messages" in fields:
        fields["messages"] = _raw([_message(message, quirks) for message in _decode_asked(body).messages])
    return Outgoing(_PATH, _encode(fields), dropped=dropped)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(_encode(value))


def _message(message: Fields, quirks: Quirks) -> Fields:
    role = _decode_text(message["role"]) if "role" in message else None
    if quirks.no_developer_role and role == "developer":
        message["role"] = _SYSTEM
    if quirks.text_as_string and "content" in message:
        message["content"] = _joined(message["content"])
    if role == "assistant" and not quirks.takes_thoughts:
        message = {name: value for name, value in message.items() if name not in _THOUGHTS}
        if message.get(_CALLS, _NULL) != _NULL:
            message[_CALLS] = _unsigned(message[_CALLS])
    return message


def _joined(content: msgspec.Raw) -> msgspec.Raw:
    """Texts as one; anything else as it is."""
    try:
        return _raw(_BETWEEN_TEXTS.join(part.text for part in _decode_texts(content)))
    except msgspec.ValidationError:
        return content


def _unsigned(calls: msgspec.Raw) -> msgspec.Raw:
    """Calls without what Gemini wants back with them."""
    if _SIGNATURE.encode() not in bytes(calls):
        return calls
    kept = [{name: value for name, value in call.items() if name != _SIGNATURE} for call in _decode_list(calls)]
    return _raw(kept)
