"""Reasoning translation (§4.5.7): how efforts that callers ask for are written into a provider's requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from control_layer.contract.reasoning import EFFORTS, Effort, place_of
from control_layer.control.errors import invalid
from control_layer.control.schema import Input

__all__ = [
    "INHERITED",
    "Overrides",
    "Translations",
    "checked_overrides",
    "checked_translations",
    "supported_efforts",
    "translations_in_force",
]

INHERITED: Mapping[str, Any] = {"chat_completions": {"mode": "inherit"}, "responses": {"mode": "inherit"}}
"""What a model has that overrides nothing."""
_POINTER = re.compile("(?:/(?:[^~/]|~[01])*)+")
"""RFC 6901, section 3; not the whole document, which is never a value's place."""
_DEEPEST = 16
_DECIDED_ELSEWHERE = tuple(
    place_of(pointer)
    for pointer in (
        "/model", "/models", "/stream", "/stream_options", "/n", "/best_of", "/max_tokens", "/max_completion_tokens",
        "/max_output_tokens", "/max_tokens_to_sample", "/generationConfig/maxOutputTokens",
        "/generationConfig/candidateCount", "/inferenceConfig/maxTokens", "/options/num_predict",
    )
)  # fmt: skip
"""What a gateway goes by when it lets a request in, in the words of each dialect: the provider must see the same."""


class Write(Input):
    """A place in the request, and what stands there for each effort."""

    target_path: str
    values: dict[Effort, Any]


class Translation(Input):
    """Every effort is mapped in all writes, or listed as unsupported."""

    unsupported_efforts: list[Effort] = Field(default_factory=list)
    writes: list[Write] = Field(default_factory=list)


class Translations(Input):
    """An endpoint's, by surface."""

    chat_completions: Translation | None = None
    responses: Translation | None = None


class Override(Input):
    """A model's word on one surface."""

    mode: Literal["inherit", "disabled", "override"]
    translation: Translation | None = None


class Overrides(Input):
    """A model's, by surface."""

    chat_completions: Override | None = None
    responses: Override | None = None


def checked_translations(translations: Translations | None) -> dict[str, Any] | None:
    """As it is stored. Raises 400."""
    if translations is None:
        return None
    for translation in (translations.chat_completions, translations.responses):
        _check(translation)
    return translations.model_dump(mode="json", exclude_none=True)


def checked_overrides(overrides: Overrides | None) -> dict[str, Any] | None:
    """As it is stored, both surfaces present. Raises 400."""
    if overrides is None:
        return None
    for override in (overrides.chat_completions, overrides.responses):
        if override is None:
            continue
        if (override.mode == "override") != (override.translation is not None):
            raise invalid("A reasoning override needs mode 'override' and a translation, or neither")
        _check(override.translation)
    return {**INHERITED, **overrides.model_dump(mode="json", exclude_none=True)}


def supported_efforts(overrides: Mapping[str, Any], inherited: Mapping[str, Any] | None) -> list[str] | None:
    """The efforts that a model takes on every surface that translates them; `None` where none does: nobody knows."""
    translations = translations_in_force(overrides, inherited)
    if not translations:
        return None
    refused = {effort for translation in translations.values() for effort in translation["unsupported_efforts"]}
    return [effort for effort in EFFORTS if effort not in refused]


def translations_in_force(
    overrides: Mapping[str, Any], inherited: Mapping[str, Any] | None
) -> dict[str, Mapping[str, Any]]:
    """A model's translations, those of its endpoint where it inherits them; nothing of a surface that has none."""
    found: dict[str, Mapping[str, Any]] = {}
    for surface, nothing_said in INHERITED.items():
        override = overrides.get(surface, nothing_said)
        match override["mode"]:
            case "override":
                found[surface] = override["translation"]
            case "inherit" if inherited is not None and inherited.get(surface) is not None:
                found[surface] = inherited[surface]
    return found


def _check(translation: Translation | None) -> None:
    if translation is None:
        return
    for write in translation.writes:
        _check_place(write.target_path)
    mapped = [set(write.values) for write in translation.writes]
    for effort in EFFORTS:
        if effort in translation.unsupported_efforts:
            continue
        if not mapped or any(effort not in values for values in mapped):
            raise invalid(f"Reasoning effort '{effort}' must be mapped in all writes or listed as unsupported")


def _check_place(pointer: str) -> None:
    if _POINTER.fullmatch(pointer) is None:
        raise invalid("target_path must be a JSON pointer such as /reasoning/effort")
    place = place_of(pointer)
    if len(place) > _DEEPEST:
        raise invalid(f"target_path must lead at most {_DEEPEST} levels deep")
    for decided in _DECIDED_ELSEWHERE:
        if all(ours == theirs for ours, theirs in zip(place, decided, strict=False)):
            raise invalid(f"target_path must not write {'/'.join(decided)}: requests are let in by what they say there")
