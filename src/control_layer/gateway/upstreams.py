"""The providers as this worker reaches them: one connection pool and one rendered credential per endpoint row."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Container, Mapping
from urllib.parse import urlsplit

import structlog

from control_layer.contract.aws import BadAccessKeys, Signer, access_keys, region_of
from control_layer.contract.cloud_credentials import (
    BadCredential,
    CloudCredential,
    cloud_credential,
    header_for,
)
from control_layer.contract.dialects import is_served
from control_layer.contract.sealing import CannotOpen, Seal
from control_layer.contract.snapshot import Endpoint
from control_layer.contract.token_grants import grant_for
from control_layer.gateway.config import GatewayConfig
from control_layer.gateway.errors import GatewayError, model_unavailable
from control_layer.gateway.tokens import TokenSource
from control_layer.gateway.upstream import (
    AzureUpstream,
    BedrockUpstream,
    CohereUpstream,
    OllamaUpstream,
    Upstream,
    VertexUpstream,
)
from control_layer.wire import Origin, Pool, PoolOptions, client_context, proxy_for

__all__ = ["Upstreams"]

_log = structlog.get_logger(__name__)
_PROVIDERS = "provider-credential"
_MAX_CONTEXTS = 64
_PORTS = {"http": 80, "https": 443}
_KINDS = {"azure": AzureUpstream, "cohere": CohereUpstream, "ollama": OllamaUpstream, "vertex": VertexUpstream}


class Upstreams:
    """Makes upstreams as they are needed, or before where they need access tokens, and lets them go with their rows.

    `sealed_for` is the purpose that their credentials are sealed for.
    """

    def __init__(
        self,
        config: GatewayConfig,
        loop: asyncio.AbstractEventLoop,
        *,
        sealed_for: str = _PROVIDERS,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._wall = wall
        self._loop = loop
        self._seal = Seal(config.secret_key, sealed_for, config.previous_secret_keys)
        self._buys_tokens = sealed_for == _PROVIDERS
        self._by_id: dict[str, Upstream] = {}
        self._looked_at: dict[str, Endpoint] = {}
        """Rows of which it is known whether they need tokens."""
        self._contexts: dict[tuple[str | None, bool], ssl.SSLContext] = {}

    def get(self, endpoint: Endpoint) -> Upstream:
        """The upstream of a row. Raises GatewayError where its settings or its credential are of no use."""
        upstream = self._by_id.get(endpoint.id)
        if upstream is not None:
            if upstream.endpoint is endpoint:
                return upstream
            if upstream.endpoint == endpoint:
                upstream.endpoint = endpoint
                return upstream
        # Calls in flight end on the old pool; a rotated credential costs no request.
        made = self._make(endpoint, upstream)
        if upstream is not None:
            upstream.pool.retire()
            if upstream.tokens is not None and upstream.tokens is not made.tokens:
                upstream.tokens.retire()
        self._by_id[endpoint.id] = made
        return made

    def retain(self, endpoints: Container[str]) -> None:
        """Lets go of whose id is not in `endpoints` any more."""
        for endpoint_id in [known for known in self._by_id if known not in endpoints]:
            upstream = self._by_id.pop(endpoint_id)
            upstream.pool.retire()
            if upstream.tokens is not None:
                upstream.tokens.retire()

    def prepare(self, endpoints: Mapping[str, Endpoint]) -> None:
        """Has access tokens asked for where they will be needed. `endpoints` are all that there are."""
        before, self._looked_at = self._looked_at, dict(endpoints)
        for endpoint_id, endpoint in endpoints.items():
            if before.get(endpoint_id) is not endpoint and self._needs_tokens(endpoint):
                try:
                    self.get(endpoint)
                except GatewayError:
                    continue  # it was logged, and whoever asks for it is told

    def retire(self) -> None:
        """Lets go of everything."""
        self.retain(())

    def _needs_tokens(self, endpoint: Endpoint) -> bool:
        try:
            return self._account(self._secret(endpoint)) is not None
        except (BadCredential, GatewayError):
            return False

    def _make(self, endpoint: Endpoint, before: Upstream | None) -> Upstream:
        if not is_served(endpoint.dialect):  # a newer release on another host has connected it
            _log.error("endpoint_unusable", endpoint=endpoint.name, error=f"dialect {endpoint.dialect} is not served")
            raise model_unavailable("its provider's dialect is not one that this release knows")
        secret = self._secret(endpoint)
        try:
            account = self._account(secret)
            pool, path = self._pool(endpoint.url, endpoint), urlsplit(endpoint.url).path
            if endpoint.dialect == "bedrock" and (signer := _signer(endpoint, secret)) is not None:
                return BedrockUpstream(endpoint, pool, signer, path, self._wall)
            make = _KINDS.get(endpoint.dialect, Upstream)
            line = b"" if account is not None else _line(endpoint, secret)
            upstream = make(endpoint, pool, line, path)
            if account is not None:
                upstream.use_tokens(self._tokens(endpoint, account, before), account)
        except BadCredential as error:
            _log.error("endpoint_unusable", endpoint=endpoint.name, error=f"credential: {error}")
            raise model_unavailable("its credential cannot be used") from None
        except (KeyError, ValueError, OSError) as error:
            _log.error("endpoint_unusable", endpoint=endpoint.name, error=str(error))
            raise model_unavailable("its endpoint's address or certificates cannot be used") from error
        return upstream

    def _pool(self, address: str, endpoint: Endpoint, *, verified: bool = False) -> Pool:
        """Raises KeyError, ValueError and OSError. `verified`: whoever answers there must prove who it is."""
        settings = self._config.pool
        options = PoolOptions(
            max_connections=settings.max_connections,
            max_idle=settings.max_idle,
            idle_seconds=settings.idle_seconds,
            connect_timeout=self._config.timeouts.connect,
        )
        url = urlsplit(address)
        origin = Origin(scheme=url.scheme, host=url.hostname or "", port=url.port or _PORTS[url.scheme])
        tls = self._tls(endpoint.ca_bundle, verify=verified or endpoint.verify_tls) if url.scheme == "https" else None
        proxy = proxy_for(origin, self._config.proxy_environment)
        return Pool(origin, options, loop=self._loop, tls=tls, proxy=proxy)

    def _account(self, secret: str | None) -> CloudCredential | None:
        """What tokens are bought with. Raises `BadCredential`."""
        return cloud_credential(secret) if secret is not None and self._buys_tokens else None

    def _tokens(self, endpoint: Endpoint, account: CloudCredential, before: Upstream | None) -> TokenSource:
        """Those that the row had before where they are bought with the same, else new ones. Raises `BadCredential`."""
        if before is not None and before.tokens is not None:
            old = before.endpoint
            if (old.sealed_credential, old.ca_bundle) == (endpoint.sealed_credential, endpoint.ca_bundle):
                return before.tokens
        grant = grant_for(account)
        tokens = TokenSource(
            grant,
            self._pool(grant.url, endpoint, verified=True),
            name=endpoint.name,
            loop=self._loop,
            wall=self._wall,
            random=random.random,
        )
        tokens.begin()
        return tokens

    def _tls(self, ca_bundle: str | None, *, verify: bool) -> ssl.SSLContext:
        # Reading the system's certificates takes tens of milliseconds, so endpoints share what is the same.
        wanted = (ca_bundle, verify)
        context = self._contexts.get(wanted)
        if context is None:
            if len(self._contexts) >= _MAX_CONTEXTS:
                self._contexts.clear()
            context = self._contexts[wanted] = client_context(
                ca_file=self._config.ca_bundle, ca_text=ca_bundle, verify=verify
            )
        return context

    def _secret(self, endpoint: Endpoint) -> str | None:
        if endpoint.sealed_credential is None:
            return None
        try:
            return self._seal.open(endpoint.sealed_credential, endpoint.id)
        except CannotOpen as error:
            _log.error("credential_unreadable", endpoint=endpoint.name, error=str(error))
            raise model_unavailable("its credential cannot be read") from error


def _line(endpoint: Endpoint, secret: str | None) -> bytes:
    """The field line of a credential that is sent as it is."""
    if secret is None:
        return b""
    name, prefix = header_for(endpoint.dialect, (endpoint.auth_header_name, endpoint.auth_header_prefix), secret)
    return f"{name}: {prefix}{secret}".translate(_NO_LINE_BREAKS).encode() + b"\r\n"


def _signer(endpoint: Endpoint, secret: str | None) -> Signer | None:
    """For access keys of Amazon's; an API key is sent as it is."""
    try:
        keys = None if secret is None else access_keys(secret)
    except BadAccessKeys as error:
        _log.error("endpoint_unusable", endpoint=endpoint.name, error=str(error))
        raise model_unavailable("its access keys cannot be used") from error
    if keys is None:
        return None
    region = endpoint.options.region or region_of(endpoint.url)
    if region is None:
        _log.error("endpoint_unusable", endpoint=endpoint.name, error="no region")
        raise model_unavailable("nobody says in which region its access keys are used")
    return Signer(keys, region)


_NO_LINE_BREAKS = {ord("\r"): None, ord("\n"): None, 0: None}
