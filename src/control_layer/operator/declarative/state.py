"""The state file: endpoints, models, groups, users and keys by name.

What stands in the file is described whole: a field that is absent has its default. A kind that is absent altogether is
left alone, and so are the fields that `resources.LEFT_ALONE` names. Field names are those of the management API.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, model_validator

from control_layer.operator.objects import EVERYONE_NAME

__all__ = [
    "ComponentSpec",
    "CredentialSpec",
    "Dialect",
    "DialectOptionsSpec",
    "EndpointSpec",
    "GroupSpec",
    "KeySpec",
    "MetadataSpec",
    "ModelSpec",
    "Role",
    "State",
    "TariffSpec",
    "UserSpec",
    "plain",
]


def _trimmed(text: str) -> str:
    if text != text.strip() or not text:
        raise ValueError("it must not be empty, nor begin or end with a space")
    return text


def _once(items: list[str]) -> list[str]:
    twice = sorted({item for item in items if items.count(item) > 1})
    if twice:
        raise ValueError(f"'{twice[0]}' is given a second time")
    return items


def plain(value: Decimal) -> str:
    """Digits only, none to spare: `0.0000025`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


Name = Annotated[str, AfterValidator(_trimmed)]
Names = Annotated[list[Name], AfterValidator(_once)]
Amount = Annotated[
    Decimal,
    Field(ge=0, lt=10**12, max_digits=24, decimal_places=12),
    PlainSerializer(plain, return_type=str, when_used="json"),
]
Cap = Annotated[
    Decimal,
    Field(gt=0, lt=10**11, max_digits=20, decimal_places=9),
    PlainSerializer(plain, return_type=str, when_used="json"),
]
Role = Literal[
    "PlatformManager",
    "RequestViewer",
    "StandardUser",
    "BillingManager",
    "BatchAPIUser",
    "BackgroundInferenceUser",
    "ConnectionsUser",
]
Purpose = Literal["realtime", "batch", "playground"]
Dialect = Literal["openai", "anthropic", "gemini", "azure", "bedrock", "vertex", "ollama", "cohere"]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
_AtLeastOne = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Spec(BaseModel):
    """A mapping of the file. Unknown keys are errors; values never show up in messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, protected_namespaces=())


class CredentialSpec(Spec):
    """Where `apply` finds a provider's credential. The credential itself never stands in the file."""

    env: Name | None = None
    """The name of an environment variable."""
    file: Name | None = None
    """The path of a file."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("give one place: 'env: NAME' or 'file: PATH'")
        return self


class DialectOptionsSpec(Spec):
    """What a dialect needs said beyond its name."""

    api_version: Name | None = None
    deployment_paths: bool = False
    anthropic_version: Name | None = None
    unsupported_parameters: Literal["refuse", "drop"] = "refuse"
    quirks: Annotated[
        list[Literal["no_stream_options", "max_tokens_only", "no_developer_role", "no_parallel_tool_calls"]],
        AfterValidator(_once),
    ] = []


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


class ComponentSpec(Spec):
    """A model's place in a composite one; the order of the list is the order of a `priority` composite."""

    model: Name
    weight: int = Field(1, ge=1, le=100)
    enabled: bool = True


class TariffSpec(Spec):
    """A price list in force. A kind of tokens without a price of its own costs what the whole costs it is a part of."""

    name: Name
    input_price_per_token: Amount
    output_price_per_token: Amount
    cached_input_price_per_token: Amount | None = None
    cache_write_price_per_token: Amount | None = None
    cache_write_1h_price_per_token: Amount | None = None
    audio_input_price_per_token: Amount | None = None
    image_input_price_per_token: Amount | None = None
    reasoning_price_per_token: Amount | None = None
    audio_output_price_per_token: Amount | None = None
    image_output_price_per_token: Amount | None = None
    price_per_request: Amount | None = None
    api_key_purpose: Purpose | None = None
    completion_window: str | None = None


class PricingSpec(Spec):
    """What the provider takes: for a token, or for an hour."""

    mode: Literal["per_token", "hourly"]
    input_price_per_token: Amount | None = None
    output_price_per_token: Amount | None = None
    rate: Amount | None = None
    input_token_cost_ratio: Amount | None = None

    @model_validator(mode="after")
    def _of_its_mode(self) -> Self:
        hourly = (self.rate, self.input_token_cost_ratio)
        if self.mode == "hourly" and None in hourly:
            raise ValueError("mode 'hourly' needs rate and input_token_cost_ratio")
        foreign = hourly if self.mode == "per_token" else (self.input_price_per_token, self.output_price_per_token)
        if foreign != (None, None):
            raise ValueError(f"a price is given that does not belong to mode '{self.mode}'")
        return self


class ActionSpec(Spec):
    """Refuse a request, or send it to another model."""

    type: Literal["deny", "redirect"]
    target: Name | None = None

    @model_validator(mode="after")
    def _target_of_redirect(self) -> Self:
        if (self.type == "redirect") != (self.target is not None):
            raise ValueError("a redirect needs a target, a denial has none")
        return self


class RuleSpec(Spec):
    """What happens to requests of keys of one purpose."""

    api_key_purpose: Purpose
    action: ActionSpec


class MetadataSpec(Spec):
    """What people are told about a model."""

    provider: str | None = None
    display_category: Literal["generation", "embedding", "ocr"] | None = None
    intelligence_index: float | None = Field(None, allow_inf_nan=False)
    context_window: int | None = Field(None, ge=0, le=2**53)
    released_at: date | None = None
    quantization: str | None = None
    attribution: str | None = None
    extra: dict[str, Any] | None = None


