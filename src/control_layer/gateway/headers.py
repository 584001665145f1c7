"""Which header fields cross the gateway: nothing of the client's identity to a provider, nothing of ours back."""

from __future__ import annotations

from control_layer.wire import Header

__all__ = ["sane_request_id", "to_client", "to_upstream"]

_HOP_BY_HOP = frozenset(
    (
        b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization", b"te",
        b"trailer", b"transfer-encoding", b"upgrade",
    )
)  # fmt: skip
"""RFC 9110, 7.6.1; fields that `Connection` names come on top."""

_NOT_UPSTREAM = _HOP_BY_HOP | frozenset(
    (
        # Framing and addressing are the wire's; the credential is the endpoint's.
        b"host", b"content-length", b"expect", b"authorization", b"x-api-key", b"api-key", b"cookie",
        # The body must be readable for its usage, and is not a cached document.
        b"accept-encoding", b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range",
        # Where the request came from is nobody's business.
        b"origin", b"referer", b"forwarded", b"via", b"x-real-ip", b"x-request-id", b"x-model", b"model-override",
        # A client's account at the provider is not the account that pays.
        b"openai-organization", b"openai-project", b"x-goog-api-key", b"x-goog-user-project",
        b"x-amz-security-token",
    )
)  # fmt: skip
_NOT_UPSTREAM_PREFIXES = (b"x-forwarded-", b"x-control-layer-", b"cf-", b"x-envoy-")

_NOT_CLIENT = _HOP_BY_HOP | frozenset(
    (
        b"content-length", b"date", b"server", b"set-cookie", b"alt-svc", b"via", b"strict-transport-security",
        b"x-request-id", b"request-id", b"openai-organization", b"openai-project", b"anthropic-organization-id",
        b"nel", b"report-to", b"www-authenticate",
        # Where the provider is: clients would take their key there.
        b"location", b"content-location", b"operation-location", b"link", b"refresh",
    )
)  # fmt: skip
_NOT_CLIENT_PREFIXES = (
    # Limits and infrastructure of our account at the provider.
    b"x-ratelimit-", b"anthropic-ratelimit-", b"cf-", b"x-envoy-", b"x-amz-", b"x-ms-", b"access-control-",
    b"x-control-layer-",
)  # fmt: skip
_ID_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-")
_MAX_ID = 128


class _Passing(dict[bytes, bool]):
    """Which field names may cross in one direction: decided once for each, forgotten when there are too many."""

    def __init__(self, refused: frozenset[bytes], prefixes: tuple[bytes, ...]) -> None:
        super().__init__()
        self._refused = refused
        self._prefixes = prefixes

    def __missing__(self, name: bytes) -> bool:
        if len(self) >= _MAX_DECIDED:
            self.clear()
        passes = self[name] = name not in self._refused and not name.startswith(self._prefixes)
        return passes


_MAX_DECIDED = 2048
_upstream = _Passing(_NOT_UPSTREAM, _NOT_UPSTREAM_PREFIXES)
_client = _Passing(_NOT_CLIENT, _NOT_CLIENT_PREFIXES)


def to_upstream(headers: list[Header], credential_name: bytes) -> bytes:
    """The field lines of a client's request that may go to a provider whose credential stands in `credential_name`."""
    lines = []
    named = b""
    for name, value in headers:
        if _upstream[name]:
            if name != credential_name:
                lines.append(b"%b: %b\r\n" % (name, value))
        elif name == b"connection":
            named += b"," + value
    if len(named) > len(b",keep-alive"):
        lines = _without(lines, named)
    return b"".join(lines)


def _without(lines: list[bytes], named: bytes) -> list[bytes]:
    dropped = {token.strip().lower() for token in named.split(b",")}
    return [line for line in lines if line.partition(b":")[0] not in dropped]


def to_client(headers: list[Header]) -> list[Header]:
    """The fields of a provider's response that may go to a client."""
    return [header for header in headers if _client[header[0]]]


def sane_request_id(value: bytes | None) -> str | None:
    """A client's own request id, where it is one that can be put in a header and a log."""
    if not value or len(value) > _MAX_ID or not _ID_BYTES.issuperset(value):
        return None
    return value.decode("ascii")
