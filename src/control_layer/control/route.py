"""One request through all checks, in the order of the contract (§1.6), inside one transaction.

Path and query → who is calling → what the route declares → the body's size, type and syntax → its shape → the handler
→ commit. The answer is complete before the commit and leaves after it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params, request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message as AsgiMessage

from control_layer.control.access import Access, access_of
from control_layer.control.audit.authors import author_of
from control_layer.control.authentication.identification import identify, touch
from control_layer.control.errors import ControlError, invalid_body, invalid_parameters
from control_layer.control.principal import Principal
from control_layer.control.request_context import RequestContext, context_of, services_of, transaction
from control_layer.store.authorship import sign

__all__ = ["MAX_BODY_BYTES", "ControlRoute"]

MAX_BODY_BYTES = 2 * 1024 * 1024
"""JSON bodies of the management API (§1.6)."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ControlRoute(APIRoute):
    """A route of the management API. Its endpoint must declare its access, else building the application fails."""

    def get_route_handler(self) -> _Handler:
        access = access_of(self.endpoint)
        handle = super().get_route_handler()
        check_parameters = _parameter_check(self.dependant)
        takes_body = self.body_field is not None
        needs_body = self.body_field is not None and self.body_field.field_info.is_required()

        async def checked(request: Request) -> Response:
            check_parameters(request)
            services = services_of(request)
            async with transaction(services) as session:
                context = RequestContext(session)
                context.attach(request)
                sign(session, author_of(request, None))
                if access.authenticated:
                    context.principal = caller = await _admit(request, access)
                    sign(session, author_of(request, caller.id, caller.key_id))
                if takes_body:
                    await session.rollback()  # nobody's slow body holds a connection
                    request = await _with_body(request, required=needs_body)
                response = await _handle(handle, request)
            if context.principal is not None:
                await touch(services, context.principal)
            return response

        return checked


def _parameter_check(dependant: Dependant) -> Callable[[Request], None]:
    """What FastAPI will check again, later: its own turn comes after the body."""
    fields = get_flat_params(dependant)
    path = [field for field in fields if getattr(field.field_info, "in_", None) is ParamTypes.path]
    query = [field for field in fields if getattr(field.field_info, "in_", None) is ParamTypes.query]

    def check(request: Request) -> None:
        _, errors = request_params_to_args(path, request.path_params)
        if not errors:
            _, errors = request_params_to_args(query, request.query_params)
        if errors:
            raise invalid_parameters(errors)

    return check


async def _admit(request: Request, access: Access) -> Principal:
    session = context_of(request).session
    principal = await identify(request, services_of(request), session, keys=access.keys, bearer_only=access.bearer_only)
    if access.permission is not None:
        if access.own:
            principal.require_on(*access.permission, principal.id)
        else:
            principal.require(*access.permission)
    return principal


async def _with_body(request: Request, *, required: bool) -> Request:
    """The request with its body in memory: of the right type, not too large, not empty."""
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    if not required and (not has_body or request.headers.get("content-length") == "0"):
        return request
    if not _is_json(request.headers.get("content-type", "")):
        raise ControlError(
            415, "unsupported_media_type", "Send the body as JSON, with 'Content-Type: application/json'"
        )
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ControlError(413, "body_too_large", f"The request body is larger than {MAX_BODY_BYTES} bytes")
    if not body.strip():
        raise _not_json()
    content = bytes(body)
    _require_text(content)

    async def replay() -> AsgiMessage:
        return {"type": "http.request", "body": content, "more_body": False}

    return Request(request.scope, replay)


def _require_text(body: bytes) -> None:
    """Raises 400 for a string that is no text, half of a surrogate pair (RFC 8259, 8.2): it cannot be encoded again."""
    if not _SURROGATE.search(body):
        return
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _not_json() from None
    except (ValueError, RecursionError):
        return  # no JSON at all, which FastAPI will say


def _is_json(content_type: str) -> bool:
    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))


def _not_json() -> ControlError:
    return ControlError(400, "invalid_json", "The request body is not valid JSON")


async def _handle(handle: _Handler, request: Request) -> Response:
    try:
        return await handle(request)
    except RequestValidationError as error:
        raise invalid_body(error.errors()) from None
    except HTTPException as error:
        # FastAPI's word for a body that its JSON parser gave up on (encoding, nesting); handlers raise `ControlError`.
        if error.status_code == 400:
            raise _not_json() from None
        raise
