"""Providers' model lists: where each dialect keeps it, how it is asked for, how the answer is read. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import msgspec

from control_layer.contract.dialects import DialectOptions
from control_layer.contract.endpoint_url import azure_path, upstream_path

__all__ = ["ListPage", "ListedModel", "ModelList", "NotAModelList", "model_list_of"]

_MAX_NAME_LENGTH = 512
_VERSIONED = re.compile(r"/(v\d+|api)$")
_VERTEX = re.compile(r"/v1(beta1)?(/projects/[^/]+/locations/[^/]+)?(/.*)?$")
_SERVED = re.compile(r"gemini-|text-(multilingual-)?embedding-|claude-")
"""What we can ask of the many models of Vertex AI."""
_ANTHROPIC_VERSION = "2023-06-01"
_PAGE = 1000  # the most that Anthropic, Gemini and Cohere give at once
_AZURE_DEPLOYMENTS_VERSION = "2022-12-01"  # later versions list deployments at Azure's management API only
_GEMINI_METHODS = frozenset(("generateContent", "embedContent"))
"""What we can ask of a model; others draw, or speak a protocol of their own."""


_ON_DEMAND = "byInferenceType=ON_DEMAND&byOutputModality="
"""Of Bedrock's models those that answer to their own names; the others are called by their inference profiles."""
_EMBEDS = re.compile(r"amazon\.titan-embed-text-|cohere\.embed-")
"""Those of Bedrock's models for embeddings that we can ask."""


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One entry of a model list, as far as we show it."""

    id: str
    created: int | None = None
    """Unix seconds."""
    owned_by: str | None = None


@dataclass(frozen=True, slots=True)
class ListPage:
    """The models of one answer. `next_after` asks for what follows; `None` on the last page."""

    models: tuple[ListedModel, ...]
    next_after: str | None = None


class NotAModelList(Exception):
    """The provider answered with something else."""


@dataclass(frozen=True, slots=True)
class ModelList:
    """Where one is, and how it is asked for."""

    path: str
    read: Callable[[bytes], ListPage]
    """Raises `NotAModelList`."""
    query: str = ""
    page_parameter: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    more: ModelList | None = None
    """Another list of the provider's, behind this one."""

    def target(self, after: str | None) -> str:
        """The request target for the page behind `after`, or the first."""
        page = f"{self.page_parameter}={quote(after, safe='')}" if after and self.page_parameter else ""
        query = "&".join(part for part in (self.query, page) if part)
        return f"{self.path}?{query}" if query else self.path


def model_list_of(dialect: str, base: str, options: DialectOptions) -> ModelList | None:
    """The list at a provider whose URL has the path `base`; `None` for a dialect that has none."""
    match dialect:
        case "anthropic":
            headers = {"anthropic-version": _ANTHROPIC_VERSION}
            return ModelList(upstream_path(base, "/v1/models"), _anthropic, f"limit={_PAGE}", "after_id", headers)
        case "gemini":
            return ModelList(upstream_path(base, "/v1beta/models"), _gemini, f"pageSize={_PAGE}", "pageToken")
        case "azure" if options.deployment_paths:
            version = f"api-version={_AZURE_DEPLOYMENTS_VERSION}"
            return ModelList(azure_path(base, "/v1/deployments", ""), _azure_deployments, version)
        case "azure":
            version = "" if options.api_version is None else f"api-version={quote(options.api_version, safe='')}"
            return ModelList(azure_path(base, "/v1/models"), _openai, version)
        case "bedrock":
            path = upstream_path(base, "/foundation-models")
            profiles = ModelList(
                upstream_path(base, "/inference-profiles"), _profiles, f"maxResults={_PAGE}", "nextToken"
            )
            embedding = ModelList(path, _embedding, f"{_ON_DEMAND}EMBEDDING", more=profiles)
            return ModelList(path, _foundation, f"{_ON_DEMAND}TEXT", more=embedding)
        case "ollama":
            return ModelList(_root(base) + "/api/tags", _named)
        case "cohere":
            return ModelList(_root(base) + "/v1/models", _named, f"page_size={_PAGE}", "page_token")
        case "vertex":
            claude = ModelList(_garden(base, "anthropic"), _published, f"pageSize={_PAGE}", "pageToken")
            return replace(claude, path=_garden(base, "google"), more=claude)
        case "openai":
            return ModelList(upstream_path(base, "/v1/models"), _openai)
        case _:
            return None


