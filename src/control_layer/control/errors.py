"""What a client of the management API can be told: one line of text, or RFC 9457 problem details on request.

The fixed texts are those of the contract (§1.5): programs key on them. Texts hold no secret and nothing internal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from control_layer.control.permissions import Operation, Resource

__all__ = [
    "AliasConflict",
    "Bare",
    "Conflict",
    "ControlError",
    "FieldError",
    "TryLater",
    "forbidden",
    "invalid",
    "invalid_body",
    "invalid_parameters",
    "method_not_allowed",
    "not_authenticated",
    "not_found",
    "protected",
    "render",
]


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a request; `field` is a dotted path such as `body.email`."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class AliasConflict:
    """An alias that another model has."""

    model_name: str
    attempted_alias: str


class ControlError(Exception):
    """An answer that is an error. `code` is stable; `message` says what to do next."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        fields: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.fields = fields

    def members(self) -> dict[str, object] | None:
        """The JSON object that every client gets; `None` where the contract has a line of text."""
        return None


class Bare(ControlError):
    """An answer for which the contract has the status alone; only problem details hold the message."""


class Conflict(ControlError):
    """409: somebody has it already. `resource` is named where a unique constraint spoke."""

    def __init__(
        self, message: str, *, resource: str | None = None, conflicts: Sequence[AliasConflict] | None = None
    ) -> None:
        super().__init__(409, "conflict", message)
        self.resource = resource
        self.conflicts = conflicts

    def members(self) -> dict[str, object]:
        members: dict[str, object] = {"message": self.message}
        if self.resource is not None:
            members["resource"] = self.resource
        if self.conflicts is not None:
            members["conflicts"] = [asdict(conflict) for conflict in self.conflicts]
        return members


class TryLater(ControlError):
    """429 or 503: not now. `retry_after_seconds` is a whole number."""

    def __init__(self, status: int, message: str, *, retry_after_seconds: int = 30) -> None:
        code = "too_many_requests" if status == 429 else "service_unavailable"
        super().__init__(status, code, message, headers={"retry-after": str(retry_after_seconds)})
        self.retry_after_seconds = retry_after_seconds

    def members(self) -> dict[str, object]:
        return {"error": self.code, "message": self.message, "retry_after_seconds": self.retry_after_seconds}


def not_authenticated() -> ControlError:
    return ControlError(401, "not_authenticated", "Authentication required", headers={"www-authenticate": "Bearer"})


def forbidden(operation: Operation | str, resource: Resource | str) -> ControlError:
    return ControlError(403, "forbidden", f"Insufficient permissions to {operation} {resource}")


def protected(operation: str, kind: str, reason: str) -> ControlError:
    return ControlError(403, "protected", f"Cannot {operation} {kind}: {reason}")


def not_found(kind: str, id_: object) -> ControlError:
    return ControlError(404, "not_found", f"{kind} with ID {id_} not found")


def invalid(message: str, *, code: str = "invalid") -> ControlError:
    """A value that the rules refuse."""
    return ControlError(400, code, message)


def method_not_allowed(allow: str) -> ControlError:
    return ControlError(405, "method_not_allowed", f"This path takes {allow} only", headers={"allow": allow})


def invalid_parameters(errors: Sequence[Mapping[str, Any]]) -> ControlError:
    """Path or query parameters that cannot be read, from pydantic's findings."""
    fields = _fields(errors)
    return ControlError(400, "invalid_parameter", f"Invalid request: {_line(fields)}", fields=fields)


def invalid_body(errors: Sequence[Mapping[str, Any]]) -> ControlError:
    """A body that is JSON of the wrong shape, from pydantic's findings."""
    if any(error["type"] == "json_invalid" for error in errors):
        return ControlError(400, "invalid_json", "The request body is not valid JSON")
    fields = _fields(errors)
    return ControlError(422, "invalid_body", f"Invalid request body: {_line(fields)}", fields=fields)


def _fields(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    # The input is left out on purpose: it may be a password.
    return [FieldError(".".join(str(part) for part in error["loc"]), str(error["msg"])) for error in errors]


def _line(fields: Sequence[FieldError]) -> str:
    return "; ".join(f"{field.field}: {field.message}" for field in fields).replace("\n", " ")


def render(error: ControlError, accept: str) -> Response:
    """The error as the client wants it; `accept` is the value of its `Accept` field, or empty."""
    members = error.members()
    if _wants_problem(accept):
        problem: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(error.status).phrase,
            "status": error.status,
            "detail": error.message,
            "code": error.code,
        }
        if error.fields:
            problem["errors"] = [asdict(field) for field in error.fields]
        content = problem | (members or {})
        return JSONResponse(content, error.status, error.headers, media_type="application/problem+json")
    if members is not None:
        return JSONResponse(members, error.status, error.headers)
    text = "" if isinstance(error, Bare) else error.message
    return PlainTextResponse(text, error.status, error.headers)


def _wants_problem(accept: str) -> bool:
    """Whether `accept` asks for JSON rather than text (RFC 9110, 12.5.1: the most specific range counts)."""
    qualities = dict(_quality(part) for part in accept.lower().split(",") if part.strip())
    text = next((qualities[kind] for kind in ("text/plain", "text/*", "*/*") if kind in qualities), 0.0)
    problem = qualities.get("application/problem+json", 0.0)
    return (problem > 0 and problem >= text) or qualities.get("application/json", 0.0) > text


def _quality(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return kind, float(value)
            except ValueError:
                return kind, 0.0
    return kind, 1.0
