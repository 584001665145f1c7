"""`metadata.*`, `openapi.*` and `model_sources`: what an instance says of itself and begins with."""

from __future__ import annotations

from pydantic import SecretStr

from control_layer.contract.dialects import Api, DialectName, Leniency, Quirk
from control_layer.settings.section import Section

__all__ = ["Metadata", "ModelSource", "OpenApi"]


class DialectOptions(Section):
    """What a dialect needs said beyond its name, as in the management API."""

    api_version: str | None = None
    """Azure's `api-version`."""
    deployment_paths: bool = False
    """Azure's older paths, which name the deployment."""
    quirks: tuple[Quirk, ...] = ()
    """How an OpenAI-compatible server differs from OpenAI's own."""
    native_apis: tuple[Api, ...] | None = None
    """The APIs that the provider speaks itself; by default chat completions and responses. Others are translated."""
    unsupported_parameters: Leniency = "refuse"
    """Refuse or drop parameters that the provider cannot be told."""
    project: str | None = None
    """Vertex AI's project of Google Cloud; by default the service account's own."""
    location: str | None = None
    """Vertex AI's location, where the address does not say it."""
    region: str | None = None
    """Amazon's region, where the address does not name it."""


class ModelSource(Section):
    """An endpoint that the first start connects, with the models it lists."""

    name: str
    """The endpoint's name."""
    url: str
    """Its base URL, such as `https://api.openai.com/v1`."""
    api_key: SecretStr | None = None
    """The credential at the provider."""
    grant_to_everyone: bool = True
    """Let every user call its models."""
    dialect: DialectName | None = None
    """The API that it speaks; by default what its address is known for, else `openai`."""
    options: DialectOptions | None = None
    """What the dialect needs said beyond its name."""


class Metadata(Section):
    """What the instance says about itself."""

    title: str = "Control Layer"
    """Name shown on pages."""
    region: str | None = None
    """Shown on pages."""
    organization: str | None = None
    """Shown on pages."""
    docs_url: str = "/admin/docs"
    """Where "Documentation" leads."""
    docs_jsonl_url: str | None = None
    """Where help on batch files leads."""
    ai_api_base_url: str | None = None
    """Base URL of the AI API as clients reach it, where that differs from the address of the page."""


class OpenApi(Section):
    """The references of the APIs."""

    admin_enabled: bool = True
    """Serve `/admin/openapi.json` and `/admin/docs`; else they are not found, by nobody."""
    ai_enabled: bool = True
    """Serve `/ai/openapi.json` and `/ai/docs`; else they are not found, by nobody."""
