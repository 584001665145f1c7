"""What a model is for, guessed from its name (§4.4). An administrator's own word goes before it."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ModelType", "detected"]


class ModelType(StrEnum):
    """What a model is for."""

    CHAT = "CHAT"
    EMBEDDINGS = "EMBEDDINGS"
    RERANKER = "RERANKER"


_RERANKERS = ("rerank", "cross-encoder")
_EMBEDDINGS = ("embed", "ada", "all-minilm", "bge-", "e5-", "sentence-transformer")


def detected(model_name: str) -> ModelType:
    """The type that a name suggests. Rerankers are looked for first: there are `bge-reranker`s."""
    name = model_name.lower()
    if any(part in name for part in _RERANKERS):
        return ModelType.RERANKER
    if any(part in name for part in _EMBEDDINGS):
        return ModelType.EMBEDDINGS
    return ModelType.CHAT
