"""The APIs that models are asked by, and the paths of each under `/ai`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

__all__ = ["APIS", "Api", "paths_of"]

Api = Literal[
    "chat", "responses", "completions", "embeddings", "rerank", "images", "image_edits", "speech", "transcription",
    "audio_translation", "moderation", "realtime",
]  # fmt: skip
APIS: tuple[Api, ...] = get_args(Api)
_PATHS: Mapping[str, tuple[str, ...]] = {
    "chat": ("/v1/chat/completions", "/v1/messages"),
    "responses": ("/v1/responses",),
    "completions": ("/v1/completions",),
    "embeddings": ("/v1/embeddings",),
    "rerank": ("/v1/rerank", "/v2/rerank", "/v1/score"),
    "images": ("/v1/images/generations",),
    "image_edits": ("/v1/images/edits",),
    "speech": ("/v1/audio/speech",),
    "transcription": ("/v1/audio/transcriptions",),
    "audio_translation": ("/v1/audio/translations",),
    "moderation": ("/v1/moderations",),
    "realtime": ("/v1/realtime",),
}
_OF_TYPES: Mapping[str, tuple[Api, ...]] = {
    "CHAT": ("chat", "responses"),
    "EMBEDDINGS": ("embeddings",),
    "RERANKER": ("rerank",),
}


def paths_of(model_type: str | None, apis: Sequence[str] | None) -> tuple[str, ...] | None:
    """Where a model is asked: by those `apis`, or by what its type says. `None`: nobody knows.

    A newer release on another host may name APIs that this one does not know: they are passed over.
    """
    named = apis if apis is not None else _OF_TYPES.get(model_type or "")
    return None if named is None else tuple(path for api in named for path in _PATHS.get(api, ()))
