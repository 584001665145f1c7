"""What can go wrong on the way to a server and back.

ExchangeError
├── ConnectFailed          no connection: name, refusal, TLS, proxy
├── PoolExhausted          no connection became free in time
├── ResetBeforeResponse    closed before a byte of the response came
├── ResetDuringResponse    closed before the response was whole
├── BadRequestBody         a streamed request body was not as long as announced
├── BadResponse            what came is no response, or could be read in two ways
└── DeadlinePassed
    ├── ConnectTimeout
    ├── FirstByteTimeout
    ├── ReadTimeout        between two pieces
    └── TotalTimeout
"""

from __future__ import annotations

__all__ = [
    "BadRequestBody",
    "BadResponse",
    "ConnectFailed",
    "ConnectTimeout",
    "DeadlinePassed",
    "ExchangeError",
    "FirstByteTimeout",
    "PoolExhausted",
    "ReadTimeout",
    "ResetBeforeResponse",
    "ResetDuringResponse",
    "TotalTimeout",
]


class ExchangeError(Exception):
    """A request did not bring a whole response. The text is for operators, not for clients."""


class ConnectFailed(ExchangeError):
    """No connection could be made: name not found, refused, TLS or proxy trouble."""


class PoolExhausted(ExchangeError):
    """All connections stayed busy for as long as one may wait."""


class ResetBeforeResponse(ExchangeError):
    """The server closed before the first byte of its response."""


class ResetDuringResponse(ExchangeError):
    """The server closed in the middle of its response."""


class BadResponse(ExchangeError):
    """The response is malformed or ambiguous."""


class BadRequestBody(ExchangeError):
    """A streamed request body is longer or shorter than it was announced."""


class DeadlinePassed(ExchangeError):
    """Some wait took longer than it may."""


class ConnectTimeout(DeadlinePassed):
    """No connection in time."""


class FirstByteTimeout(DeadlinePassed):
    """The request left, and nothing came back in time."""


class ReadTimeout(DeadlinePassed):
    """The response stopped coming."""


class TotalTimeout(DeadlinePassed):
    """The response came, but not to its end, in time."""
