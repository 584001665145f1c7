"""An OpenID Connect provider on a port of loopback. It is strict: PKCE, client secret, redirect URI, one-time codes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI", "IdentityProvider", "identity_provider"]

CLIENT_ID = "control-layer"
CLIENT_SECRET = "a secret of the client's: with ÄÖÜ, + and %"
REDIRECT_URI = "https://control.test/authentication/oidc/callback"


@dataclass(frozen=True, slots=True)
class _Grant:
    nonce: str
    challenge: str
    redirect_uri: str
    claims: dict[str, Any]


@dataclass(slots=True)
class IdentityProvider:
    """What it knows, and how it misbehaves when it is told to."""

    issuer: str
    person: dict[str, Any] = field(default_factory=dict)
    """The claims of whoever signs in next."""
    userinfo: dict[str, Any] = field(default_factory=dict)
    """What only the UserInfo endpoint tells."""
    token_changes: dict[str, Any] = field(default_factory=dict)
    """Claims of ID tokens that are not what they should be."""
    refusal: str | None = None
    """The error that people are sent back with."""
    secret_by_post: bool = False
    names_itself: bool = True
    """RFC 9207: in the answer that goes through the browser."""
    away: bool = False
    key: RSAKey | ECKey | OctKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    algorithm: str = "RS256"
    published: list[dict[str, Any]] | None = None
    """The key set, where it is not just the key."""
    asked: Counter[str] = field(default_factory=Counter)
    grants: dict[str, _Grant] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    def app(self) -> Starlette:
        routes = [
            Route("/.well-known/openid-configuration", self._configuration),
            Route("/keys", self._keys),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/userinfo", self._userinfo),
        ]
        return Starlette(routes=routes)

    def _count(self, request: Request) -> None:
        self.asked[request.url.path.rpartition("/")[2]] += 1

    async def _configuration(self, request: Request) -> Response:
        self._count(request)
        if self.away:
            return PlainTextResponse("away", 503)
        method = "client_secret_post" if self.secret_by_post else "client_secret_basic"
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                "token_endpoint_auth_methods_supported": [method],
                "authorization_response_iss_parameter_supported": self.names_itself,
            }
        )

    async def _keys(self, request: Request) -> Response:
        self._count(request)
        keys = self.published if self.published is not None else [self.key.as_dict(private=False)]
        return JSONResponse({"keys": [{"kty": "later", "kid": "x"}, *keys]})

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        right = {
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "code_challenge_method": "S256",
        }
        wrong = [name for name, value in right.items() if asked.getlist(name) != [value]]
        wrong += [name for name in ("state", "nonce", "code_challenge") if len(asked.get(name, "")) < 43]
        if wrong or "openid" not in asked.get("scope", "").split():
            return PlainTextResponse(f"invalid_request: {wrong}", 400)
        answer = {"state": asked["state"]} | ({"iss": self.issuer} if self.names_itself else {})
        if self.refusal is not None:
            answer["error"] = self.refusal
        else:
            answer["code"] = secrets.token_urlsafe(16)
            self.grants[answer["code"]] = _Grant(
                asked["nonce"], asked["code_challenge"], asked["redirect_uri"], dict(self.person)
            )
        return RedirectResponse(f"{REDIRECT_URI}?{urlencode(answer)}", 303)

    async def _token(self, request: Request) -> Response:
        self._count(request)
        if self.away:
            return PlainTextResponse("away", 503)
        form = dict(parse_qsl((await request.body()).decode()))
        if self._client(request, form) != (CLIENT_ID, CLIENT_SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "authorization_code":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        grant = self.grants.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if grant is None or grant.redirect_uri != form.get("redirect_uri") or grant.challenge != challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        access_token = secrets.token_urlsafe(16)
        self.tokens[access_token] = {"sub": grant.claims.get("sub")} | self.userinfo
        return JSONResponse(
            {"access_token": access_token, "token_type": "Bearer", "id_token": self._id_token(grant, access_token)}
        )

    def _client(self, request: Request, form: dict[str, str]) -> tuple[str, str]:
        if self.secret_by_post:
            return form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(value).decode().partition(":") if scheme == "Basic" else ("", "", "")
        return unquote_plus(name), unquote_plus(secret)

    def _id_token(self, grant: _Grant, access_token: str) -> str:
        now = int(time.time())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": grant.nonce,
            "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
            **grant.claims,
            **self.token_changes,
        }
        header = {"alg": self.algorithm} | ({"kid": self.key.kid} if self.key.kid else {})
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, present, self.key, algorithms=[self.algorithm])

    async def _userinfo(self, request: Request) -> Response:
        self._count(request)
        known = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        return JSONResponse({"error": "invalid_token"}, 401) if known is None else JSONResponse(known)


@asynccontextmanager
async def identity_provider() -> AsyncIterator[IdentityProvider]:
    """One that serves while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        provider = IdentityProvider(f"http://{host}:{port}")
        config = uvicorn.Config(provider.app(), log_config=None, access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield provider
        finally:
            server.should_exit = True
            await serving
