"""How Amazon is told who asks: access keys as they are given, the region of an address, signed requests.

Both planes ask here: the gateway for traffic, the control plane for lists of models.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from botocore.auth import SigV4Auth

__all__ = ["AccessKeys", "BadAccessKeys", "Signer", "access_keys", "load", "models_origin", "region_of"]

SERVICE = "bedrock"
_HOST = re.compile(
    r"(?:[^.]+\.)?bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)"
)
_RUNTIME = re.compile(r"bedrock-runtime(?=(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com|api\.aws))")
_KEY_ID = re.compile(r"[A-Z0-9]{16,128}")
_SECRET = re.compile(r"[A-Za-z0-9/+=]{16,256}")
_LONGEST = 3
_DATE = "%Y%m%dT%H%M%SZ"


class BadAccessKeys(ValueError):
    """A credential that means to be access keys and is none. Says what is wrong, and nothing of the secret."""


class AccessKeys:
    """An access key with its secret; temporary ones have a session token too."""

    __slots__ = ("key_id", "secret", "session_token")

    def __init__(self, key_id: str, secret: str, session_token: str | None) -> None:
        self.key_id = key_id
        self.secret = secret
        self.session_token = session_token


def access_keys(credential: str) -> AccessKeys | None:
    """`ACCESS_KEY_ID:SECRET_ACCESS_KEY`, with `:SESSION_TOKEN` for temporary ones; `None` for an API key of Bedrock's,
    which is sent as it is. Raises `BadAccessKeys`.
    """
    parts = credential.split(":")
    if len(parts) == 1:
        if _KEY_ID.fullmatch(credential) and credential.startswith(("AKIA", "ASIA")):
            raise BadAccessKeys("That is the id of an access key without its secret")
        return None
    key_id, secret = parts[0], parts[1]
    token = parts[2] if len(parts) == _LONGEST else None
    if len(parts) > _LONGEST or not _KEY_ID.fullmatch(key_id) or not _SECRET.fullmatch(secret) or token == "":
        raise BadAccessKeys("These are no access keys")
    return AccessKeys(key_id, secret, token)


def region_of(url: str) -> str | None:
    """The region that an address of Bedrock's names; `None` for any other address."""
    found = _HOST.fullmatch((urlsplit(url).hostname or "").lower())
    return None if found is None else found[1]


def models_origin(url: str) -> str | None:
    """Where the models of a region are listed, which has a host of its own; `None` for an address that is not Amazon's
    public one.
    """
    split = urlsplit(url)
    origin, replaced = _RUNTIME.subn(SERVICE, f"{split.scheme}://{split.netloc}", count=1)
    return origin if replaced and region_of(url) else None


def load() -> None:
    """Loads what signing needs: a quarter of a second and 20 MB, which only those pay who have such an endpoint."""
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials  # noqa: F401


class Signer:
    """Signs requests with Signature Version 4.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. Its library is loaded
    with the first of them, unless it was before.
    """

    __slots__ = ("_auth", "_session_token")

    def __init__(self, keys: AccessKeys, region: str) -> None:
        from botocore.auth import SigV4Auth
        from botocore.credentials import Credentials

        self._auth: SigV4Auth = SigV4Auth(Credentials(keys.key_id, keys.secret), SERVICE, region)
        self._session_token = keys.session_token

    def headers(self, method: str, url: str, body: bytes, now: float) -> list[tuple[str, str]]:
        """The fields that identify us in one request. `url` is as it is sent, with its query; `now` Unix seconds."""
        from botocore.awsrequest import AWSRequest

        date = datetime.fromtimestamp(now, UTC).strftime(_DATE)
        fields = [("x-amz-date", date)]
        if self._session_token is not None:
            fields.append(("x-amz-security-token", self._session_token))
        request = AWSRequest(method, url, headers=dict(fields), data=body)
        request.context["timestamp"] = date
        auth = self._auth
        to_sign = auth.string_to_sign(request, auth.canonical_request(request))
        signed = auth.signed_headers(auth.headers_to_sign(request))
        signature = auth.signature(to_sign, request)
        scheme = f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders={signed}, Signature={signature}"
        return [*fields, ("authorization", scheme)]
