"""Which header fields cross the playground: nothing that says who is calling, nothing of the connections at its ends.

What may go on to a provider is the gateway's to decide, as for every client of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["Field", "answer_fields", "request_fields"]

Field = tuple[bytes, bytes]
"""Name in lower case, and value."""

_HOP_BY_HOP = frozenset(
    (
        b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization", b"te",
        b"trailer", b"transfer-encoding", b"upgrade",
    )
)  # fmt: skip
"""RFC 9110, 7.6.1; fields that `Connection` names come on top."""
_CALLERS = frozenset((b"authorization", b"x-api-key", b"api-key", b"cookie", b"host", b"expect", b"x-request-id"))
_OURS = b"x-control-layer-"
_SERVERS = frozenset((b"date", b"server", b"set-cookie", b"x-request-id"))  # said once, by whoever answers last


def request_fields(fields: Sequence[Field], identity: Iterable[bytes]) -> list[Field]:
    """The fields of a person's request without their credentials. `identity`: in which a proxy says who they are."""
    dropped = _HOP_BY_HOP | _CALLERS | frozenset(identity) | _named_by_connection(fields)
    return [field for field in fields if field[0] not in dropped and not field[0].startswith(_OURS)]


def answer_fields(fields: Sequence[Field]) -> list[Field]:
    """The fields of the gateway's answer that the person gets, in lower case."""
    lowered = [(name.lower(), value) for name, value in fields]
    dropped = _HOP_BY_HOP | _SERVERS | _named_by_connection(lowered)
    return [field for field in lowered if field[0] not in dropped]


def _named_by_connection(fields: Sequence[Field]) -> frozenset[bytes]:
    named = (value for name, value in fields if name == b"connection")
    return frozenset(token.strip().lower() for value in named for token in value.split(b","))
