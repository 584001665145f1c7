"""Who may call a route: declared beside it, checked by `route`. A route that declares nothing is an error at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from control_layer.control.permissions import Operation, Resource

__all__ = ["Access", "NoAccessDeclared", "access_of", "identified", "needs", "public", "signed_in"]

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])
_ATTRIBUTE = "__control_layer_access__"


class NoAccessDeclared(Exception):
    """A route says nothing about who may call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The rule of one route."""

    authenticated: bool
    permission: tuple[Operation, Resource] | None = None
    """Needed on all objects of the resource. `None`: the handler decides, because it takes the body or the database."""
    any_key: bool = False
    """Accept API keys of every purpose, not only platform keys (the documentation pages, §2.1)."""
    bearer_only: bool = False
    """Accept keys in `Authorization` and nothing that a browser or a proxy adds by itself (SCIM)."""


def _declare(access: Access) -> Callable[[_Endpoint], _Endpoint]:
    def mark(endpoint: _Endpoint) -> _Endpoint:
        setattr(endpoint, _ATTRIBUTE, access)
        return endpoint

    return mark


def public(endpoint: _Endpoint) -> _Endpoint:
    """Anybody may call it."""
    return _declare(Access(authenticated=False))(endpoint)


def signed_in(endpoint: _Endpoint) -> _Endpoint:
    """Anybody with an account may call it; what they may do with it is decided in the handler."""
    return _declare(Access(authenticated=True))(endpoint)


def identified(endpoint: _Endpoint) -> _Endpoint:
    """Anybody with an account may call it, with an API key of any purpose too."""
    return _declare(Access(authenticated=True, any_key=True))(endpoint)


def needs(
    operation: Operation, resource: Resource, *, any_key: bool = False, bearer_only: bool = False
) -> Callable[[_Endpoint], _Endpoint]:
    """Those who may do `operation` on every object of `resource` may call it; checked before the body is read."""
    permission = (operation, resource)
    return _declare(Access(authenticated=True, permission=permission, any_key=any_key, bearer_only=bearer_only))


def access_of(endpoint: Callable[..., Any]) -> Access:
    """What was declared. Raises `NoAccessDeclared`."""
    access = getattr(endpoint, _ATTRIBUTE, None)
    if not isinstance(access, Access):
        raise NoAccessDeclared(f"declare @public, @signed_in or @needs(…) on {endpoint.__module__}.{endpoint.__name__}")
    return access
