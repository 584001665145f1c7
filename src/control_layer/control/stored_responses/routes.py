"""`/ai/v1/responses/{response_id}` (§5.8). Requests for new ones are the gateway's."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Response

from control_layer.contract.stored_responses import id_of
from control_layer.control.access import with_inference_key
from control_layer.control.errors import ControlError
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.schema import Output
from control_layer.control.stored_responses.items import page_of
from control_layer.control.stored_responses.queries import Found, delete_response, find_response

__all__ = ["router"]

router = APIRouter(prefix="/ai/v1/responses", tags=["responses"], route_class=ControlRoute)
_JSON = "application/json"
_MOST_ITEMS = 100
_DEFAULT_ITEMS = 20
_WHERE_ELSE = (
    "It may never have been stored, be older than responses are kept, or belong to somebody else; responses of models "
    "whose provider keeps them itself are at the provider."
)


def _object(description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {_JSON: {"schema": {"type": "object"}}}}}


class DeletedResponse(Output):
    """A response is gone."""

    id: str
    object: Literal["response"]
    deleted: Literal[True]


class _NotThere(ControlError):
    """In the words of the AI API, whose clients ask."""

    def members(self) -> dict[str, object]:
        error = {"message": self.message, "type": "invalid_request_error", "param": "response_id", "code": self.code}
        return {"error": error}


@router.get("/{response_id}", response_class=Response, responses=_object("The response, as it was given."))
@with_inference_key
async def read(response_id: str, session: Database, caller: Caller, services: Served) -> Response:
    """A stored response of the caller's."""
    found = await find_response(session, services, _id(response_id), caller.id)
    _, response = _present(response_id, found)
    return Response(response, media_type=_JSON)


@router.get(
    "/{response_id}/input_items",
    response_class=Response,
    responses=_object("A list: `data`, `first_id`, `last_id`, `has_more`."),
)
@with_inference_key
async def input_items(
    response_id: str,
    session: Database,
    caller: Caller,
    services: Served,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_ITEMS)] = _DEFAULT_ITEMS,
    order: Literal["asc", "desc"] = "desc",
) -> Response:
    """What the model was given for a stored response of the caller's, the items of earlier responses included."""
    id_ = _id(response_id)
    items, _ = _present(response_id, await find_response(session, services, id_, caller.id))
    page = page_of(uuid.UUID(bytes=id_), items, after=after, limit=limit, ascending=order == "asc")
    return Response(msgspec.json.encode(page), media_type=_JSON)


@router.delete("/{response_id}")
@with_inference_key
async def delete(response_id: str, session: Database, caller: Caller, services: Served) -> DeletedResponse:
    """Erases a stored response of the caller's: nothing can go on from it any more. Later ones stay, with all that
    was said until then.
    """
    id_ = _id(response_id)
    _present(response_id, await find_response(session, services, id_, caller.id, stored=True))
    await delete_response(session, services, id_)
    return DeletedResponse(id=response_id, object="response", deleted=True)


def _id(response_id: str) -> bytes:
    found = id_of(response_id)
    if found is None:
        raise _not_found(response_id)
    return found


def _present(response_id: str, found: Found | None) -> tuple[bytes, bytes]:
    """The items and the response."""
    if found is None:
        raise _not_found(response_id)
    if found.items is None or found.response is None:
        raise _NotThere(410, "response_deleted", f"The response with id '{response_id}' was deleted.")
    return found.items, found.response


def _not_found(response_id: str) -> ControlError:
    return _NotThere(404, "response_not_found", f"Response with id '{response_id}' not found. {_WHERE_ELSE}")
