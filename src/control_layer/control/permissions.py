"""Which role may do what: the matrix of the management API's contract (§3.2) as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["MATRIX", "Operation", "Resource", "Rights", "Role", "allows"]


class Role(StrEnum):
    """What can be given to a user. The rights of several roles add up."""

    PLATFORM_MANAGER = "PlatformManager"
    REQUEST_VIEWER = "RequestViewer"
    STANDARD_USER = "StandardUser"
    BILLING_MANAGER = "BillingManager"
    BATCH_API_USER = "BatchAPIUser"
    BACKGROUND_INFERENCE_USER = "BackgroundInferenceUser"
    CONNECTIONS_USER = "ConnectionsUser"


class Resource(StrEnum):
    """What rights are about, as refusals name it."""

    USERS = "Users"
    GROUPS = "Groups"
    MODELS = "Models"
    COMPOSITE_MODELS = "CompositeModels"
    ENDPOINTS = "Endpoints"
    API_KEYS = "ApiKeys"
    REQUESTS = "Requests"
    ANALYTICS = "Analytics"
    PRICING = "Pricing"
    MODEL_RATE_LIMITS = "ModelRateLimits"
    CREDITS = "Credits"
    PROBES = "Probes"
    FILES = "Files"
    BATCHES = "Batches"
    WEBHOOKS = "Webhooks"
    ORGANIZATIONS = "Organizations"
    TOOL_SOURCES = "ToolSources"
    CONNECTIONS = "Connections"
    SYSTEM = "System"
    SYSTEM_ACCESS = "SystemAccess"
    """Deleted and inactive models: no role has it, only `is_admin` passes."""


class Operation(StrEnum):
    """What is done to a resource, as refusals name it."""

    CREATE = "Create"
    READ = "Read"
    UPDATE = "Update"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class Rights:
    """Operations on every object of a resource, and on one's own."""

    all: frozenset[Operation]
    own: frozenset[Operation]


_LETTERS = {"C": Operation.CREATE, "R": Operation.READ, "U": Operation.UPDATE, "D": Operation.DELETE}


def _rights(all_: str, own: str) -> Rights:
    return Rights(frozenset(_LETTERS[letter] for letter in all_), frozenset(_LETTERS[letter] for letter in own))


_EVERYTHING = _rights("CRUD", "CRUD")

MATRIX: Mapping[Role, Mapping[Resource, Rights]] = {
    Role.PLATFORM_MANAGER: {
        resource: _EVERYTHING for resource in Resource if resource not in {Resource.REQUESTS, Resource.SYSTEM_ACCESS}
    },
    Role.STANDARD_USER: {
        Resource.USERS: _rights("", "RU"),
        Resource.MODELS: _rights("", "R"),
        Resource.COMPOSITE_MODELS: _rights("", "R"),
        Resource.API_KEYS: _rights("", "CRUD"),
        Resource.CREDITS: _rights("", "R"),
        Resource.WEBHOOKS: _rights("", "CRUD"),
        Resource.ORGANIZATIONS: _rights("", "CRU"),
    },
    Role.REQUEST_VIEWER: {
        Resource.USERS: _rights("", "R"),
        Resource.GROUPS: _rights("", "R"),
        Resource.REQUESTS: _rights("R", "R"),
        Resource.ANALYTICS: _rights("R", "R"),
        Resource.CREDITS: _rights("", "R"),
    },
    Role.BILLING_MANAGER: {
        Resource.USERS: _rights("R", ""),
        Resource.CREDITS: _EVERYTHING,
    },
    Role.BATCH_API_USER: {
        Resource.FILES: _rights("", "CRD"),
        Resource.BATCHES: _rights("", "CRUD"),
    },
    Role.BACKGROUND_INFERENCE_USER: {},
    Role.CONNECTIONS_USER: {
        Resource.FILES: _rights("", "R"),
        Resource.BATCHES: _rights("", "R"),
        Resource.CONNECTIONS: _rights("", "CRUD"),
    },
}

_NONE = _rights("", "")


def allows(roles: Iterable[Role], operation: Operation, resource: Resource, *, own: bool) -> bool:
    """Whether `roles` together permit `operation`: on every object, or, with `own`, on an object of the caller's."""
    for role in roles:
        rights = MATRIX[role].get(resource, _NONE)
        if operation in rights.all or (own and operation in rights.own):
            return True
    return False
