"""The providers as this worker reaches them: one connection pool and one rendered credential per endpoint row."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Container, Mapping
from urllib.parse import quote, urlsplit

import structlog

from control_layer.contract.cloud_credentials import (
    BadCredential,
    CloudCredential,
    ServiceAccount,
    cloud_credential,
    header_for,
)
from control_layer.contract.dialects import is_served, native_apis
from control_layer.contract.endpoint_url import (
    azure_path,
    cohere_path,
    ollama_path,
    upstream_path,
    vertex_location,
    vertex_path,
)
from control_layer.contract.sealing import CannotOpen, Seal
from control_layer.contract.snapshot import Endpoint
from control_layer.contract.token_grants import grant_for
from control_layer.gateway.config import GatewayConfig
from control_layer.gateway.errors import GatewayError, model_unavailable
from control_layer.gateway.tokens import TokenSource
from control_layer.gateway.translation_table import translators_of
from control_layer.wire import Origin, Pool, PoolOptions, client_context, proxy_for

__all__ = ["AzureUpstream", "Upstream", "Upstreams"]

_log = structlog.get_logger(__name__)
_PROVIDERS = "provider-credential"
_MAX_TARGETS = 512
_MAX_CONTEXTS = 64
_TELL_SECONDS = 60.0
"""A provider that is down fails every request: once a minute is enough to say why."""
_PORTS = {"http": 80, "https": 443}
_PATH_SAFE = "/%:@!$&'()*+,;=-._~"


class Upstream:
    """One endpoint: where requests go and what identifies us there."""

    __slots__ = (
        "_failures", "_targets", "_tell_at", "base_path", "credential", "credential_name", "endpoint", "hands_on",
        "pool", "takes_stream_options", "tokens", "translators",
    )  # fmt: skip

    def __init__(self, endpoint: Endpoint, pool: Pool, credential: bytes, base_path: str) -> None:
        self.endpoint = endpoint
        self.pool = pool
        self.credential = credential
        """The rendered header line, `b""` for an endpoint without one. Never logged."""
        self.tokens: TokenSource | None = None
        """Set where access tokens stand in its place."""
        self.credential_name = endpoint.auth_header_name.lower().encode()
        self.base_path = quote(base_path, safe=_PATH_SAFE)
        self.takes_stream_options = "no_stream_options" not in endpoint.options.quirks
        """Its streams can be asked for usage."""
        self.hands_on = bool(native_apis(endpoint.dialect, endpoint.options))
        """It speaks something that clients do, and is sent what needs no translation. Anybody else it would reach in a
        language in which it names models that nobody has authorised."""
        self.translators = translators_of(endpoint)
        """What is translated for it, by API path."""
        self._targets: dict[str, bytes] = {}
        self._failures = 0
        self._tell_at = 0.0

    def failed(self, code: str, reason: str, now: float) -> None:
        """Tells operators why requests fail here, now and then; clients are not told. `now` is monotonic."""
        self._failures += 1
        if now >= self._tell_at:
            _log.warning(
                "provider_failed", endpoint=self.endpoint.name, error=code, reason=reason, failures=self._failures
            )
            self._failures, self._tell_at = 0, now + _TELL_SECONDS

    def authorization(self, method: bytes, target: bytes, body: bytes | bytearray | None) -> bytes:
        """The field lines that identify us in one request, for providers that want it signed. `body`: `None` where it
        is streamed.
        """
        del method, target, body
        return self.credential if self.tokens is None else self.tokens.line

    @property
    def lacks_token(self) -> bool:
        """Nothing can be sent before there is a token."""
        return self.tokens is not None and not self.tokens.line

    def use_tokens(self, tokens: TokenSource, account: CloudCredential) -> None:
        """They identify us from now on. `account` is what they are bought with."""
        del account
        self.tokens = tokens

    def target(self, api_path: str, query: bytes, model: str) -> bytes:
        """The request target for a provider path such as `/v1/chat/completions`. `model` is the provider's name."""
        del model
        target = self._targets.get(api_path) or self.keep_target(api_path, self.path(api_path))
        return target + b"?" + query if query else target

    def path(self, api_path: str) -> str:
        """Where it lies at the provider."""
        return upstream_path(self.base_path, api_path)

    def keep_target(self, key: str, path: str) -> bytes:
        """Keeps a path for the next request that needs it."""
        if len(self._targets) >= _MAX_TARGETS:
            self._targets.clear()  # only unknown paths can fill it
        target = self._targets[key] = path.encode("latin-1")
        return target


