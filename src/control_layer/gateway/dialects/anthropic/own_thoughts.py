"""A client's request to the Messages API without the thoughts that Claude refuses, because another model thought them.

Claude takes thoughts with a signature of Anthropic's only. Clients give back whatever they were given, and that may
have been the translated answer of another provider. All else stays the bytes that it came as.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from control_layer.gateway.dialects.anthropic.provider_thinking import Turn, thoughts_are_lost
from control_layer.gateway.dialects.signatures import is_of_others

__all__ = ["with_own_thoughts"]

_NAME, _QUOTED = "thinking", b'"thinking"'
_THOUGHTS = (_NAME, "redacted_thinking")
_EDITING, _CLEARING = "context_management", "clear_thinking_"
_NO_EDITS = msgspec.Raw(b"[]")


class _Block(msgspec.Struct):
    type: str = ""
    signature: str | None = None

    @property
    def foreign(self) -> bool:
        return self.type == _NAME and (not self.signature or is_of_others(self.signature))


class _Message(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: str | list[_Block]


class _Kind(msgspec.Struct):
    type: str = ""


_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_message = msgspec.json.Decoder(_Message).decode
_decode_kind = msgspec.json.Decoder(_Kind).decode
_encode = msgspec.json.Encoder().encode


def with_own_thoughts(body: bytes | bytearray) -> tuple[bytes | bytearray, tuple[str, ...]]:
    """The body, which is the very same where nothing had to go, and the names of parameters that had to go too.

    What cannot be read is left to whoever refuses it.
    """
    if _QUOTED not in body:
        return body, ()
    try:
        return _with_own_thoughts(body)
    except (KeyError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return body, ()


def _with_own_thoughts(body: bytes | bytearray) -> tuple[bytes | bytearray, tuple[str, ...]]:
    fields = _decode_fields(body)
    given = _decode_list(fields["messages"])
    kept = [own for message in given if (own := _own(message)) is not None]
    if len(kept) == len(given) and all(own is message for own, message in zip(kept, given, strict=True)):
        return body, ()
    fields["messages"] = msgspec.Raw(_encode(kept))
    if not _thinks_within_a_budget(fields) or not thoughts_are_lost([_turn(message) for message in kept]):
        return _encode(fields), ()
    del fields[_NAME]
    cleared = _without_clearing(fields)
    return _encode(fields), (_NAME, *cleared)


def _own(message: msgspec.Raw) -> msgspec.Raw | None:
    """The message without such thoughts; `None` where it was nothing else."""
    if _QUOTED not in bytes(message):
        return message
    read = _decode_message(message)
    if read.role != "assistant" or isinstance(read.content, str):
        return message
    foreign = [block.foreign for block in read.content]
    if not any(foreign):
        return message
    if all(foreign):
        return None
    fields = _decode_fields(message)
    blocks = _decode_list(fields["content"])
    fields["content"] = msgspec.Raw(_encode([block for block, gone in zip(blocks, foreign, strict=True) if not gone]))
    return msgspec.Raw(_encode(fields))


def _thinks_within_a_budget(fields: dict[str, msgspec.Raw]) -> bool:
    """Such a request must bring the thoughts before the calls whose results it has."""
    return _NAME in fields and _decode_kind(fields[_NAME]).type == "enabled"


def _without_clearing(fields: dict[str, msgspec.Raw]) -> list[str]:
    """Takes out the edits that clear thoughts, which the API refuses of a request that does not think; their names."""
    if _EDITING not in fields:
        return []
    editing = _decode_fields(fields[_EDITING])
    edits = _decode_list(editing.get("edits", _NO_EDITS))
    clears = [_decode_kind(edit).type.startswith(_CLEARING) for edit in edits]
    if not any(clears):
        return []
    kept = [edit for edit, gone in zip(edits, clears, strict=True) if not gone]
    if kept:
        fields[_EDITING] = msgspec.Raw(_encode(editing | {"edits": kept}))
    else:
        del fields[_EDITING]
    return [f"{_EDITING}.edits[{index}]" for index, gone in enumerate(clears) if gone]


def _turn(message: msgspec.Raw) -> Turn:
    read = _decode_message(message)
    kinds = () if isinstance(read.content, str) else tuple(block.type for block in read.content)
    return Turn(read.role, any(kind in _THOUGHTS for kind in kinds), "tool_result" in kinds)
