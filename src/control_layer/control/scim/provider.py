"""What this service says of itself on the discovery endpoints (RFC 7644, 4; RFC 7643, 5–7)."""

from __future__ import annotations

from typing import Any

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    Filter,
    Meta,
    Patch,
    Resource,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    Sort,
)

from control_layer.control.scim.resources import Group, User

__all__ = ["DEFAULT_RESULTS", "MAX_RESULTS", "config", "resource_types", "schemas"]

DEFAULT_RESULTS = 100
MAX_RESULTS = 200
"""Resources of one page, however many are asked for."""
_DESCRIBED: tuple[type[Resource[Any]], ...] = (User, Group, ServiceProviderConfig, ResourceType, Schema)


def config(base_url: str) -> ServiceProviderConfig:
    """What can be done here."""
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MAX_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Platform API key",
                description="An API key of purpose `platform`, as `Authorization: Bearer`.",
                primary=True,
            )
        ],
        meta=Meta(resource_type="ServiceProviderConfig", location=f"{base_url}/ServiceProviderConfig"),
    )


def resource_types(base_url: str) -> list[ResourceType]:
    """What is kept here."""
    found = []
    for model in (User, Group):
        kind = ResourceType.from_resource(model)
        kind.description = model.__doc__
        kind.meta = Meta(resource_type="ResourceType", location=f"{base_url}/ResourceTypes/{kind.id}")
        found.append(kind)
    return found


def schemas(base_url: str) -> list[Schema]:
    """Which attributes it has."""
    found = []
    for model in _DESCRIBED:
        schema = model.to_schema()
        schema.meta = Meta(resource_type="Schema", location=f"{base_url}/Schemas/{schema.id}")
        found.append(schema)
    return found
