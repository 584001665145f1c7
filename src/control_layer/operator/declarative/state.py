"""The state file: everything by name.

What stands in the file is described whole: a field that is absent has its default. A kind that is absent altogether is
left alone, and so are the fields that `resources.LEFT_ALONE` names. Field names are those of the management API.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from control_layer.operator.declarative.guardrail_spec import GuardrailSpec
from control_layer.operator.declarative.limit_specs import Budgets, RateLimits
from control_layer.operator.declarative.model_spec import ModelSpec
from control_layer.operator.declarative.probe_spec import ProbeSpec
from control_layer.operator.declarative.spec import (
    AtLeastOne,
    Cap,
    CredentialSpec,
    KeyName,
    Name,
    Names,
    Positive,
    Spec,
    once,
)
from control_layer.operator.objects import EVERYONE_NAME

__all__ = ["Dialect", "DialectOptionsSpec", "EndpointSpec", "GroupSpec", "KeySpec", "Role", "State", "UserSpec"]

Role = Literal[
    "PlatformManager",
    "RequestViewer",
    "StandardUser",
    "BillingManager",
    "BatchAPIUser",
    "BackgroundInferenceUser",
    "ConnectionsUser",
]
Dialect = Literal["openai", "anthropic", "gemini", "azure", "bedrock", "vertex", "ollama", "cohere"]
Api = Literal["chat_completions", "responses", "messages"]
Quirk = Literal[
    "no_stream_options",
    "max_tokens_only",
    "no_developer_role",
    "no_parallel_tool_calls",
    "text_as_string",
    "known_fields_only",
    "takes_top_k",
    "takes_thoughts",
]


class DialectOptionsSpec(Spec):
    """What a dialect needs said beyond its name."""

    api_version: Name | None = None
    deployment_paths: bool = False
    quirks: Annotated[
        list[Quirk],
        AfterValidator(once),
    ] = Field(default_factory=list)
    native_apis: Annotated[list[Api], AfterValidator(once)] | None = None
    unsupported_parameters: Literal["refuse", "drop"] = "refuse"
    project: Name | None = None
    location: Name | None = None
    region: Name | None = None


class EndpointSpec(Spec):
    """A provider. `credential` is sent when the endpoint has none, when it moves, and with `--renew-credentials`."""

    url: Name
    description: str | None = None
    credential: CredentialSpec | None = None
    dialect: Dialect | None = None
    """The API that the provider speaks; absent: as it is, and of a new endpoint what its address is known for."""
    options: DialectOptionsSpec | None = None
    auth_header_name: Name | None = None
    """By default the dialect's, like the prefix."""
    auth_header_prefix: str | None = None
    verify_tls: bool = True
    ca_bundle: str | None = None
    model_filter: Names | None = None
    """The only models that synchronising with the provider imports; absent: as it is."""
    reasoning_translation: dict[str, Any] | None = None


class GroupSpec(Spec):
    """A group. `members` and `models` are everybody and everything in it; absent, they are left alone."""

    description: str | None = None
    members: Names | None = None
    """People by e-mail address, username or their key under `users`."""
    models: Names | None = None
    """Aliases of the models that its members may use."""


class UserSpec(Spec):
    """A person, under their e-mail address; under their username where several accounts share the address."""

    email: Name | None = None
    """By default the key."""
    username: Name | None = None
    """By default the key, for a new account."""
    display_name: str | None = None
    roles: Annotated[list[Role], AfterValidator(once)] = Field([])
    """Beside StandardUser, which everybody has."""
    zero_data_retention: bool = False


class KeySpec(Spec):
    """A key's rules. Its secret never stands in the file: a new key's is shown once."""

    description: str | None = None
    purpose: Literal["realtime", "platform"] = "realtime"
    requests_per_second: Positive | None = None
    burst_size: AtLeastOne | None = None
    spend_limit: Cap | None = None
    spend_limit_interval: Literal["daily", "weekly", "monthly"] | None = None
    expires_at: AwareDatetime | None = None
    models: list[str] | None = None
    """Aliases that the key is restricted to."""
    zero_data_retention: bool = False
    caching: Literal["off", "key", "user", "group"] | None = None
    """Fewer kept answers than its models give; absent: as they say."""

    @model_validator(mode="after")
    def _cap(self) -> Self:
        if self.spend_limit_interval is not None and self.spend_limit is None:
            raise ValueError("spend_limit_interval needs a spend_limit")
        return self


class State(Spec):
    """A whole file."""

    endpoints: dict[Name, EndpointSpec] | None = None
    models: dict[Name, ModelSpec] | None = None
    groups: dict[Name, GroupSpec] | None = None
    users: dict[Name, UserSpec] | None = None
    keys: dict[Name, dict[KeyName, KeySpec]] | None = None
    """By owner, then by name."""
    rate_limits: RateLimits | None = None
    budgets: Budgets | None = None
    guardrails: dict[Name, GuardrailSpec] | None = None
    probes: dict[Name, ProbeSpec] | None = None

    @model_validator(mode="after")
    def _everyone(self) -> Self:
        everyone = (self.groups or {}).get(EVERYONE_NAME)
        if everyone is not None and everyone.model_fields_set - {"models"}:
            raise ValueError(
                f"groups.{EVERYONE_NAME}: everybody is in it and nobody can change that; only give 'models'"
            )
        return self
