"""Who may call a route: declared beside it, checked by `route`. A route that declares nothing is an error at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from control_layer.control.permissions import Operation, Resource

__all__ = [
    "INFERENCE_KEYS",
    "PLATFORM_KEYS",
    "Access",
    "NoAccessDeclared",
    "access_of",
    "identified",
    "needs",
    "needs_own",
    "public",
    "signed_in",
    "with_inference_key",
]

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])
_ATTRIBUTE = "__control_layer_access__"


class NoAccessDeclared(Exception):
    """A route says nothing about who may call it."""


PLATFORM_KEYS = frozenset({"platform"})
INFERENCE_KEYS = frozenset({"realtime", "batch", "playground"})
"""Keys of the AI API, which the management API refuses, and the other way round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The rule of one route."""

    authenticated: bool
    permission: tuple[Operation, Resource] | None = None
    """Needed on all objects of the resource. `None`: the handler decides, because it takes the body or the database."""
    own: bool = False
    """The permission is needed on the caller's own objects only."""
    keys: frozenset[str] = PLATFORM_KEYS
    """The purposes of API keys that are accepted (§2.1)."""
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
    return _declare(Access(authenticated=True, keys=PLATFORM_KEYS | INFERENCE_KEYS))(endpoint)


def with_inference_key(endpoint: _Endpoint) -> _Endpoint:
    """Anybody with an API key of the AI API may call it, and nobody without. Whose the object is, the handler looks."""
    return _declare(Access(authenticated=True, keys=INFERENCE_KEYS, bearer_only=True))(endpoint)


def needs(
    operation: Operation, resource: Resource, *, keys: frozenset[str] = PLATFORM_KEYS, bearer_only: bool = False
) -> Callable[[_Endpoint], _Endpoint]:
    """Those who may do `operation` on every object of `resource` may call it, with keys of these purposes; checked
    before the body is read."""
    permission = (operation, resource)
    return _declare(Access(authenticated=True, permission=permission, keys=keys, bearer_only=bearer_only))


def needs_own(
    operation: Operation, resource: Resource, *, keys: frozenset[str] = PLATFORM_KEYS
) -> Callable[[_Endpoint], _Endpoint]:
    """Those who may do `operation` on objects of their own may call it, with keys of these purposes; checked before
    the body is read. Whose the object is, the handler looks."""
    return _declare(Access(authenticated=True, permission=(operation, resource), own=True, keys=keys))


def access_of(endpoint: Callable[..., Any]) -> Access:
    """What was declared. Raises `NoAccessDeclared`."""
    access = getattr(endpoint, _ATTRIBUTE, None)
    if not isinstance(access, Access):
        raise NoAccessDeclared(f"declare @public, @signed_in or @needs(…) on {endpoint.__module__}.{endpoint.__name__}")
    return access
