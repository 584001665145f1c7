"""Access tokens of the simulated clouds: who may have them, and whether one is good.

Google's endpoint takes what https://developers.google.com/identity/protocols/oauth2/service-account#httprest says, at
`/google/token`, or at `/google/<script>/<seconds>/token` for tokens that live for so long; Microsoft Entra's takes
client credentials at `/entra/<tenant>/oauth2/v2.0/token`, where the tenant's name is the name of its script.
"""

from __future__ import annotations

import hmac
import os
import re
import time
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from control_layer.simulator.native import Answered, Asked
from control_layer.simulator.strictness import Refusal
from control_layer.wire import Header, Request

__all__ = ["ENTRA", "GOOGLE", "entra_client", "is_good", "service_account"]

_SECRET = os.urandom(32)
_EMAIL = "gateway@sim-project.iam.gserviceaccount.com"
_KEY_ID = "simulated-key"
_CLIENT_ID, _CLIENT_SECRET = "11111111-2222-3333-4444-555555555555", "simulated~client.secret"
_CLOUD = "https://www.googleapis.com/auth/cloud-platform"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_GOOGLES = re.compile(r"(?:/(?P<script>[\w-]+)/(?P<seconds>\d+))?/token")
_ENTRAS = re.compile(r"/(?P<tenant>[\w.-]+)/oauth2/v2\.0/token")
_SECONDS = 3599
_MOST_SECONDS = 3600
_SKEW_SECONDS = 60


@cache
def _private_key() -> bytes:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def service_account(origin: str, script: str | None, seconds: str | None) -> dict[str, str]:
    """The key of the one account that there is, as Google's console gives it."""
    place = f"/{script or 'sim-small'}/{seconds or _SECONDS}" if script or seconds else ""
    return {
        "type": "service_account",
        "project_id": "sim-project",
        "private_key_id": _KEY_ID,
        "private_key": _private_key().decode(),
        "client_email": _EMAIL,
        "client_id": "100000000000000000000",
        "auth_uri": f"{origin}/google/auth",
        "token_uri": f"{origin}/google{place}/token",
    }


def entra_client(origin: str, script: str | None) -> dict[str, str]:
    """The one client that there is."""
    return {
        "tenant_id": script or "sim-tenant",
        "client_id": _CLIENT_ID,
        "client_secret": _CLIENT_SECRET,
        "authority": f"{origin}/entra",
    }


def is_good(token: str, cloud: str) -> bool:
    """Whether we gave it, for that cloud, and it has not expired."""
    found = re.fullmatch(r"(ya29|eyJ0)\.(\w+)\.(\d+)\.(\w+)", token)
    return (
        found is not None
        and found[2] == cloud
        and hmac.compare_digest(_signed(f"{found[2]}.{found[3]}"), found[4])
        and int(found[3]) > time.time() * 1000
    )


def _token(cloud: str, seconds: int) -> dict[str, Any]:
    text = f"{cloud}.{int((time.time() + seconds) * 1000)}"
    begin = "ya29" if cloud == "google" else "eyJ0"
    return {"access_token": f"{begin}.{text}.{_signed(text)}", "expires_in": seconds, "token_type": "Bearer"}


def _signed(text: str) -> str:
    return hmac.digest(_SECRET, text.encode(), "sha256").hex()


class _TokenApi:
    def authorise(self, request: Request, api_key: str | None) -> None:
        """The form has what identifies the caller."""

    def refused(self, refusal: Refusal, answer_id: str) -> dict[str, Any]:
        del answer_id
        return {"error": refusal.code, "error_description": refusal.message}

    def headers(self, answer_id: str, _refusal: Refusal | None = None) -> list[Header]:
        del answer_id
        return [(b"cache-control", b"no-store")]


class _Google(_TokenApi):
    def read(self, request: Request, path: str, body: bytes) -> Asked | Answered:
        found = _GOOGLES.fullmatch(path)
        if found is None or request.method != b"POST":
            raise Refusal(404, "not_found", "There is nothing here.")
        form = _form(request, body)
        if form.get("grant_type") != _JWT_BEARER:
            raise Refusal(400, "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
        audience = f"{_origin(request)}/google{path}"
        seconds = int(found["seconds"] or _SECONDS)

        def answer(*_: Any) -> Answered:
            _check_assertion(form.get("assertion", ""), audience)
            return Answered(body=_token("google", seconds), billed=False)

        return Asked(found["script"] or "sim-small", answer)


class _Entra(_TokenApi):
    def read(self, request: Request, path: str, body: bytes) -> Asked | Answered:
        found = _ENTRAS.fullmatch(path)
        if found is None or request.method != b"POST":
            raise Refusal(404, "not_found", "There is nothing here.")
        form = _form(request, body)
        if form.keys() != {"grant_type", "client_id", "client_secret", "scope"}:
            raise Refusal(400, "invalid_request", "AADSTS900144: The request body must contain the parameters.")
        if form["grant_type"] != "client_credentials":
            raise Refusal(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
        if not form["scope"].endswith("/.default"):
            raise Refusal(400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid.")
        if form["client_id"] != _CLIENT_ID:
            raise Refusal(400, "unauthorized_client", "AADSTS700016: Application was not found in the directory.")
        if form["client_secret"] != _CLIENT_SECRET:
            raise Refusal(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
        return Asked(found["tenant"], lambda *_: Answered(body=_token("azure", _SECONDS), billed=False))


GOOGLE, ENTRA = _Google(), _Entra()


def _origin(request: Request) -> str:
    return "http://" + (request.header(b"host") or b"").decode("latin-1")


def _form(request: Request, body: bytes) -> dict[str, str]:
    kind = (request.header(b"content-type") or b"").partition(b";")[0].strip()
    if kind != b"application/x-www-form-urlencoded":
        raise Refusal(400, "invalid_request", "The body must be a form.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise Refusal(400, "invalid_request", "The form cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Refusal(400, "invalid_request", "A parameter stands twice.")
    return form


def _check_assertion(assertion: str, audience: str) -> None:
    """Raises Refusal. Here, so that nobody waits for the library who needs no tokens."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey

    try:
        token = jwt.decode(assertion, RSAKey.import_key(_private_key()), algorithms=["RS256"])
    except (JoseError, ValueError):
        raise Refusal(400, "invalid_grant", "Invalid JWT Signature.") from None
    claims, now = token.claims, time.time()
    if token.header.get("kid") != _KEY_ID or claims.get("iss") != _EMAIL:
        raise Refusal(400, "invalid_grant", "Invalid grant: account not found")
    if claims.get("aud") != audience:
        raise Refusal(400, "invalid_grant", "Invalid JWT: Failed audience check.")
    if _CLOUD not in str(claims.get("scope")).split():
        raise Refusal(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int) or expires - issued > _MOST_SECONDS:
        raise Refusal(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes).")
    if issued > now + _SKEW_SECONDS or expires < now - _SKEW_SECONDS:
        raise Refusal(400, "invalid_grant", "Invalid JWT: Token must be in a reasonable timeframe.")
