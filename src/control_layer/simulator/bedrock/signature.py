"""Signature Version 4, checked as the specification says, with nothing of Amazon's library.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote

from control_layer.simulator.strictness import Refusal
from control_layer.wire import Request

__all__ = ["KEY_ID", "SECRET", "check_signature", "is_signed"]

KEY_ID = "AKIASIMULATED0000000"
SECRET = "simulated/secret/access/key/000000000000"  # noqa: S105 - everybody's
_SERVICE = "bedrock"
_ALGORITHM = b"AWS4-HMAC-SHA256 "
_FIELDS = re.compile(
    r"Credential=([^,/]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, *"
    r"SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})"
)
_DATE = "%Y%m%dT%H%M%SZ"
_SKEW_SECONDS = 300
_UNRESERVED = "-_.~"


def is_signed(request: Request) -> bool:
    """Whether it says that it is."""
    return (request.header(b"authorization") or b"").startswith(_ALGORITHM)


def check_signature(request: Request, body: bytes, now: float) -> None:
    """Raises Refusal for whoever is not `KEY_ID`, for what was altered on its way, and for what is too old."""
    authorization = (request.header(b"authorization") or b"")[len(_ALGORITHM) :].decode("latin-1")
    found = _FIELDS.fullmatch(authorization)
    stamp = (request.header(b"x-amz-date") or b"").decode("latin-1")
    if found is None or not re.fullmatch(r"\d{8}T\d{6}Z", stamp):
        raise _refusal("IncompleteSignatureException", "Authorization header requires existence of its parts.")
    key_id, day, region, service, names, signature = found.groups()
    if key_id != KEY_ID:
        raise _refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
    if service != _SERVICE:
        raise _refusal("InvalidSignatureException", f"Credential should be scoped to correct service: '{_SERVICE}'. ")
    if day != stamp[:8]:
        raise _refusal("InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601.")
    sent = datetime.strptime(stamp, _DATE).replace(tzinfo=UTC).timestamp()
    if abs(now - sent) > _SKEW_SECONDS:
        raise _refusal("InvalidSignatureException", f"Signature expired: {stamp} is now earlier than it may be.")
    signed = names.split(";")
    unsigned = [name for name, _ in request.headers if name.startswith(b"x-amz-") and name.decode() not in signed]
    if "host" not in signed or signed != sorted(signed) or unsigned:
        raise _refusal("InvalidSignatureException", "'Host' and every 'x-amz-…' must be a 'SignedHeader', in order.")
    canonical = "\n".join((
        request.method.decode(),
        _path(request.path.decode("latin-1")),
        _query(request.query.decode("latin-1")),
        "".join(f"{name}:{_value(request, name)}\n" for name in signed),
        names,
        sha256(body).hexdigest(),
    ))  # fmt: skip
    scope = f"{day}/{region}/{service}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    if not hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex(), signature):
        raise _refusal(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.",
        )


def _refusal(kind: str, message: str) -> Refusal:
    return Refusal(403, kind, message)


def _path(path: str) -> str:
    """Each segment encoded once more than it is sent."""
    return "/".join(quote(segment, safe=_UNRESERVED) for segment in path.split("/"))


def _query(query: str) -> str:
    pairs = sorted(part.partition("=")[::2] for part in query.split("&") if part)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _value(request: Request, name: str) -> str:
    values = [value.decode("latin-1") for sent, value in request.headers if sent == name.encode()]
    return ",".join(" ".join(value.split()) for value in values)
