"""HTTP/1.1 in both roles over httptools and uvloop; knows nothing of AI.

`Server` turns client connections into `Request`s for a `Handler`, answered through a `Responder`. `Pool` sends `Call`s
to one origin and feeds a `Receiver`. Both are callbacks on transports: nothing here is awaited but connecting and
draining. `EventStream` splits Server-Sent Events.
"""

from __future__ import annotations

from control_layer.wire.call import Call, Receiver, Timeouts
from control_layer.wire.errors import (
    BadRequestBody,
    BadResponse,
    ConnectFailed,
    ConnectTimeout,
    DeadlinePassed,
    ExchangeError,
    FirstByteTimeout,
    PoolExhausted,
    ReadTimeout,
    ResetBeforeResponse,
    ResetDuringResponse,
    TotalTimeout,
)
from control_layer.wire.handler import Handler
from control_layer.wire.headers import Header, first, is_token
from control_layer.wire.limits import ServerLimits
from control_layer.wire.origin import Origin
from control_layer.wire.pool import Pool, PoolOptions
from control_layer.wire.proxy import Proxy, proxy_for
from control_layer.wire.request import Request
from control_layer.wire.responder import Responder
from control_layer.wire.server import Server
from control_layer.wire.sse import Event, EventStream, EventTooLarge
from control_layer.wire.tls import client_context, server_context
from control_layer.wire.websocket import MessageReader, close_frame, text_frame

__all__ = [
    "BadRequestBody",
    "BadResponse",
    "Call",
    "ConnectFailed",
    "ConnectTimeout",
    "DeadlinePassed",
    "Event",
    "EventStream",
    "EventTooLarge",
    "ExchangeError",
    "FirstByteTimeout",
    "Handler",
    "Header",
    "MessageReader",
    "Origin",
    "Pool",
    "PoolExhausted",
    "PoolOptions",
    "Proxy",
    "ReadTimeout",
    "Receiver",
    "Request",
    "ResetBeforeResponse",
    "ResetDuringResponse",
    "Responder",
    "Server",
    "ServerLimits",
    "Timeouts",
    "TotalTimeout",
    "client_context",
    "close_frame",
    "first",
    "is_token",
    "proxy_for",
    "server_context",
    "text_frame",
]
