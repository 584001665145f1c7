"""Refusals in SCIM's shape (RFC 7644, 3.12): every `ControlError` under this prefix."""

from __future__ import annotations

import json

from starlette.responses import Response

from control_layer.control.errors import ControlError

__all__ = ["MEDIA_TYPE", "PREFIX", "ScimError", "is_scim", "no_such", "render"]

PREFIX = "/scim/v2"
MEDIA_TYPE = "application/scim+json"
_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
_SYNTAX = frozenset(("invalid_json", "invalid_body"))


class ScimError(ControlError):
    """A refusal with one of the keywords of RFC 7644, table 9."""

    def __init__(self, status: int, detail: str, scim_type: str | None = None) -> None:
        super().__init__(status, scim_type or "scim", detail)
        self.scim_type = scim_type


def is_scim(path: str) -> bool:
    """Whether answers at this path have SCIM's shape."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def no_such(kind: str, id_: str) -> ScimError:
    return ScimError(404, f"{kind} {id_} not found")


def render(error: ControlError) -> Response:
    """The answer; the status repeats in the body, as the RFC has it."""
    status = 400 if error.status == 422 else error.status
    keyword = _keyword(error, status)
    body = {
        "schemas": [_SCHEMA],
        **({} if keyword is None else {"scimType": keyword}),
        "detail": error.message,
        "status": str(status),
    }
    return Response(json.dumps(body), status, error.headers, media_type=MEDIA_TYPE)


def _keyword(error: ControlError, status: int) -> str | None:
    if isinstance(error, ScimError):
        return error.scim_type
    if status == 409:
        return "uniqueness"
    if status == 400:
        return "invalidSyntax" if error.code in _SYNTAX else "invalidValue"
    return None
