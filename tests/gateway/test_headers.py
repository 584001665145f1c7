"""Which header fields cross the gateway."""

from __future__ import annotations

import pytest

from control_layer.gateway.headers import sane_request_id, to_client, to_upstream


def upstream_names(*headers: tuple[bytes, bytes], credential: bytes = b"authorization") -> set[bytes]:
    return {line.partition(b":")[0] for line in to_upstream(list(headers), credential).split(b"\r\n") if line}


@pytest.mark.parametrize(
    "name",
    [
        b"authorization", b"x-api-key", b"api-key", b"cookie", b"proxy-authorization", b"x-goog-api-key", b"host",
        b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"te", b"trailer", b"upgrade", b"expect",
        b"origin", b"referer", b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via", b"x-request-id", b"x-model",
        b"model-override", b"if-none-match", b"accept-encoding", b"openai-organization", b"openai-project",
        b"x-control-layer-peer", b"cf-connecting-ip",
    ],
)  # fmt: skip
def test_what_identifies_the_client_or_the_hop_never_reaches_a_provider(name: bytes) -> None:
    assert upstream_names((name, b"secret"), (b"accept", b"*/*")) == {b"accept"}


def test_other_fields_pass_in_order_and_as_often_as_they_came() -> None:
    headers = [(b"anthropic-beta", b"a"), (b"user-agent", b"x"), (b"anthropic-beta", b"b"), (b"idempotency-key", b"k")]
    lines = to_upstream(headers, b"authorization")
    assert lines == b"anthropic-beta: a\r\nuser-agent: x\r\nanthropic-beta: b\r\nidempotency-key: k\r\n"


def test_a_client_cannot_put_a_credential_beside_the_endpoints() -> None:
    assert upstream_names((b"x-provider-key", b"mine"), credential=b"x-provider-key") == set()


def test_fields_that_connection_names_stay_here() -> None:
    headers = ((b"connection", b"keep-alive, X-Hop"), (b"x-hop", b"1"), (b"x-end", b"2"))
    assert upstream_names(*headers) == {b"x-end"}


@pytest.mark.parametrize(
    "name",
    [
        b"set-cookie", b"openai-organization", b"openai-project", b"anthropic-organization-id", b"x-ratelimit-limit",
        b"anthropic-ratelimit-tokens-limit", b"cf-ray", b"server", b"via", b"alt-svc", b"date", b"content-length",
        b"transfer-encoding", b"connection", b"x-request-id", b"location", b"link", b"www-authenticate",
        b"access-control-allow-origin", b"x-control-layer-model", b"strict-transport-security",
    ],
)  # fmt: skip
def test_what_identifies_our_account_or_the_provider_never_reaches_a_client(name: bytes) -> None:
    kept = (b"content-type", b"application/json")
    assert to_client([(name, b"x"), kept]) == [kept]


def test_a_body_that_came_encoded_says_so() -> None:
    assert to_client([(b"content-encoding", b"gzip")]) == [(b"content-encoding", b"gzip")]


@pytest.mark.parametrize("value", [b"req-1", b"0190b6f2-7c1e-7000-8000-000000000000", b"a.b:c_d"])
def test_a_sane_request_id_is_kept(value: bytes) -> None:
    assert sane_request_id(value) == value.decode()


@pytest.mark.parametrize("value", [None, b"", b"a b", b"a\xff", b"x" * 129, b'"', b"a;b"])
def test_any_other_request_id_is_not(value: bytes | None) -> None:
    assert sane_request_id(value) is None
