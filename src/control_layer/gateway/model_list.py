"""The model list in either dialect (OpenAI `GET /v1/models`, Anthropic `GET /v1/models`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, UnsetType

from control_layer.contract.model_apis import paths_of
from control_layer.contract.snapshot import Abilities, Model
from control_layer.gateway.reasoning import supported_efforts

__all__ = ["anthropic_item", "anthropic_list", "openai_item", "openai_list"]


_UNKNOWN = Abilities()


class _OpenAi(msgspec.Struct):
    id: str
    created: int
    object: str = "model"
    owned_by: str = "None"
    supported_reasoning_efforts: tuple[str, ...] | UnsetType = UNSET


class _Detail(_OpenAi):
    """With what OpenAI's API has no fields for; what nobody has said is left out."""

    display_name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    """`CHAT`, `EMBEDDINGS` or `RERANKER`."""
    capabilities: tuple[str, ...] | UnsetType = UNSET
    input_modalities: tuple[str, ...] | UnsetType = UNSET
    output_modalities: tuple[str, ...] | UnsetType = UNSET
    context_window: int | UnsetType = UNSET
    """Tokens."""
    max_output_tokens: int | UnsetType = UNSET
    endpoints: tuple[str, ...] | UnsetType = UNSET
    """The paths that it is asked at."""


class _OpenAiList(msgspec.Struct):
    data: list[_OpenAi]
    object: str = "list"


class _Anthropic(msgspec.Struct, tag="model", tag_field="type"):
    id: str
    display_name: str
    created_at: datetime


class _AnthropicList(msgspec.Struct):
    data: list[_Anthropic]
    has_more: bool
    first_id: str | None
    last_id: str | None


def _openai(model: Model, detail: bool, efforts: bool) -> _OpenAi:
    shown = _detail(model) if detail else _OpenAi(id=model.alias, created=model.created)
    supported = supported_efforts(model.deployments) if efforts else None
    if supported is not None:
        shown.supported_reasoning_efforts = supported
    return shown


def _detail(model: Model) -> _Detail:
    known = model.abilities or _UNKNOWN
    paths = paths_of(model.model_type, known.apis)
    return _Detail(
        id=model.alias,
        created=model.created,
        display_name=model.display_name or UNSET,
        description=known.description or UNSET,
        type=model.model_type or UNSET,
        capabilities=UNSET if known.capabilities is None else known.capabilities,
        input_modalities=known.input_modalities or UNSET,
        output_modalities=known.output_modalities or UNSET,
        context_window=known.context_window or UNSET,
        max_output_tokens=known.max_output_tokens or UNSET,
        endpoints=UNSET if paths is None else tuple(f"/ai{path}" for path in paths),
    )


def _anthropic(model: Model) -> _Anthropic:
    created = datetime.fromtimestamp(model.created, UTC)
    return _Anthropic(id=model.alias, display_name=model.display_name or model.alias, created_at=created)


def _sorted(models: Iterable[Model]) -> list[Model]:
    return sorted(models, key=lambda model: model.alias)


def openai_list(models: Iterable[Model], *, detail: bool = False, efforts: bool = False) -> bytes:
    """`detail`: with what they can do; `efforts`: with the reasoning efforts that they take, where that is known."""
    return msgspec.json.encode(_OpenAiList([_openai(model, detail, efforts) for model in _sorted(models)]))


def openai_item(model: Model, *, detail: bool = False, efforts: bool = False) -> bytes:
    """One of `openai_list`."""
    return msgspec.json.encode(_openai(model, detail, efforts))


def anthropic_list(models: Iterable[Model]) -> bytes:
    data = [_anthropic(model) for model in _sorted(models)]
    first, last = (data[0].id, data[-1].id) if data else (None, None)
    return msgspec.json.encode(_AnthropicList(data, has_more=False, first_id=first, last_id=last))


def anthropic_item(model: Model) -> bytes:
    return msgspec.json.encode(_anthropic(model))
