"""Reasoning translation (§4.5.7): how efforts that callers ask for are written into a provider's requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import Field

from control_layer.control.errors import invalid
from control_layer.control.schema import Input

__all__ = ["INHERITED", "Overrides", "Translations", "checked_overrides", "checked_translations", "supported_efforts"]

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
_EFFORTS: tuple[str, ...] = get_args(Effort)
INHERITED: Mapping[str, Any] = {"chat_completions": {"mode": "inherit"}, "responses": {"mode": "inherit"}}
"""What a model has that overrides nothing."""


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
    translations = []
    for surface in INHERITED:
        override = overrides.get(surface, INHERITED[surface])
        match override["mode"]:
            case "override":
                translations.append(override["translation"])
            case "inherit" if inherited is not None and inherited.get(surface) is not None:
                translations.append(inherited[surface])
    if not translations:
        return None
    refused = {effort for translation in translations for effort in translation["unsupported_efforts"]}
    return [effort for effort in _EFFORTS if effort not in refused]


def _check(translation: Translation | None) -> None:
    if translation is None:
        return
    for write in translation.writes:
        if not write.target_path.startswith("/"):
            raise invalid("target_path must be a JSON pointer such as /reasoning/effort")
    mapped = [set(write.values) for write in translation.writes]
    for effort in _EFFORTS:
        if effort in translation.unsupported_efforts:
            continue
        if not mapped or any(effort not in values for values in mapped):
            raise invalid(f"Reasoning effort '{effort}' must be mapped in all writes or listed as unsupported")
