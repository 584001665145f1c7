"""Refusals in SCIM's shape (RFC 7644, 3.12): what the library finds, and every `ControlError` under this prefix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from scim2_models import Error, SCIMException
from starlette.responses import Response

from control_layer.control.errors import ControlError

__all__ = ["MEDIA_TYPE", "PREFIX", "ScimError", "is_scim", "no_such", "refusing", "render"]

PREFIX = "/scim/v2"
MEDIA_TYPE = "application/scim+json"
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


@contextmanager
def refusing() -> Iterator[None]:
    """What the library raises for a client's mistake leaves the block as a `ScimError`."""
    try:
        yield
    except ValidationError as error:
        raise _from_finding(error) from None
    except SCIMException as error:
        cause = error.__cause__
        if isinstance(cause, ValidationError):
            raise _from_finding(cause, error.scim_type) from None
        raise ScimError(error.status, _line(error.detail), error.scim_type or None) from None


def render(error: ControlError) -> Response:
    """The answer; the status repeats in the body, as the RFC has it."""
    status = 400 if error.status == 422 else error.status
    body = Error(status=status, scim_type=_keyword(error, status), detail=error.message)
    return Response(body.model_dump_json(), status, error.headers, media_type=MEDIA_TYPE)


def _keyword(error: ControlError, status: int) -> str | None:
    if isinstance(error, ScimError):
        return error.scim_type
    if status == 409:
        return "uniqueness"
    if status == 400:
        return "invalidSyntax" if error.code in _SYNTAX else "invalidValue"
    return None


def _from_finding(error: ValidationError, scim_type: str | None = None) -> ScimError:
    # Without the input, which may be a password.
    first = Error.from_validation_error(error.errors(include_input=False, include_url=False)[0])
    return ScimError(first.status or 400, _line(first.detail or ""), scim_type or first.scim_type)


def _line(text: str) -> str:
    return " ".join(text.split())
