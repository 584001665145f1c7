"""Signatures of thoughts, named after who made them where clients hold them: no provider takes another's.

Anthropic's have no name. Nor have those of calls: where a client's dialect has a place for one, it says that it is
Google's (`extra_content.google`). Where it has none, a thought before the call holds it.
"""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["Maker", "call_signed_by", "is_of_others", "made_by", "named", "of_call"]

Maker = Literal["gemini"]
_CALL = "call."
_MAKERS: frozenset[str] = frozenset(get_args(Maker))


def named(maker: Maker, signature: str) -> str:
    """As clients hold it. The dot is in no base64."""
    return f"{maker}.{signature}"


def made_by(maker: Maker, signature: str | None) -> str | None:
    """As it was made; `None` for another's."""
    name = f"{maker}."
    if signature is None or not signature.startswith(name):
        return None
    return signature.removeprefix(name)


def is_of_others(signature: str) -> bool:
    """Whether somebody else than Anthropic made it."""
    return signature.partition(".")[0] in _MAKERS


def of_call(signature: str) -> str:
    """Google's signature of a call, as a thought before it holds it."""
    return named("gemini", _CALL + signature)


def call_signed_by(signature: str | None) -> str | None:
    """The same as Google made it; `None` for a signature of something else."""
    said = made_by("gemini", signature)
    return said.removeprefix(_CALL) if said is not None and said.startswith(_CALL) else None
