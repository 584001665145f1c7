"""Bodies of `/endpoints` (§4.4)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import SecretStr

from control_layer.contract.dialects import DialectName
from control_layer.control.endpoints.dialect import Options
from control_layer.control.endpoints.reasoning import Translations
from control_layer.control.endpoints.synchronisation import SyncPlan
from control_layer.control.schema import Flag, Input, OmitNull, Output
from control_layer.store import tables

__all__ = [
    "DiscoveredModel",
    "DiscoveredModels",
    "Endpoint",
    "EndpointChanges",
    "EndpointToValidate",
    "NewEndpoint",
    "SyncChanges",
    "SyncResult",
    "ValidationResult",
]


class _Connection(Input):
    """How a provider is reached. What is absent or null takes the default, or stays as it is."""

    api_key: SecretStr | None = None
    auth_header_name: str | None = None
    auth_header_prefix: str | None = None
    verify_tls: Flag | None = None
    ca_bundle: str | None = None
    """PEM text; in an update, null takes it away."""
    dialect: DialectName | None = None
    """The API that the provider speaks. By default what the address is known for, else `openai`."""
    options: Options | None = None
    """What the dialect needs said beyond its name; replaced as a whole. Another dialect keeps what it knows."""


class NewEndpoint(_Connection):
    """A new endpoint. With `skip_fetch` the models come from `model_filter`, without asking the provider."""

    name: str
    url: str
    description: str | None = None
    model_filter: list[str] | None = None
    alias_mapping: dict[str, str] | None = None
    sync: Flag | None = None
    skip_fetch: Flag | None = None
    reasoning_translation: Translations | None = None


class EndpointChanges(_Connection):
    """Changes. With `alias_mapping` the provider is not asked. Another origin needs `api_key` or `remove_api_key`."""

    name: str | None = None
    url: str | None = None
    description: str | None = None
    model_filter: list[str] | None = None
    alias_mapping: dict[str, str] | None = None
    reasoning_translation: Translations | None = None
    remove_api_key: Flag | None = None
    """Forget the stored credential."""
    remove_model_filter: Flag | None = None
    """Let every model in that the provider lists, from the next synchronisation on."""


class EndpointToValidate(_Connection):
    """What would an endpoint list? Either one that exists (`endpoint_id`), or one that is only an idea (`url`)."""

    type: Literal["new", "existing"] | None = None
    endpoint_id: uuid.UUID | None = None
    url: str | None = None


class Endpoint(Output):
    """An endpoint. The credential is never shown."""

    id: uuid.UUID
    name: str
    description: str | None
    url: str
    model_filter: list[str] | None
    requires_api_key: bool
    auth_header_name: str
    auth_header_prefix: str
    verify_tls: bool
    ca_bundle: OmitNull[str]
    dialect: str
    options: OmitNull[dict[str, Any]]
    reasoning_translation: OmitNull[dict[str, Any]]
    created_by: uuid.UUID
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: tables.Endpoint) -> Endpoint:
        """A row as it is shown."""
        return cls(
            id=row.id,
            name=row.name,
            description=row.description,
            url=row.url,
            model_filter=row.model_filter,
            requires_api_key=row.sealed_credential is not None,
            auth_header_name=row.auth_header_name,
            auth_header_prefix=row.auth_header_prefix,
            verify_tls=row.verify_tls,
            ca_bundle=row.ca_bundle,
            dialect=row.dialect,
            options=row.options,
            reasoning_translation=row.reasoning_translation,
            created_by=row.created_by,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class DiscoveredModel(Output):
    """An entry of a provider's list."""

    id: str
    object: Literal["model"]
    created: OmitNull[int]
    owned_by: OmitNull[str]


class DiscoveredModels(Output):
    """A provider's list."""

    object: Literal["list"]
    data: list[DiscoveredModel]


class ValidationResult(Output):
    """The provider answered with models. Failures are errors."""

    status: Literal["success"]
    models: DiscoveredModels
    aliases_taken: OmitNull[list[str]]
    """Those of their names that are the aliases of other endpoints' models: they need an alias."""
    error: None


class SyncChanges(Output):
    """Models by their provider's names."""

    created: list[str]
    reactivated: list[str]
    deactivated: list[str]
    deleted: list[str]
    skipped: list[str]
    """New models whose name is the alias of another model: give them an alias with `alias_mapping`."""


class SyncResult(Output):
    """What a synchronisation has changed, or would change."""

    endpoint_id: uuid.UUID
    changes_made: int
    new_models_created: int
    models_reactivated: int
    models_deactivated: int
    models_deleted: int
    total_models_fetched: int
    filtered_models_count: int
    synced_at: datetime
    dry_run: bool
    """Nothing was changed."""
    changes: SyncChanges

    @classmethod
    def of(cls, endpoint_id: uuid.UUID, done: SyncPlan, *, dry_run: bool, at: datetime) -> SyncResult:
        """The result of what was done, or would be."""
        changes = SyncChanges(
            created=list(done.create),
            reactivated=[model.model_name for model in done.reactivate],
            deactivated=[model.model_name for model in done.deactivate],
            deleted=[model.model_name for model in done.delete],
            skipped=list(done.skip),
        )
        return cls(
            endpoint_id=endpoint_id,
            changes_made=len(done.create) + len(done.reactivate) + len(done.deactivate) + len(done.delete),
            new_models_created=len(done.create),
            models_reactivated=len(done.reactivate),
            models_deactivated=len(done.deactivate),
            models_deleted=len(done.delete),
            total_models_fetched=done.listed,
            filtered_models_count=done.wanted,
            synced_at=at,
            dry_run=dry_run,
            changes=changes,
        )
