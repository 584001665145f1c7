"""The name of one request in answers, logs and the audit log: the caller's own where it is a sane one, else ours."""

from __future__ import annotations

import re
import uuid

from starlette.datastructures import Headers
from starlette.types import Scope

__all__ = ["HEADER", "name_request", "request_id_of"]

HEADER = "x-request-id"
_SCOPE_KEY = "control_layer_request_id"
_SANE = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def name_request(scope: Scope) -> str:
    """Gives a request its name, once."""
    said = Headers(scope=scope).get(HEADER, "")
    name = scope[_SCOPE_KEY] = said if _SANE.fullmatch(said) else str(uuid.uuid4())
    return name


def request_id_of(scope: Scope) -> str:
    """The name it was given."""
    name: str = scope[_SCOPE_KEY]
    return name
