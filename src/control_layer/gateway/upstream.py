"""One provider as this worker reaches it: where requests go, and what identifies us there."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import structlog

from control_layer.contract.aws import Signer
from control_layer.contract.cloud_credentials import CloudCredential, ServiceAccount
from control_layer.contract.dialects import native_apis
from control_layer.contract.endpoint_url import (
    azure_path,
    cohere_path,
    ollama_path,
    upstream_path,
    vertex_location,
    vertex_path,
)
from control_layer.contract.snapshot import Endpoint
from control_layer.gateway.tokens import TokenSource
from control_layer.gateway.translation_table import translators_of
from control_layer.wire import Pool

__all__ = [
    "AzureUpstream",
    "BedrockUpstream",
    "CohereUpstream",
    "OllamaUpstream",
    "Upstream",
    "VertexUpstream",
]

_log = structlog.get_logger(__name__)
_MAX_TARGETS = 512
_TELL_SECONDS = 60.0
"""A provider that is down fails every request: once a minute is enough to say why."""
_PATH_SAFE = "/%:@!$&'()*+,;=-._~"


class Upstream:
    """One endpoint: where requests go and what identifies us there."""

    __slots__ = (
        "_failures", "_targets", "_tell_at", "base_path", "credential", "credential_name", "endpoint", "hands_on",
        "pool", "takes_stream_options", "tokens", "translators", "wants_own_thoughts",
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
        self.wants_own_thoughts = endpoint.dialect == "anthropic"
        """What its models thought before is given back to them, and nobody else's thoughts."""
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


class BedrockUpstream(Upstream):
    """Amazon Bedrock, for a caller with access keys: every request is signed."""

    __slots__ = ("_origin", "_signer", "_wall")

    def __init__(
        self, endpoint: Endpoint, pool: Pool, signer: Signer, base_path: str, wall: Callable[[], float]
    ) -> None:
        super().__init__(endpoint, pool, b"", base_path)
        self.credential_name = b"authorization"
        self._signer = signer
        self._origin = f"{pool.origin.scheme}://{pool.origin.authority.decode()}"
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
