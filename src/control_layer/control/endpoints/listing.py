"""Providers' model lists: which dialect a provider speaks, how it is asked, how its answer is read. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, urlsplit

import msgspec

__all__ = ["Dialect", "ListPage", "ListedModel", "NotAModelList", "dialect_of", "read_page"]

_MAX_NAME_LENGTH = 512
_ANTHROPIC_VERSION = "2023-06-01"
_ANTHROPIC_PAGE = 1000  # the most that its API gives at once


class Dialect(Enum):
    """Whose model list it is."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    OPENROUTER = "openrouter"

    def headers(self, credential: str | None, header_name: str, header_prefix: str) -> Mapping[str, str]:
        """What identifies us. Anthropic takes the key in a header of its own, however traffic is set up."""
        if self is Dialect.ANTHROPIC:
            version = {"anthropic-version": _ANTHROPIC_VERSION}
            return version if credential is None else version | {"x-api-key": credential}
        return {} if credential is None else {header_name: header_prefix + credential}

    def query(self, after: str | None) -> str:
        """The query string that asks for the page behind `after`."""
        if self is not Dialect.ANTHROPIC:
            return ""
        return f"limit={_ANTHROPIC_PAGE}" + (f"&after_id={quote(after, safe='')}" if after else "")


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
    next_after: str | None


class NotAModelList(Exception):
    """The provider answered with something else."""


def dialect_of(url: str) -> Dialect:
    """By host name."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "api.anthropic.com":
        return Dialect.ANTHROPIC
    if host == "openrouter.ai":
        return Dialect.OPENROUTER
    return Dialect.OPENAI


class _Entry(msgspec.Struct):
    id: str
    created: object = None
    owned_by: object = None


class _List(msgspec.Struct):
    data: list[_Entry]
    has_more: bool = False
    last_id: str | None = None


def read_page(body: bytes, dialect: Dialect) -> ListPage:
    """The models in a provider's answer, each once, in its order. Raises `NotAModelList`.

    All three dialects keep models in `data`, each with an `id`; they differ in what stands beside it, which we do not
    need, and in Anthropic's paging.
    """
    try:
        listed = msgspec.json.decode(body, type=_List)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise NotAModelList from None
    models: dict[str, ListedModel] = {}
    for entry in listed.data:
        name = entry.id.strip()
        if name and "\0" not in name and len(name) <= _MAX_NAME_LENGTH:
            created = int(entry.created) if isinstance(entry.created, int | float) else None
            owner = entry.owned_by if isinstance(entry.owned_by, str) else None
            models.setdefault(name, ListedModel(name, created, owner))
    more = dialect is Dialect.ANTHROPIC and listed.has_more and listed.last_id
    return ListPage(tuple(models.values()), listed.last_id if more else None)
