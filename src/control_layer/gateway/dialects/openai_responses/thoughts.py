"""What was thought, in a form that clients of the Responses API hand back untouched: `encrypted_content`.

The API has one place for what only a provider can read. Ours holds what another API keeps apart (a signature, a sealed
block), and the words themselves where the client did not want to see them. It is a wrapping and no secret: the client
may read what is its own.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from control_layer.gateway.dialects.conversation import Thinking

__all__ = ["content_of", "thought_of"]

_PREFIX = "thought."


class _Wrapped(msgspec.Struct, frozen=True, omit_defaults=True):
    text: str = ""
    """Where it is not in the summary."""
    signature: str | None = None
    sealed: str | None = None


_decode = msgspec.json.Decoder(_Wrapped).decode
_encode = msgspec.json.Encoder().encode


def content_of(thought: Thinking, *, shown: bool) -> str | None:
    """The `encrypted_content`; `None` where the words say it all, or nothing is to be kept."""
    if thought.signature is None and thought.sealed is None:
        return None
    wrapped = _Wrapped("" if shown else thought.text, thought.signature, thought.sealed)
    return _PREFIX + urlsafe_b64encode(_encode(wrapped)).decode()


def thought_of(content: str | None, summary: str) -> Thinking | None:
    """The thought again. What others have encrypted is of no use here, and only its summary is left."""
    wrapped = None
    if content is not None and content.startswith(_PREFIX):
        try:
            wrapped = _decode(urlsafe_b64decode(content.removeprefix(_PREFIX)))
        except (msgspec.MsgspecError, ValueError):
            wrapped = None
    if wrapped is not None:
        return Thinking(wrapped.text or summary, wrapped.signature, wrapped.sealed)
    return Thinking(summary) if summary else None
