"""The first message: what the control plane tells a gateway.

The state is eight tables: keys, users, models, endpoints, budgets, limits, guardrails, purges. An `Update` carries rows
to put and rows to remove; a whole snapshot is a sequence of updates that starts from nothing, a delta one that starts
from a version the gateway has. Rows are shared and frozen: a request in flight keeps the rows it was admitted under.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from control_layer.contract.dialects import DialectOptions
from control_layer.contract.guardrails import Guardrail
from control_layer.contract.limits import Limit
from control_layer.contract.pricing import Tariff
from control_layer.contract.reasoning import Reasoning
from control_layer.contract.routing import Balancing, Breaker, Fallback, Hedging, KeyCaching, Purposes, ResponseCaching
from control_layer.contract.windows import Period

__all__ = [
    "SYSTEM_USER",
    "Budget",
    "Deployment",
    "Endpoint",
    "Enforcement",
    "Hello",
    "Key",
    "Limit",
    "Model",
    "Purge",
    "Purpose",
    "Timeouts",
    "Update",
    "User",
]

Purpose = Literal["realtime", "batch", "playground", "platform"]
SYSTEM_USER = "00000000-0000-0000-0000-000000000000"
"""Behind the system key, with which the control plane asks its own gateways. Its requests count in no budget."""
Enforcement = Literal["hard", "spent", "alert"]
"""`hard`: a request is let in only with its worst case set aside, so that the budget is never passed. `spent`: refused
once the budget is spent; what was under way then may pass it. `alert`: nothing is refused."""


class Key(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An API key, found by the SHA-256 digest of its secret. Its access is its owner's, cut down by `models`.

    A key whose rotation leaves its old secret some time has two rows, with one `id`; so has one whose name secrets are
    lent in, with a row for each.
    """

    digest: bytes
    id: str
    user_id: str
    purpose: Purpose = "realtime"
    expires_at: float | None = None
    """Unix seconds; `None` for a key that does not expire."""
    models: tuple[str, ...] | None = None
    """Aliases the key is restricted to; `None` for no restriction."""
    previous: bool = False
    """The row of the secret before the last rotation."""
    log_bodies: bool = True
    """False for a key with zero data retention, whatever its owner's account has."""
    caching: KeyCaching | None = None
    """`None`: as its model says."""
    lent: str | None = None
    """The id of the lent secret whose row this is; `None` for the key's own."""


class User(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The principal behind keys. `groups` holds every group id the user is in, Everyone included."""

    id: str
    groups: tuple[str, ...]
    log_bodies: bool = True
    """False for an account with zero data retention: no body is kept anywhere, whatever the key."""
    credit_spent: bool = False
    """Nothing is left on the account: it may call what has no price."""
    verified: bool = False
    """A payment method was proven: which tier's defaults its keys have."""


class Timeouts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Deadlines of one attempt, in seconds; `None` takes the gateway's default."""

    connect: float | None = None
    first_byte: float | None = None
    idle: float | None = None
    total: float | None = None


class Deployment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One model at one endpoint."""

    id: str
    endpoint_id: str
    upstream_model: str
    weight: int = 1
    failing: bool = False
    """Its probe says so: it is asked only where there is no other."""
    breaker: Breaker | None = None
    """`None` takes the gateway's."""
    reasoning: Reasoning | None = None
    """`None`: it is told efforts as the client says them."""


class Abilities(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is known of a model, from a catalogue or from whoever runs it. `None`: nobody has said."""

    capabilities: tuple[str, ...] | None = None
    """Such as `vision`, `tools`, `audio`, `reasoning`."""
    context_window: int | None = None
    """Tokens."""
    description: str | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[str, ...] | None = None
    """Such as `text`, `image`, `audio`."""
    output_modalities: tuple[str, ...] | None = None
    apis: tuple[str, ...] | None = None
    """Of `model_apis`; `None`: those of its type."""


class Model(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A route: the alias callers use, who may call it, and where it goes."""

    alias: str
    id: str
    created: int
    """Unix seconds, shown in the model list."""
    groups: tuple[str, ...]
    """Ids of the groups it is granted to."""
    deployments: tuple[Deployment, ...]
    model_type: str | None = None
    display_name: str | None = None
    sanitize: bool = False
    """Replace provider error texts by a generic one; the detail goes to the request log only."""
    timeouts: Timeouts = Timeouts()
    priced: bool = False
    """Calling it takes credit."""
    tariffs: tuple[Tariff, ...] = ()
    """Those in force that are charged; one for each purpose and completion window."""
    balancing: Balancing = Balancing()
    fallback: Fallback = Fallback()
    overflow: tuple[Deployment, ...] = ()
    """Where a request goes that is too long for the model."""
    refusal: tuple[Deployment, ...] = ()
    """Where one goes that a provider's content policy refuses."""
    purposes: tuple[Purposes, ...] = ()
    """What is special for keys of a purpose."""
    caching: ResponseCaching | None = None
    """`None`: every request is sent."""
    hedging: Hedging | None = None
    """`None`: one attempt at a time."""
    abilities: Abilities | None = None
    responses_adapter: bool = True
    """Whether requests of the Responses API are translated where its provider does not speak it; else they are handed
    on as they are."""


class Endpoint(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A model source. `sealed_credential` is opened with the key derived from `secret_key` (see `sealing`)."""

    id: str
    name: str
    url: str
    auth_header_name: str = "Authorization"
    auth_header_prefix: str = "Bearer "
    sealed_credential: bytes | None = None
    verify_tls: bool = True
    ca_bundle: str | None = None
    """PEM text of extra certificate authorities."""
    dialect: str = "openai"
    """Of `contract.dialects`; a text, because a newer release on another host may know more of them."""
    options: DialectOptions = DialectOptions()


class Budget(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one key, user, group or model may cost in a period (see `contract.windows`)."""

    id: str
    name: str
    scope: Literal["key", "user", "group", "model"]
    scope_id: str
    amount: Decimal
    period: Period
    rolling: bool
    since: float
    """Unix seconds: nothing before it counts."""
    enforcement: Enforcement


class Purge(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Nothing is given again that was made for a key or a user before: with a lower generation."""

    id: str
    """The key's or the user's."""
    generation: int
    """A later purge has a higher one, whoever is purged."""


class Update(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A piece of the way from version `base` to `version`.

    `base` 0 starts from an empty state; any other value must be the version the gateway has, else the gateway
    reconnects and asks anew. Pieces of one update share `base` and `version`; nothing is in force before the piece
    with `final` has come, and then everything at once. Versions only go up.
    """

    version: int
    base: int
    final: bool
    keys: tuple[Key, ...] = ()
    users: tuple[User, ...] = ()
    models: tuple[Model, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    gone_keys: tuple[bytes, ...] = ()
    """Digests."""
    gone_users: tuple[str, ...] = ()
    gone_models: tuple[str, ...] = ()
    """Aliases."""
    gone_endpoints: tuple[str, ...] = ()
    budgets: tuple[Budget, ...] = ()
    gone_budgets: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    gone_limits: tuple[str, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    gone_guardrails: tuple[str, ...] = ()
    purges: tuple[Purge, ...] = ()
    gone_purges: tuple[str, ...] = ()


class Hello(msgspec.Struct, frozen=True, array_like=True):
    """What a gateway says on the snapshot link, first of all and whenever it has another version: who it is and the
    version it has (0 for none).
    """

    worker_id: str
    version: int
