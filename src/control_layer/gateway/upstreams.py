"""The providers as this worker reaches them: one connection pool and one rendered credential per endpoint row."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Container
from urllib.parse import quote, urlsplit

import structlog

from control_layer.contract.aws import BadAccessKeys, Signer, access_keys, region_of
from control_layer.contract.dialects import is_served
from control_layer.contract.endpoint_url import azure_path, cohere_path, ollama_path, upstream_path
from control_layer.contract.sealing import CannotOpen, Seal
from control_layer.contract.snapshot import Endpoint
from control_layer.gateway.config import GatewayConfig
from control_layer.gateway.errors import model_unavailable
from control_layer.gateway.translation_table import translators_of
from control_layer.wire import Origin, Pool, PoolOptions, client_context, proxy_for

__all__ = ["AzureUpstream", "BedrockUpstream", "Upstream", "Upstreams"]

_log = structlog.get_logger(__name__)
_MAX_TARGETS = 512
_MAX_CONTEXTS = 64
_TELL_SECONDS = 60.0
"""A provider that is down fails every request: once a minute is enough to say why."""
_PORTS = {"http": 80, "https": 443}
_PATH_SAFE = "/%:@!$&'()*+,;=-._~"


class Upstream:
    """One endpoint: where requests go and what identifies us there."""

    __slots__ = (
        "_failures", "_targets", "_tell_at", "base_path", "credential", "credential_name", "endpoint", "pool",
        "takes_stream_options", "translators",
    )  # fmt: skip

    def __init__(self, endpoint: Endpoint, pool: Pool, credential: bytes, base_path: str) -> None:
        self.endpoint = endpoint
        self.pool = pool
        self.credential = credential
        """The rendered header line, `b""` for an endpoint without one. Never logged."""
        self.credential_name = endpoint.auth_header_name.lower().encode()
        self.base_path = quote(base_path, safe=_PATH_SAFE)
        self.takes_stream_options = "no_stream_options" not in endpoint.options.quirks
        """Its streams can be asked for usage."""
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
        return self.credential

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


class BedrockUpstream(Upstream):
    """Amazon Bedrock, for a caller with access keys: every request is signed."""

    __slots__ = ("_origin", "_signer", "_wall")

    def __init__(
        self, endpoint: Endpoint, pool: Pool, signer: Signer, origin: Origin, base_path: str, wall: Callable[[], float]
    ) -> None:
        super().__init__(endpoint, pool, b"", base_path)
        self.credential_name = b"authorization"
        self._signer = signer
        self._origin = f"{origin.scheme}://{origin.authority.decode()}"
        self._wall = wall

    def authorization(self, method: bytes, target: bytes, body: bytes | bytearray | None) -> bytes:
        if body is None:
            return b""  # a hash of what is still to come cannot be signed: Amazon refuses it, and says so
        url = self._origin + target.decode("latin-1")
        fields = self._signer.headers(method.decode("ascii"), url, bytes(body), self._wall())
        return b"".join(b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in fields)


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


_KINDS = {"azure": AzureUpstream, "cohere": CohereUpstream, "ollama": OllamaUpstream}


class Upstreams:
    """Makes upstreams as they are needed and lets them go with their rows.

    `sealed_for` is the purpose that their credentials are sealed for.
    """

    def __init__(
        self,
        config: GatewayConfig,
        loop: asyncio.AbstractEventLoop,
        *,
        sealed_for: str = "provider-credential",
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._wall = wall
        self._loop = loop
        self._seal = Seal(config.secret_key, sealed_for, config.previous_secret_keys)
        self._by_id: dict[str, Upstream] = {}
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
            upstream.pool.retire()
        upstream = self._by_id[endpoint.id] = self._make(endpoint)
        return upstream

    def retain(self, endpoints: Container[str]) -> None:
        """Lets go of whose id is not in `endpoints` any more."""
        for endpoint_id in [known for known in self._by_id if known not in endpoints]:
            self._by_id.pop(endpoint_id).pool.retire()

    def retire(self) -> None:
        """Lets go of everything."""
        self.retain(())

    def _make(self, endpoint: Endpoint) -> Upstream:
        if not is_served(endpoint.dialect):  # a newer release on another host has connected it
            _log.error("endpoint_unusable", endpoint=endpoint.name, error=f"dialect {endpoint.dialect} is not served")
            raise model_unavailable("its provider's dialect is not one that this release knows")
        settings = self._config.pool
        options = PoolOptions(
            max_connections=settings.max_connections,
            max_idle=settings.max_idle,
            idle_seconds=settings.idle_seconds,
            connect_timeout=self._config.timeouts.connect,
        )
        try:
            url = urlsplit(endpoint.url)
            origin = Origin(scheme=url.scheme, host=url.hostname or "", port=url.port or _PORTS[url.scheme])
            tls = self._tls(endpoint) if url.scheme == "https" else None
            proxy = proxy_for(origin, self._config.proxy_environment)
            pool = Pool(origin, options, loop=self._loop, tls=tls, proxy=proxy)
        except (KeyError, ValueError, OSError) as error:
            _log.error("endpoint_unusable", endpoint=endpoint.name, error=str(error))
            raise model_unavailable("its endpoint's address or certificates cannot be used") from error
        secret = self._secret(endpoint)
        if endpoint.dialect == "bedrock" and (signer := _signer(endpoint, secret)) is not None:
            return BedrockUpstream(endpoint, pool, signer, origin, url.path, self._wall)
        make = _KINDS.get(endpoint.dialect, Upstream)
        return make(endpoint, pool, _rendered(endpoint, secret), url.path)

    def _tls(self, endpoint: Endpoint) -> ssl.SSLContext:
        # Reading the system's certificates takes tens of milliseconds, so endpoints share what is the same.
        wanted = (endpoint.ca_bundle, endpoint.verify_tls)
        context = self._contexts.get(wanted)
        if context is None:
            if len(self._contexts) >= _MAX_CONTEXTS:
                self._contexts.clear()
            context = self._contexts[wanted] = client_context(
                ca_file=self._config.ca_bundle, ca_text=endpoint.ca_bundle, verify=endpoint.verify_tls
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


def _rendered(endpoint: Endpoint, secret: str | None) -> bytes:
    if secret is None:
        return b""
    line = f"{endpoint.auth_header_name}: {endpoint.auth_header_prefix}{secret}"
    return line.translate(_NO_LINE_BREAKS).encode() + b"\r\n"


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