class ModelSpec(Spec):
    """What an alias stands for: a provider's model (`endpoint`), or several of our models (`components`)."""

    endpoint: Name | None = None
    model_name: Name | None = None
    """What the provider calls it; by default the alias."""
    components: list[ComponentSpec] | None = None
    display_name: str | None = None
    description: str | None = None
    model_type: Literal["CHAT", "EMBEDDINGS", "RERANKER"] | None = None
    capabilities: list[str] | None = None
    requests_per_second: _Positive | None = None
    burst_size: _Count | None = None
    capacity: _Count | None = None
    batch_capacity: _Count | None = None
    throughput: _Positive | None = None
    provider_pricing: PricingSpec | None = None
    tariffs: list[TariffSpec] | None = None
    sanitize_responses: bool = False
    trusted: bool = False
    open_responses_adapter: bool = True
    backoff_enabled: bool = False
    backoff_initial_ms: _AtLeastOne = 100
    backoff_max_ms: _AtLeastOne = 5000
    backoff_factor: float = Field(2.0, ge=1, allow_inf_nan=False)
    backoff_jitter: Literal["full", "none"] = "full"
    backoff_max_total_ms: _AtLeastOne | None = None
    lb_strategy: Literal["weighted_random", "priority"] = "weighted_random"
    fallback_enabled: bool = True
    fallback_on_rate_limit: bool = True
    fallback_on_status: list[Annotated[int, Field(ge=100, le=599)]] = [499, 500, 502, 503, 504]
    fallback_with_replacement: bool = False
    fallback_max_attempts: _AtLeastOne | None = None
    traffic_routing_rules: list[RuleSpec] | None = None
    allowed_batch_completion_windows: Names | None = None
    metadata: MetadataSpec | None = None
    reasoning_translation_overrides: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if (self.endpoint is None) == (self.components is None):
            raise ValueError("give either 'endpoint' (a provider's model) or 'components' (a composite model)")
        foreign = _STANDARD_ONLY if self.components is not None else _COMPOSITE_ONLY
        wrong = sorted(foreign & self.model_fields_set)
        if wrong:
            kind = "standard" if self.components is not None else "composite"
            raise ValueError(f"'{wrong[0]}' is for {kind} models only")
        _once([component.model for component in self.components or ()])
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        pauses = sorted(_BACKOFF & self.model_fields_set)
        if pauses and not self.backoff_enabled:
            raise ValueError(f"'{pauses[0]}' needs 'backoff_enabled: true'")
        if self.backoff_max_ms < self.backoff_initial_ms:
            raise ValueError("backoff_max_ms must be at least backoff_initial_ms")
        if self.backoff_max_total_ms is not None and self.backoff_max_total_ms < self.backoff_max_ms:
            raise ValueError("backoff_max_total_ms must be at least backoff_max_ms")
        rules = self.traffic_routing_rules or ()
        _once([rule.api_key_purpose for rule in rules])
        denied = {rule.api_key_purpose for rule in rules if rule.action.type == "deny"}
        charged = [tariff.api_key_purpose for tariff in self.tariffs or () if tariff.api_key_purpose in denied]
        if charged:
            raise ValueError(f"a tariff is for purpose '{charged[0]}', which a routing rule denies; remove one of them")
        windows = [(tariff.api_key_purpose, tariff.completion_window) for tariff in self.tariffs or ()]
        if any(purpose is not None and windows.count((purpose, window)) > 1 for purpose, window in windows):
            raise ValueError("two tariffs are for one purpose and completion window")
        return self


_COMPOSITE_ONLY = frozenset(
    (
        "lb_strategy",
        "fallback_enabled",
        "fallback_on_rate_limit",
        "fallback_on_status",
        "fallback_with_replacement",
        "fallback_max_attempts",
    )
)
_STANDARD_ONLY = frozenset(("provider_pricing", "reasoning_translation_overrides"))
_BACKOFF = frozenset(
    ("backoff_initial_ms", "backoff_max_ms", "backoff_factor", "backoff_jitter", "backoff_max_total_ms")
)


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
    roles: Annotated[list[Role], AfterValidator(_once)] = []
    """Beside StandardUser, which everybody has."""
    zero_data_retention: bool = False


class KeySpec(Spec):
    """A key's rules. Its secret never stands in the file: a new key's is shown once."""

    description: str | None = None
    purpose: Literal["realtime", "platform"] = "realtime"
    requests_per_second: _Positive | None = None
    burst_size: _AtLeastOne | None = None
    spend_limit: Cap | None = None
    spend_limit_interval: Literal["daily", "weekly", "monthly"] | None = None
    expires_at: AwareDatetime | None = None
    models: list[str] | None = None
    """Aliases that the key is restricted to."""
    zero_data_retention: bool = False

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
    keys: dict[Name, dict[Annotated[str, Field(min_length=1)], KeySpec]] | None = None
    """By owner, then by name."""

    @model_validator(mode="after")
    def _everyone(self) -> Self:
        everyone = (self.groups or {}).get(EVERYONE_NAME)
        if everyone is not None and everyone.model_fields_set - {"models"}:
            raise ValueError(
                f"groups.{EVERYONE_NAME}: everybody is in it and nobody can change that; only give 'models'"
            )
        return self
