"""Whose API an answer looks like: what to tell an administrator who has chosen the wrong dialect. No I/O."""

from __future__ import annotations

from typing import Any

import msgspec

from control_layer.contract.dialects import DIALECTS, DialectName, recognised

__all__ = ["amazons_words", "hint", "spoken_in"]


_MAX_WORDS = 300

_ALIKE = frozenset((("openai", "azure"), ("gemini", "vertex")))
"""Whose answers cannot be told apart."""


def hint(body: bytes, dialect: str, url: str) -> str:
    """A sentence for whoever believes that the answer's sender, at `url`, speaks `dialect`; empty where it may well do.

    Some speak several, at one address: what they say goes before what the address is known for.
    """
    spoken = spoken_in(body)
    if spoken is not None:
        if spoken == dialect or (spoken, dialect) in _ALIKE:
            return ""
        return f". It answers as {DIALECTS[spoken].title} does{_advice(spoken)}"
    known = recognised(url)
    if known in (dialect, "openai"):
        return ""
    return f". It is the address of {DIALECTS[known].title}{_advice(known)}"


def _advice(dialect: DialectName) -> str:
    found = DIALECTS[dialect]
    return (
        f"; set dialect to '{dialect}'" if found.served else f", which is not served yet. {found.instead}".rstrip(". ")
    )


def amazons_words(body: bytes) -> str:
    """What Amazon says of a refusal: the status tells little. With what to do where lists are not for this caller."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        answer = None
    said = (answer.get("message") or answer.get("Message")) if isinstance(answer, dict) else None
    words = f": {said[:_MAX_WORDS]}" if isinstance(said, str) else ""
    return f"{words.rstrip('. ')}. Models can also be named in model_filter, with skip_fetch"


def spoken_in(body: bytes) -> DialectName | None:
    """The dialect of a model list or an error; `None` where it could be anybody's."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    if isinstance(answer.get("error"), dict):
        return _of_error(answer, answer["error"])
    for name in ("data", "models"):
        entries = answer.get(name)
        if isinstance(entries, list) and entries and isinstance(entries[0], dict):
            return _of_entry(name, entries[0])
    return None


def _of_error(answer: dict[str, Any], error: dict[str, Any]) -> DialectName | None:
    if answer.get("type") == "error" and isinstance(error.get("type"), str):
        return "anthropic"
    if isinstance(error.get("code"), int) and isinstance(error.get("status"), str):
        return "gemini"
    if "subscription key" in str(error.get("message")):
        return "azure"
    return "openai" if {"message", "type", "param", "code"} <= error.keys() else None


def _of_entry(place: str, entry: dict[str, Any]) -> DialectName | None:
    if place == "data":
        return {"model": "anthropic"}.get(str(entry.get("type")), "openai" if "object" in entry else None)  # type: ignore[return-value]
    if str(entry.get("name")).startswith("models/"):
        return "gemini"
    if "endpoints" in entry:
        return "cohere"
    return "ollama" if "digest" in entry or "modified_at" in entry else None
