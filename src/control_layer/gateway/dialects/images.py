"""Pictures of what a prompt says, also made of others: what clients ask for and providers give, in no API's words."""

from __future__ import annotations

from typing import Protocol

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Image
from control_layer.gateway.dialects.dialect import Outgoing

__all__ = ["ImageDialect", "ImagesAsked", "ImagesGiven"]


class ImagesAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A request."""

    prompt: str
    images: tuple[Image, ...] = ()
    """Those that are to be changed, or that the new ones are to be made of."""
    count: int = 1
    size: tuple[int, int] | None = None
    """Width and height in pixels; `None`: as the model sees fit."""
    user: str | None = None
    others: tuple[tuple[str, msgspec.Raw], ...] = ()
    """Fields that nothing above says, by name."""


class ImagesGiven(msgspec.Struct, frozen=True):
    """An answer. The pictures have their data."""

    images: tuple[Image, ...]
    tokens: Tokens | None = None
    """`None` where the provider does not say what was used."""


class ImageDialect(Protocol):
    """How a provider is asked for pictures. `model` is the provider's own name for it."""

    def write_images(self, asked: ImagesAsked, model: str, *, lenient: bool) -> Outgoing:
        """Raises `Unsupported`; with `lenient`, what cannot be said is left out and listed instead."""
        ...

    def read_images(self, body: bytes) -> ImagesGiven:
        """Raises `UnreadableAnswer`, and `FilteredAnswer` where a filter left nothing of it."""
        ...
