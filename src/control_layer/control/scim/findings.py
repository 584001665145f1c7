"""What SCIM's library finds wrong with what a client sent, as refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from scim2_models import Error, SCIMException

from control_layer.control.scim.errors import ScimError

__all__ = ["refusing"]


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


def _from_finding(error: ValidationError, scim_type: str | None = None) -> ScimError:
    # Without the input, which may be a password.
    first = Error.from_validation_error(error.errors(include_input=False, include_url=False)[0])
    return ScimError(first.status or 400, _line(first.detail or ""), scim_type or first.scim_type)


def _line(text: str) -> str:
    return " ".join(text.split())