class AzureUpstream(Upstream):
    """An Azure OpenAI resource. The endpoint says which of its two APIs, and its version; a client's version is not
    for it.
    """

    __slots__ = ("_by_deployment", "_version")

    def __init__(self, endpoint: Endpoint, pool: Pool, credential: bytes, base_path: str) -> None:
        super().__init__(endpoint, pool, credential, base_path)
        self._by_deployment = endpoint.options.deployment_paths
        version = endpoint.options.api_version
        self._version = None if version is None else b"api-version=" + quote(version, safe="").encode()

    def target(self, api_path: str, query: bytes, model: str) -> bytes:
        deployment = model if self._by_deployment else None
        key = api_path if deployment is None else f"{api_path} {deployment}"
        target = self._targets.get(key) or self.keep_target(key, azure_path(self.base_path, api_path, deployment))
        parameters = [part for part in query.split(b"&") if part and part.partition(b"=")[0] != b"api-version"]
        if deployment is not None:  # there, a realtime session's model is a deployment
            parameters = [b"deployment=" + part[6:] if part.startswith(b"model=") else part for part in parameters]
        if self._version is not None:
            parameters.append(self._version)
        return target + b"?" + b"&".join(parameters) if parameters else target


class CohereUpstream(Upstream):
    """Cohere's two APIs."""

    __slots__ = ()

    def path(self, api_path: str) -> str:
        return cohere_path(self.base_path, api_path)


class OllamaUpstream(Upstream):
    """Ollama's own API."""

    __slots__ = ()

    def path(self, api_path: str) -> str:
        return ollama_path(self.base_path, api_path)


class VertexUpstream(Upstream):
    """Vertex AI, in a project of Google Cloud: the one that is said, else the service account's own."""

    __slots__ = ("_location", "_project")

    def __init__(self, endpoint: Endpoint, pool: Pool, credential: bytes, base_path: str) -> None:
        super().__init__(endpoint, pool, credential, base_path)
        self._project = endpoint.options.project
        self._location = endpoint.options.location or vertex_location(pool.origin.host)

    def use_tokens(self, tokens: TokenSource, account: CloudCredential) -> None:
        super().use_tokens(tokens, account)
        if self._project is None and isinstance(account, ServiceAccount):
            self._project = account.project_id

    def path(self, api_path: str) -> str:
        return vertex_path(self.base_path, api_path, self._project, self._location)


_KINDS = {"azure": AzureUpstream, "cohere": CohereUpstream, "ollama": OllamaUpstream, "vertex": VertexUpstream}


class Upstreams:
    """Makes upstreams as they are needed, or before where they need access tokens, and lets them go with their rows.

    `sealed_for` is the purpose that their credentials are sealed for.
    """

    def __init__(self, config: GatewayConfig, loop: asyncio.AbstractEventLoop, *, sealed_for: str = _PROVIDERS) -> None:
        self._config = config
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
            pool = self._pool(endpoint.url, endpoint)
            make = _KINDS.get(endpoint.dialect, Upstream)
            line = b"" if account is not None else _line(endpoint, secret)
            upstream = make(endpoint, pool, line, urlsplit(endpoint.url).path)
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

    def _account(self, secret: str) -> CloudCredential | None:
        """What tokens are bought with. Raises `BadCredential`."""
        return cloud_credential(secret) if self._buys_tokens else None

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
            wall=time.time,
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

    def _secret(self, endpoint: Endpoint) -> str:
        if endpoint.sealed_credential is None:
            return ""
        try:
            return self._seal.open(endpoint.sealed_credential, endpoint.id)
        except CannotOpen as error:
            _log.error("credential_unreadable", endpoint=endpoint.name, error=str(error))
            raise model_unavailable("its credential cannot be read") from error


def _line(endpoint: Endpoint, secret: str) -> bytes:
    """The field line of a credential that is sent as it is."""
    if endpoint.sealed_credential is None:
        return b""
    name, prefix = header_for(endpoint.dialect, (endpoint.auth_header_name, endpoint.auth_header_prefix), secret)
    return f"{name}: {prefix}{secret}".translate(_NO_LINE_BREAKS).encode() + b"\r\n"


_NO_LINE_BREAKS = {ord("\r"): None, ord("\n"): None, 0: None}
