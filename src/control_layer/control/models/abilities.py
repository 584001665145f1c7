"""What is known of a model: what its administrator says; where nobody has said anything, what the catalogue knows, or
what all components of a composite model can do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from pydantic import Field

from control_layer.contract.model_apis import paths_of
from control_layer.contract.snapshot import Abilities
from control_layer.control.catalogue.families import family_of
from control_layer.control.catalogue.family import Family
from control_layer.control.endpoints.model_type import ModelType
from control_layer.control.schema import OmitNull, Output
from control_layer.store import tables

__all__ = ["ModelAbilities", "abilities_of", "abilities_of_row", "in_common", "known_of"]

_NOTHING = Abilities()
_SAID = ("context_window", "max_output_tokens", "apis")
"""In a model's metadata."""
_LISTED = ("capabilities", "input_modalities", "output_modalities", "apis")
_COUNTED = ("context_window", "max_output_tokens")
_READING = {"vision": "image", "audio": "audio", "video": "video", "documents": "document"}
"""Capabilities, and what a model reads that has them."""
_GUESSED = (None, ModelType.CHAT)
"""What models are taken for whose names do not tell. Any other type is evidence of its own."""


def known_of(model_name: str, model_type: str | None) -> Abilities | None:
    """What the catalogue knows of a model. `model_name`: what its provider calls it."""
    family = family_of(model_name)
    return None if family is None else _in_catalogue(family, model_type)


def in_common(parts: Iterable[Abilities | None]) -> Abilities:
    """What all of several models can do; of what is not known of one, nothing is known."""
    known = [part or _NOTHING for part in parts]
    return msgspec.structs.replace(
        _NOTHING,
        **{name: _shared([getattr(part, name) for part in known]) for name in _LISTED},
        **{name: _least([getattr(part, name) for part in known]) for name in _COUNTED},
    )


def _shared(lists: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """What stands in all of them, in the first one's order."""
    if not lists or None in lists:
        return None
    first, *others = (each for each in lists if each is not None)
    return tuple(word for word in first if all(word in each for each in others))


def _least(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return min(known) if known and len(known) == len(amounts) else None


def abilities_of(
    known: Abilities | None,
    capabilities: Sequence[str] | None,
    metadata: Mapping[str, Any] | None,
    description: str | None = None,
) -> Abilities | None:
    """What is known of a model, and what is said of it instead; `None` where nothing is known.

    An empty list of capabilities says nothing, because the API has no other way to take them back (§1.7).
    """
    known = known or _NOTHING
    said: dict[str, Any] = {name: (metadata or {}).get(name) for name in _SAID}
    said |= {"description": description, "capabilities": tuple(capabilities or ())}
    if capabilities:
        said["input_modalities"] = ("text", *(_READING[word] for word in capabilities if word in _READING))
    if said["apis"]:
        said["apis"] = tuple(said["apis"])
    known = msgspec.structs.replace(known, **{name: value for name, value in said.items() if value})
    return None if known == _NOTHING else known


def _in_catalogue(family: Family, model_type: str | None) -> Abilities:
    return Abilities(
        capabilities=family.capabilities,
        context_window=family.context_window,
        max_output_tokens=family.max_output_tokens,
        input_modalities=family.input,
        output_modalities=family.output,
        apis=family.apis if model_type in _GUESSED else None,
    )


def abilities_of_row(row: tables.Model) -> Abilities | None:
    """What is known of a model that is no composite one; `None` where nothing is."""
    return abilities_of(known_of(row.model_name, row.model_type), row.capabilities, row.model_metadata)


class ModelAbilities(Output):
    """What is known of a model: what was said of it, else what the catalogue knows. The rest is left out."""

    capabilities: OmitNull[list[str]] = Field(examples=[["tools", "vision"]])
    input_modalities: OmitNull[list[str]]
    output_modalities: OmitNull[list[str]]
    context_window: OmitNull[int]
    max_output_tokens: OmitNull[int]
    endpoints: OmitNull[list[str]] = Field(examples=[["/ai/v1/chat/completions"]])
    """The paths that it is asked at."""

    @classmethod
    def of(cls, row: tables.Model, parts: Sequence[tables.Model]) -> ModelAbilities:
        """Those of a row. `parts`: the components of a composite model that are asked."""
        known = (
            abilities_of_row(row) if row.hosted_on is not None else in_common(abilities_of_row(part) for part in parts)
        )
        known = abilities_of(known, row.capabilities, row.model_metadata) or _NOTHING
        paths = paths_of(row.model_type, known.apis)
        return cls(
            capabilities=_listed(known.capabilities),
            input_modalities=_listed(known.input_modalities),
            output_modalities=_listed(known.output_modalities),
            context_window=known.context_window,
            max_output_tokens=known.max_output_tokens,
            endpoints=None if paths is None else [f"/ai{path}" for path in paths],
        )


def _listed(known: tuple[str, ...] | None) -> list[str] | None:
    return None if known is None else [*known]
