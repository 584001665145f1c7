"""Signatures of thoughts, so named that they are told from another provider's when a client hands them back.

Gemini refuses a signature that it has not made. Calls need no such name: where clients hold a call's signature, it is
Google's (`extra_content.google`).
"""

from __future__ import annotations

__all__ = ["UNSIGNED", "named", "own"]

_NAME = "gemini."
"""The dot is in no base64."""
UNSIGNED = "skip_thought_signature_validator"
"""Stands for the signature of a call that another provider's model has made, or whose signature a client's dialect has
no place for (https://ai.google.dev/gemini-api/docs/thought-signatures, "FAQs")."""


def named(signature: str) -> str:
    """As clients hold it."""
    return _NAME + signature


def own(signature: str | None) -> str | None:
    """As Gemini made it; `None` for one of another's."""
    if signature is None or not signature.startswith(_NAME):
        return None
    return signature.removeprefix(_NAME)