def _root(base: str) -> str:
    """Without the version that an administrator may have pasted along."""
    return _VERSIONED.sub("", base.rstrip("/"))


def _garden(base: str, publisher: str) -> str:
    """Vertex AI's Model Garden, which is of no project."""
    return f"{_VERTEX.sub('', base.rstrip('/'))}/v1beta1/publishers/{publisher}/models"


class _Entry(msgspec.Struct):
    id: str
    created: object = None
    owned_by: object = None
    status: object = None


class _List(msgspec.Struct):
    data: list[_Entry]
    has_more: bool = False
    last_id: str | None = None


class _Named(msgspec.Struct):
    name: str
    supportedGenerationMethods: list[str] | None = None  # noqa: N815 - Gemini's name


class _NamedList(msgspec.Struct):
    models: list[_Named]
    nextPageToken: str | None = None  # noqa: N815 - Gemini's name
    next_page_token: str | None = None


class _PublishedList(msgspec.Struct):
    publisherModels: list[_Named] = []  # noqa: N815 - Google's name
    nextPageToken: str | None = None  # noqa: N815 - Google's name


class _Foundation(msgspec.Struct, rename="camel"):
    model_id: str
    provider_name: str | None = None


class _Foundations(msgspec.Struct, rename="camel"):
    model_summaries: list[_Foundation]


class _Profile(msgspec.Struct, rename="camel"):
    inference_profile_id: str


class _Profiles(msgspec.Struct, rename="camel"):
    inference_profile_summaries: list[_Profile]
    next_token: str | None = None


def _openai(body: bytes) -> ListPage:
    """Also OpenRouter's, which lacks `object`, and Azure's."""
    return ListPage(_once(_entries(_decoded(body, _List))))


def _anthropic(body: bytes) -> ListPage:
    listed = _decoded(body, _List)
    return ListPage(_once(_entries(listed)), listed.last_id if listed.has_more else None)


def _azure_deployments(body: bytes) -> ListPage:
    listed = _decoded(body, _List)
    return ListPage(_once(ListedModel(entry.id) for entry in listed.data if entry.status in (None, "succeeded")))


def _gemini(body: bytes) -> ListPage:
    listed = _decoded(body, _NamedList)
    useful = (
        model.name.removeprefix("models/")
        for model in listed.models
        if model.supportedGenerationMethods is None or _GEMINI_METHODS & set(model.supportedGenerationMethods)
    )
    return ListPage(_once(map(ListedModel, useful)), listed.nextPageToken or None)


def _published(body: bytes) -> ListPage:
    listed = _decoded(body, _PublishedList)
    names = (model.name.rpartition("/")[2] for model in listed.publisherModels)
    return ListPage(_once(ListedModel(name) for name in names if _SERVED.match(name)), listed.nextPageToken or None)


def _named(body: bytes) -> ListPage:
    """Ollama's and Cohere's."""
    listed = _decoded(body, _NamedList)
    return ListPage(_once(ListedModel(model.name) for model in listed.models), listed.next_page_token or None)


def _foundation(body: bytes) -> ListPage:
    listed = _decoded(body, _Foundations)
    return ListPage(_once(ListedModel(model.model_id, None, model.provider_name) for model in listed.model_summaries))


def _embedding(body: bytes) -> ListPage:
    return ListPage(tuple(model for model in _foundation(body).models if _EMBEDS.match(model.id)))


def _profiles(body: bytes) -> ListPage:
    listed = _decoded(body, _Profiles)
    models = (ListedModel(profile.inference_profile_id) for profile in listed.inference_profile_summaries)
    return ListPage(_once(models), listed.next_token or None)


def _decoded(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise NotAModelList from None


def _entries(listed: _List) -> Iterator[ListedModel]:
    for entry in listed.data:
        created = int(entry.created) if isinstance(entry.created, int | float) else None
        yield ListedModel(entry.id, created, entry.owned_by if isinstance(entry.owned_by, str) else None)


def _once(models: Iterable[ListedModel]) -> tuple[ListedModel, ...]:
    """Each model once, in the provider's order; names that cannot be one left out."""
    found: dict[str, ListedModel] = {}
    for model in models:
        name = model.id.strip()
        if name and "\0" not in name and len(name) <= _MAX_NAME_LENGTH:
            found.setdefault(name, ListedModel(name, model.created, model.owned_by))
    return tuple(found.values())
