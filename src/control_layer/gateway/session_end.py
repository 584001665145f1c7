"""What a realtime session is told that we end: an event of its API, and the frame that closes a WebSocket.

https://platform.openai.com/docs/api-reference/realtime-server-events/error
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.errors import GatewayError
from control_layer.gateway.policy.limiter import Refused
from control_layer.gateway.refusals import limit_refusal
from control_layer.gateway.session_usage import SessionUsage
from control_layer.wire import close_frame, text_frame

__all__ = ["budget_used_up", "expired", "last_frames", "out_of_minutes"]

_SWITCHED = 101
"""The status of all these: the session's own, which began well."""
_POLICY = 1008
"""RFC 6455, 7.4.1."""


class _Error(msgspec.Struct, kw_only=True):
    type: str
    code: str
    message: str
    param: None = None
    event_id: None = None
    """No event of the client's is at fault."""


class _Event(msgspec.Struct, tag="error"):
    event_id: str
    error: _Error


def budget_used_up() -> GatewayError:
    """What the session costs further is not covered."""
    text = "Budget used up. Connect again; an administrator may raise the budget."
    return GatewayError(_SWITCHED, "insufficient_quota", "budget_exceeded", text)


def expired() -> GatewayError:
    """The session's model says how long one may last."""
    text = "The session has lasted as long as it may. Connect again."
    return GatewayError(_SWITCHED, "invalid_request_error", "session_expired", text)


def out_of_minutes(refused: Refused) -> GatewayError:
    """A limit of session minutes has nothing left."""
    return limit_refusal(refused, [])


def last_frames(error: GatewayError, usage: SessionUsage, request_id: str) -> bytes:
    """As much of it as may follow what the provider has sent: nothing in the middle of a frame."""
    if not usage.between_frames:
        return b""
    close = close_frame(_POLICY, error.message)
    if not usage.between_messages:
        return close
    said = _Error(type=error.type, code=error.code, message=error.message)
    return text_frame(msgspec.json.encode(_Event(f"event_{request_id}", said))) + close
