"""`/admin/api/v1/ai/*`: as `/ai/*`, for somebody who is signed in (§5.11).

The model is found, granted, limited and paid for by the gateway, as with any client: this only lends a secret.
"""

from __future__ import annotations

import httpx
import msgspec
import structlog
from fastapi import APIRouter, Request, Response

from control_layer.control.access import signed_in
from control_layer.control.errors import ControlError, TryLater, invalid
from control_layer.control.own_gateway import BrokenAnswer, GatewayCaller, GatewayUnreachable
from control_layer.control.playground.departure import Departure
from control_layer.control.playground.lending import lent_secret
from control_layer.control.playground.passing import answer_fields, request_fields
from control_layer.control.playground.streamed_answer import StreamedAnswer
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.request_id import request_id_of
from control_layer.control.route import ControlRoute
from control_layer.settings import ProxyHeader

__all__ = ["router"]

_PREFIX = "/admin/api/v1"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_MAX_REFUSAL_BYTES = 4096
_IN_FORCE_SECONDS = 2.0
"""How long a first request waits until gateways know its secret, which takes some hundredths."""
_log = structlog.get_logger(__name__)
router = APIRouter(prefix=_PREFIX, route_class=ControlRoute, include_in_schema=False)


class _Refusal(msgspec.Struct):
    code: str | None = None
    param: str | None = None


class _RefusalBody(msgspec.Struct):
    error: _Refusal


_refusal = msgspec.json.Decoder(_RefusalBody).decode


@router.api_route("/ai/{path:path}", methods=_METHODS)
@signed_in
async def ask(path: str, request: Request, session: Database, caller: Caller, services: Served) -> Response:
    """Asks the gateway in the caller's name, with a secret that is lent to their session."""
    del path  # what the gateway reads are the very bytes
    lent = await lent_secret(session, services.key_secrets, caller, services.now())
    await session.commit()  # no connection is held while a model thinks
    if lent.fresh:
        await services.in_force.secret(str(lent.id), within_seconds=_IN_FORCE_SECONDS)
    departure = Departure(request, has_body=_has_body(request))
    fields = request_fields(request.headers.raw, _identity(services.settings.auth.proxy_header))
    asking = services.own_gateway.stream(
        request.method,
        _target(request),
        fields=fields,
        body=departure.body,
        caller=GatewayCaller(lent.secret, request_id_of(request.scope)),
    )
    try:
        answer = await departure.before(asking)
    except (GatewayUnreachable, BrokenAnswer) as error:
        _log.warning("playground_not_answered", reason=str(error))
        raise TryLater(503, "The gateway does not answer; try again in a moment", retry_after_seconds=1) from None
    return await _handed_on(answer)


async def _handed_on(answer: httpx.Response) -> Response:
    """The answer for the person. Raises `ControlError` for what speaks of a key they do not know of, or of no model."""
    fields = answer_fields(answer.headers.raw)
    if answer.status_code == 401:  # the gateway's own: a provider that refuses its credential is a 502
        await answer.aclose()
        raise TryLater(503, "The gateway does not know you yet; try again in a moment", retry_after_seconds=1)
    if answer.status_code != 400 or not _is_short(answer):
        return StreamedAnswer(answer, fields)
    try:
        content = await answer.aread()
    except httpx.HTTPError as error:
        _log.warning("playground_not_answered", reason=str(error))
        raise TryLater(503, "The gateway's answer broke off; try again", retry_after_seconds=1) from None
    if _names_no_model(content):
        raise invalid("Could not extract model from request", code="model_missing")
    response = Response(content, 400)
    response.raw_headers = fields
    return response


def _is_short(answer: httpx.Response) -> bool:
    length = answer.headers.get("content-length", "")
    return "content-encoding" not in answer.headers and length.isdigit() and int(length) <= _MAX_REFUSAL_BYTES


def _names_no_model(content: bytes) -> bool:
    try:
        error = _refusal(content).error
    except msgspec.MsgspecError:
        return False
    return (error.code, error.param) == ("missing_required_parameter", "model")


def _target(request: Request) -> bytes:
    """The request target at the gateway, not decoded: what a path may be is decided there. Raises 404."""
    raw: bytes = request.scope["raw_path"]
    path = raw.partition(b"?")[0].removeprefix(_PREFIX.encode())
    if not path.startswith(b"/ai/"):
        raise ControlError(404, "not_found", "Write the path plainly: it begins with /admin/api/v1/ai/")
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


def _identity(settings: ProxyHeader) -> list[bytes]:
    names = (
        settings.header_name,
        settings.email_header_name,
        settings.groups_field_name,
        settings.provider_field_name,
    )
    return [name.encode() for name in names]
