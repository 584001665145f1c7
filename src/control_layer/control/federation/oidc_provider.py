"""The OpenID Connect provider (Core 1.0, Discovery 1.0): where people are sent, and what comes back with them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlsplit

import msgspec
import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import KeySet

from control_layer.control.errors import ControlError, TryLater
from control_layer.control.federation.id_token import Expected, NotTrusted, UnknownKey, read_id_token, signing_keys
from control_layer.control.federation.proven_identity import ProvenIdentity, lacks, proven_identity
from control_layer.control.federation.provider_http import Answer, NoAnswer, ProviderHttp
from control_layer.control.federation.sign_in_attempt import Attempt
from control_layer.settings import Oidc

__all__ = ["CALLBACK", "OidcProvider"]

CALLBACK = "/authentication/oidc/callback"
_DISCOVERY = "/.well-known/openid-configuration"
_LIFETIME = timedelta(hours=1)
"""How long a discovery document and a key set are good. A key that is not in the set is looked up at once."""
_PAUSE = timedelta(seconds=3)
"""After a failure nobody is made to wait for the next one."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_log = structlog.get_logger(__name__)
_Shape = TypeVar("_Shape")


class _Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What we use of a discovery document (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool | None = None


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class _Tokens(msgspec.Struct, frozen=True, kw_only=True):
    id_token: str
    access_token: str | None = None


class _Refusal(msgspec.Struct, frozen=True):
    error: str


class OidcProvider:
    """One provider, as far as it is known. Texts of errors are for people; the log says why."""

    def __init__(
        self, settings: Oidc, *, dashboard_url: str, ca_file: Path | None, now: Callable[[], datetime]
    ) -> None:
        """Raises `ValueError` for settings without an issuer or a client id."""
        if settings.issuer is None or settings.client_id is None:
            raise ValueError("auth.oidc needs issuer and client_id")
        self._settings = settings
        self._issuer, self._client_id = settings.issuer, settings.client_id
        self._redirect_uri = dashboard_url.rstrip("/") + CALLBACK
        self._http = ProviderHttp(ca_file)
        self._now = now
        self._lock = asyncio.Lock()
        self._metadata: _Metadata | None = None
        self._keys = KeySet([])
        self._known_until = self._away_until = _NEVER

    async def authorization_url(self, attempt: Attempt) -> str:
        """Where the person signs in. Raises 502, 503."""
        metadata, _ = await self._known()
        return str(
            prepare_grant_uri(
                metadata.authorization_endpoint,
                client_id=self._client_id,
                response_type="code",
                redirect_uri=self._redirect_uri,
                scope=" ".join(self._settings.scopes),
                state=attempt.state,
                nonce=attempt.nonce,
                code_challenge=create_s256_code_challenge(attempt.verifier),
                code_challenge_method="S256",
            )
        )

    async def identity(self, code: str, issuer: str | None, attempt: Attempt) -> ProvenIdentity:
        """Who has signed in. `issuer` is that of the answer (RFC 9207). Raises 400, 502, 503."""
        metadata, keys = await self._known()
        demanded = bool(metadata.authorization_response_iss_parameter_supported)
        if (issuer is not None or demanded) and issuer != self._issuer:
            raise _not_trusted("the answer came from another issuer")
        tokens = await self._redeem(metadata, code, attempt)
        expected = Expected(issuer=self._issuer, client_id=self._client_id, nonce=attempt.nonce)
        try:
            try:
                claims = self._read(tokens, keys, expected)
            except UnknownKey:
                _, keys = await self._known(anew=True)
                claims = self._read(tokens, keys, expected)
        except NotTrusted as error:
            raise _not_trusted(str(error)) from None
        userinfo: dict[str, Any] = {}
        if metadata.userinfo_endpoint and tokens.access_token and lacks(claims, self._settings):
            userinfo = await self._userinfo(metadata.userinfo_endpoint, tokens.access_token, claims["sub"])
        return proven_identity(claims, userinfo, self._settings)

    def _read(self, tokens: _Tokens, keys: KeySet, expected: Expected) -> dict[str, Any]:
        return read_id_token(tokens.id_token, keys, expected, access_token=tokens.access_token, now=self._now())

    async def _known(self, *, anew: bool = False) -> tuple[_Metadata, KeySet]:
        """The discovery document and the keys, fetched where they are missing, old or to be looked up `anew`."""
        before = self._keys
        async with self._lock:
            now = self._now()
            fresh = self._metadata is not None and now < self._known_until
            if anew and self._keys is before:
                fresh = False
            if self._metadata is None or not fresh:
                if now < self._away_until:
                    raise _away()
                try:
                    self._metadata, self._keys = await self._discover()
                except ControlError:
                    self._away_until = self._now() + _PAUSE
                    raise
                self._known_until = now + _LIFETIME
            return self._metadata, self._keys

    async def _discover(self) -> tuple[_Metadata, KeySet]:
        answer = await self._ask(self._http.get(self._issuer.rstrip("/") + _DISCOVERY))
        metadata = _decoded(answer, _Metadata, "discovery document")
        if metadata.issuer != self._issuer:
            raise _not_trusted(f"it calls itself {metadata.issuer[:200]!r}; auth.oidc.issuer must be the same")
        endpoints = [metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri]
        endpoints += [metadata.userinfo_endpoint] if metadata.userinfo_endpoint else []
        private = {"https", urlsplit(self._issuer).scheme}  # the settings allow http for localhost only
        if any(urlsplit(url).scheme not in private for url in endpoints):
            raise _not_trusted("its discovery document names addresses without https")
        keys = _decoded(await self._ask(self._http.get(metadata.jwks_uri)), _Keys, "key set")
        return metadata, signing_keys(keys.keys)

    async def _redeem(self, metadata: _Metadata, code: str, attempt: Attempt) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers: dict[str, str] = {}
        secret = self._settings.client_secret
        methods = metadata.token_endpoint_auth_methods_supported or ["client_secret_basic"]
        if secret is None:
            form["client_id"] = self._client_id
        elif "client_secret_basic" in methods:
            # RFC 6749, 2.3.1: both halves are form-encoded first.
            pair = f"{quote_plus(self._client_id)}:{quote_plus(secret.get_secret_value())}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": self._client_id, "client_secret": secret.get_secret_value()}
        answer = await self._ask(self._http.post(metadata.token_endpoint, form, headers))
        if answer.status == 200:
            return _decoded(answer, _Tokens, "token answer")
        try:
            reason = msgspec.json.decode(answer.body, type=_Refusal).error[:100]
        except (msgspec.DecodeError, UnicodeDecodeError):
            reason = f"status {answer.status}"
        if reason == "invalid_grant":
            text = "The identity provider does not know this sign-in, or it was used before. Sign in again"
            raise ControlError(400, "sign_in_used", text)
        raise _not_trusted(f"it refused the code ({reason}); check auth.oidc.client_id and client_secret")

    async def _userinfo(self, url: str, access_token: str, subject: str) -> dict[str, Any]:
        answer = await self._ask(self._http.get(url, bearer=access_token))
        userinfo = _decoded(answer, dict[str, Any], "UserInfo answer")
        if userinfo.get("sub") != subject:  # OpenID Connect Core 1.0, 5.3.2
            raise _not_trusted("its UserInfo answer is about somebody else")
        return userinfo

    async def _ask(self, asking: Awaitable[Answer]) -> Answer:
        try:
            answer = await asking
        except NoAnswer as error:
            _log.warning("identity_provider_away", reason=str(error))
            raise _away() from None
        if answer.status >= 500:
            _log.warning("identity_provider_away", reason=f"status {answer.status}")
            raise _away()
        return answer


def _decoded(answer: Answer, shape: type[_Shape], what: str) -> _Shape:
    if answer.status != 200:
        raise _not_trusted(f"its {what} has status {answer.status}")
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _not_trusted(f"its {what} cannot be read") from None


def _away() -> TryLater:
    text = "The identity provider cannot be reached at the moment; try again shortly"
    return TryLater(503, text, retry_after_seconds=5)


def _not_trusted(reason: str) -> ControlError:
    _log.warning("identity_provider_not_trusted", reason=reason)
    text = "The identity provider's answer was not accepted. An administrator finds the reason in the log"
    return ControlError(502, "provider_not_trusted", text)
