"""What a provider's claims say about a person, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from control_layer.control.federation.imported_groups import importable
from control_layer.settings import Oidc

__all__ = ["ProvenIdentity", "lacks", "proven_identity"]

_MAX_LENGTH = 255
_ELSEWHERE = "_claim_names"  # OpenID Connect Core 1.0, 5.6.2: claims that must be fetched from somewhere else


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenIdentity:
    """Somebody who has signed in at a provider."""

    issuer: str
    subject: str
    email: str | None
    """Verified; `None` where the provider names none, or none that it vouches for."""
    username: str | None
    display_name: str | None
    groups: frozenset[str] | None
    """`None` where groups are not imported, or where the provider could not list them all."""


def lacks(claims: Mapping[str, Any], settings: Oidc) -> bool:
    """Whether the ID token leaves out something that the UserInfo endpoint may know."""
    groups = settings.groups_claim
    return "email" not in claims or (
        groups is not None and _found(claims, groups) is None and not _is_elsewhere(claims, groups)
    )


def proven_identity(claims: Mapping[str, Any], userinfo: Mapping[str, Any], settings: Oidc) -> ProvenIdentity:
    """From the ID token's claims and, behind them, UserInfo's (empty where it was not asked)."""
    both = {**userinfo, **claims}
    # An address and whether it is verified come from one place: half of each would vouch for the wrong one.
    told = userinfo if "email" in userinfo and "email_verified" not in claims else claims
    return ProvenIdentity(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=_verified_email(told, settings),
        username=_text(both.get("preferred_username")),
        display_name=_text(both.get("name")),
        groups=_groups(both, settings.groups_claim),
    )


def _verified_email(told: Mapping[str, Any], settings: Oidc) -> str | None:
    verified = told.get("email_verified", settings.trust_email)
    email = _text(told.get("email"))
    return email if email is not None and "@" in email and (verified is True or verified == "true") else None


def _groups(claims: Mapping[str, Any], name: str | None) -> frozenset[str] | None:
    if name is None:
        return None
    value = _found(claims, name)
    if value is None:
        return None if _is_elsewhere(claims, name) else frozenset()
    values = value if isinstance(value, list) else [value]
    return importable(each for each in values if isinstance(each, str))


def _found(claims: Mapping[str, Any], name: str) -> object:
    """The claim of that name, or, behind dots, inside others: `realm_access.roles`."""
    if name in claims:
        return claims[name]
    value: object = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _is_elsewhere(claims: Mapping[str, Any], name: str) -> bool:
    elsewhere = claims.get(_ELSEWHERE)
    return isinstance(elsewhere, Mapping) and name in elsewhere


def _text(value: object) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= _MAX_LENGTH and "\0" not in text else None
