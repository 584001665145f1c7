"""Credentials that buy access tokens: which are understood, what is sent for them, and what an answer brings."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from control_layer.contract.cloud_credentials import (
    BadCredential,
    EntraClient,
    ServiceAccount,
    cloud_credential,
    compact,
    header_for,
)
from control_layer.contract.token_grants import NoToken, grant_for, read_token

_NOW = 1_800_000_000


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def _private_key() -> str:
    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def _account(**change: Any) -> str:
    file = {
        "type": "service_account",
        "project_id": "our-project",
        "private_key_id": "k1",
        "private_key": _private_key(),
        "client_email": "gateway@our-project.iam.gserviceaccount.com",
        "client_id": "1",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return json.dumps({**file, **change}, indent=2)


def _client(**change: Any) -> str:
    return json.dumps({"tenant_id": "t.example", "client_id": "c", "client_secret": "s & s", **change})


def test_an_assertion_is_one_that_google_takes() -> None:
    account = cloud_credential(_account())
    assert isinstance(account, ServiceAccount)
    grant = grant_for(account)
    assert grant.url == "https://oauth2.googleapis.com/token"
    form = parse_qs(grant.form(_NOW + 0.7).decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    token = jwt.decode(form["assertion"][0], RSAKey.import_key(_private_key()), algorithms=["RS256"])
    assert token.header == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert token.claims == {
        "iss": "gateway@our-project.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": _NOW,
        "exp": _NOW + 3600,
    }


@pytest.mark.parametrize(
    ("text", "url", "scope"),
    [
        (
            _client(),
            "https://login.microsoftonline.com/t.example/oauth2/v2.0/token",
            "https://cognitiveservices.azure.com/.default",
        ),
        (
            _client(authority="https://login.microsoftonline.us/", scope="https://ai.azure.com/.default"),
            "https://login.microsoftonline.us/t.example/oauth2/v2.0/token",
            "https://ai.azure.com/.default",
        ),
        (
            json.dumps({"appId": "c", "displayName": "d", "password": "s & s", "tenant": "t.example"}),
            "https://login.microsoftonline.com/t.example/oauth2/v2.0/token",
            "https://cognitiveservices.azure.com/.default",
        ),
    ],
)
def test_a_client_of_entra_gives_its_credentials(text: str, url: str, scope: str) -> None:
    client = cloud_credential(text)
    assert isinstance(client, EntraClient)
    grant = grant_for(client)
    assert grant.url == url
    assert parse_qs(grant.form(_NOW).decode()) == {
        "grant_type": ["client_credentials"], "client_id": ["c"], "client_secret": ["s & s"], "scope": [scope],
    }  # fmt: skip


@pytest.mark.parametrize("text", [_account(), _client(), _account(token_uri="http://127.0.0.1:8080/token")])
def test_what_is_kept_is_one_line_and_means_the_same(text: str) -> None:
    credential = cloud_credential(text)
    assert credential is not None
    kept = compact(credential)
    assert kept.isprintable()
    assert cloud_credential(kept) == credential


@pytest.mark.parametrize("text", ["", "sk-key", "ya29.token", '{"some": "thing"}', "{}"])
def test_anything_else_is_sent_as_it_is(text: str) -> None:
    assert cloud_credential(text) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (_account()[:-20], "whole file"),
        (_account(type="authorized_user"), "authorized_user"),
        (_account(type=None), "service_account"),
        (_account(private_key=""), "private_key is empty"),
        (_account(client_email=7), "client_email"),
        (json.dumps({"type": "service_account", "client_email": "x"}), "private_key"),
        (_account(token_uri="http://oauth2.example/token"), "token_uri must be an https address"),
        (_account(token_uri="https://user@oauth2.example/token"), "token_uri must be"),
        (_account(token_uri="https://oauth2.example/token?x=y"), "token_uri must be"),
        (_account(token_uri="https://oauth2.example/to ken"), "token_uri must be"),
        (_account(token_uri="https://oauth2.example/to\r\nken"), "token_uri must be"),
        (_account(token_uri="file:///etc/passwd"), "token_uri must be"),
        (_account(token_uri="https://[bad/token"), "token_uri must be"),
        (_client(authority="http://10.0.0.7/"), "authority must be"),
        (_client(client_secret=""), "client_secret is empty"),
        (_client(tenant_id="../x"), "tenant_id"),
        (json.dumps({"tenant_id": "t"}), "client_id"),
    ],
)
def test_what_cannot_be_used_is_explained_without_being_shown(text: str, word: str) -> None:
    with pytest.raises(BadCredential) as bad:
        cloud_credential(text)
    assert word in str(bad.value)
    assert "PRIVATE KEY" not in str(bad.value)
    assert "s & s" not in str(bad.value)


@pytest.mark.parametrize("key", ["no key", _pem(ec.generate_private_key(ec.SECP256R1()))])
def test_a_private_key_that_is_none(key: str) -> None:
    account = cloud_credential(_account(private_key=key))
    assert account is not None
    with pytest.raises(BadCredential, match="private_key"):
        grant_for(account)


def test_secrets_are_not_in_what_is_shown_of_them() -> None:
    for text, secret in ((_account(), "PRIVATE KEY"), (_client(), "s & s")):
        assert secret not in repr(cloud_credential(text))
    token = read_token(200, b'{"access_token": "very-secret", "expires_in": 60}')
    assert "very-secret" not in repr(token)


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_no_text_is_too_odd(text: str) -> None:
    for odd in (text, "{" + text, json.dumps({"type": "service_account", "private_key": text, "client_email": text})):
        try:
            cloud_credential(odd)
        except BadCredential:
            continue


@pytest.mark.parametrize(("said", "seconds"), [(3599, 3599.0), ("3599", 3599.0), (1e9, 86400.0), (None, 3600.0)])
def test_an_answer_brings_a_token(said: Any, seconds: float) -> None:
    answer = {"access_token": "t.0-_~+/=", "token_type": "Bearer", **({} if said is None else {"expires_in": said})}
    token = read_token(200, json.dumps(answer).encode())
    assert (token.value, token.seconds) == ("t.0-_~+/=", seconds)


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (400, b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}', True),
        (401, b'{"error": "invalid_client", "error_description": "AADSTS7000215\\r\\nTrace ID: x"}', True),
        (400, b'{"error": "temporarily_unavailable"}', False),
        (429, b'{"error": "slow"}', False),
        (500, b'{"error": "invalid_grant"}', False),
        (503, b"<html>", False),
        (302, b"", False),
        (200, b"{}", False),
        (200, b'{"access_token": "a\\r\\nb", "expires_in": 60}', False),
        (200, b'{"access_token": "", "expires_in": 60}', False),
        (200, b'{"access_token": "t", "expires_in": 0}', False),
        (200, b'{"access_token": "t", "expires_in": "NaN"}', False),
        (200, b'{"access_token": "t", "expires_in": "soon"}', False),
    ],
)
def test_an_answer_that_brings_none(status: int, body: bytes, refused: bool) -> None:
    with pytest.raises(NoToken) as none:
        read_token(status, body)
    assert none.value.refused == refused
    assert str(none.value).isprintable()


def test_api_keys_of_google_have_a_header_of_their_own() -> None:
    usual = ("Authorization", "Bearer ")
    for key in ("AIzaSy0-_x", "AQ.Ab8RN6x-_"):
        assert header_for("vertex", usual, key) == ("x-goog-api-key", "")
        assert header_for("openai", usual, key) == usual
        assert header_for("vertex", ("X-Key", ""), key) == ("X-Key", "")
    assert header_for("vertex", usual, "ya29.a0") == usual
