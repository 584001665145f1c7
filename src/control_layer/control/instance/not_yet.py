"""What the contract has and this release has not (§7): asked for, it says so, where other unknown paths are a page."""

from __future__ import annotations

import re

from control_layer.control.errors import ControlError

__all__ = ["NOT_YET", "not_yet"]

_ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")
_CHANGES = ("POST", "PUT", "PATCH", "DELETE")

NOT_YET: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("auth/cli-callback", _ANY, "Signing a command line in by browser is"),
    ("users/[^/]+/(organizations|join-requests|onboarding-context)", _ANY, "Organizations are"),
    ("organizations(/.+)?", _ANY, "Organizations are"),
    ("session/organization", _ANY, "Organizations are"),
    ("(groups|deployments)/[^/]+/tool-sources(/.+)?", _ANY, "Tool sources are"),
    ("tool-sources(/.+)?", _ANY, "Tool sources are"),
    ("connections(/.+)?", _ANY, "Connections are"),
    ("provider-display-configs(/[^/]+)?", _CHANGES, "Changing how a provider is shown is"),
    ("usage-recompute", _ANY, "Recomputing usage is"),
    ("monitoring/demand", _ANY, "Monitoring of demand is"),
    ("images/[^/]+", _ANY, "Keeping images is"),
    ("support/requests", _ANY, "Asking for support is"),
)
"""Paths below `/admin/api/v1` as patterns, their methods, and what is missing. Whoever builds it takes it out."""

_PATTERNS = tuple((re.compile("/admin/api/v1/" + path), methods, what) for path, methods, what in NOT_YET)


def not_yet(method: str, path: str) -> ControlError | None:
    """The answer where no route answers; `None` for what nobody has promised."""
    for pattern, methods, what in _PATTERNS:
        if method in methods and pattern.fullmatch(path):
            return ControlError(501, "not_available", f"{what} not available in this release")
    return None
