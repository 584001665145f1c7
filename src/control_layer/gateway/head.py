"""What the gateway reads out of a request's head: once for all requests of a connection that have the same."""

from __future__ import annotations

from typing import NamedTuple

from control_layer.contract.explanation import EXPLAIN_FIELD
from control_layer.contract.routing import Balancing
from control_layer.gateway.credentials import bearer, digest
from control_layer.gateway.headers import sane_request_id, to_upstream
from control_layer.gateway.logged_headers import logged_headers
from control_layer.gateway.paths import AiPath
from control_layer.gateway.policy.balancing import Target
from control_layer.gateway.policy.gate import Gates
from control_layer.gateway.snapshot import Route
from control_layer.gateway.tracing import TRACE_FIELDS, Caller, caller_of
from control_layer.wire import Header, Request

__all__ = ["Head", "KeptChoice", "KeptGates"]

_MAX_AGENT = 256
_IDENTITY = b"identity"
_EXPLAINS = EXPLAIN_FIELD.encode()


class KeptGates(NamedTuple):
    """The gates of the limits that a request falls under, and what must be as it was for them to be the next one's."""

    version: int
    """Of the snapshot."""
    epoch: int
    """Of the limiter."""
    route: Route
    gates: Gates


class KeptChoice(NamedTuple):
    """Which deployment is preferred for somebody's requests, and what must be as it was for it to stay so."""

    targets: tuple[Target, ...]
    rules: Balancing
    identity: str
    target: Target


class Head:
    """The head of one request, or of many that are alike. Nothing in it depends on the body or on the snapshot."""

    __slots__ = (
        "_lines",
        "_logged",
        "agent",
        "caller",
        "choice",
        "completion_window",
        "digest",
        "encoding",
        "explains",
        "gates",
        "headers",
        "method",
        "no_cache",
        "no_store",
        "path",
        "path_text",
        "request_id",
        "secret",
    )

    def __init__(self, request: Request, path: AiPath, *, traced: bool) -> None:
        self.path = path
        self.method = request.method.decode("latin-1")
        self.path_text = request.path.decode("latin-1")
        self.secret = bearer(request.headers)
        """The caller's key, `None` where there is none. Never logged."""
        self.digest = digest(self.secret) if self.secret is not None else b""
        self.request_id = sane_request_id(request.header(b"x-request-id"))
        """The caller's own id of the request, where it can be used."""
        agent = request.header(b"user-agent")
        self.agent = agent.decode("latin-1")[:_MAX_AGENT] if agent is not None else None
        window = request.header(b"x-control-layer-completion-window")
        self.completion_window = window.decode("latin-1") if window is not None else None
        """What the batch worker says its batch was promised. It means nothing with anybody else's key."""
        explains = request.header(_EXPLAINS)
        self.explains = explains.decode("latin-1") if explains is not None else None
        """Id of the key in whose place the control plane asks what would be done."""
        encoding = request.header(b"content-encoding")
        self.encoding = encoding if encoding is not None and encoding.lower() != _IDENTITY else None
        """How the body is encoded, where it is."""
        self.caller: Caller | None = None
        """Where the caller stands in its trace, when requests are traced and it has said so."""
        self.headers: list[Header] = request.headers
        """The fields that may concern a provider."""
        if traced:
            self.caller = caller_of(request.headers)
            self.headers = [field for field in request.headers if field[0] not in TRACE_FIELDS]
        wanted = (request.header(b"cache-control") or b"").lower()
        self.no_store = b"no-store" in wanted
        """No kept answer, and this one is not to be kept."""
        self.no_cache = b"no-cache" in wanted
        """No kept answer."""
        self.gates: KeptGates | None = None
        """The limits of the last request with this head, for the next one."""
        self.choice: KeptChoice | None = None
        """Where the last one went, where those of the same caller go to the same deployment."""
        self._lines: tuple[bytes, bytes] | None = None
        self._logged: tuple[tuple[str, str], ...] | None = None

    def upstream_lines(self, credential_name: bytes) -> bytes:
        """The field lines for a provider whose credential stands in `credential_name`."""
        known = self._lines
        if known is None or known[0] != credential_name:
            known = self._lines = (credential_name, to_upstream(self.headers, credential_name))
        return known[1]

    def logged(self, request: Request) -> tuple[tuple[str, str], ...]:
        """What the request log keeps of the fields of `request`, which has this head."""
        if self._logged is None:
            self._logged = logged_headers(request.headers, self.secret)
        return self._logged
