"""Texts as vectors: what clients ask for and providers give, in no API's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.dialect import Outgoing
from control_layer.wire import Header

__all__ = ["EmbeddingDialect", "EmbeddingsAsked", "EmbeddingsGiven"]


class EmbeddingsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A request."""

    texts: tuple[str, ...]
    dimensions: int | None = None
    """How long the vectors are to be; `None`: as the model makes them."""
    packed: bool = False
    """The client wants them in base64."""
    user: str | None = None
    others: Mapping[str, msgspec.Raw] = {}
    """Fields that nothing above says, by name."""


class EmbeddingsGiven(msgspec.Struct, frozen=True):
    """An answer: a vector for each text, in their order."""

    vectors: tuple[tuple[float, ...], ...]
    tokens: Tokens | None = None
    """`None` where the provider does not say what was used."""


class EmbeddingDialect(Protocol):
    """How a provider is asked for vectors. `model` is the provider's own name for it."""

    def write_embeddings(self, asked: EmbeddingsAsked, model: str, *, lenient: bool) -> Outgoing:
        """Raises `Unsupported`; with `lenient`, what cannot be said is left out and listed instead."""
        ...

    def read_embeddings(self, body: bytes, headers: Sequence[Header] = (), /) -> EmbeddingsGiven:
        """`headers` are the answer's, their names in lower case. Raises `UnreadableAnswer`."""
        ...
