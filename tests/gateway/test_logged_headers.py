"""Fields of heads for the request log: names and values, no credential, never more than there is room for."""

from __future__ import annotations

import pytest

from control_layer.gateway.logged_headers import logged_headers


@pytest.mark.parametrize(
    "name",
    [
        "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-goog-api-key",
        "x-amz-security-token", "x-auth-user", "x-accesstoken", "x-hub-signature", "x-client-secret", "x-session",
        "x_app_password", "cf-access-jwt-assertion", "sec-websocket-protocol",
    ],
)  # fmt: skip
def test_what_is_a_credential_by_its_name_is_hidden(name: str) -> None:
    assert logged_headers([(name.encode(), b"hidden")]) == ((name, "…"),)


@pytest.mark.parametrize(
    "name",
    ["content-type", "user-agent", "x-ratelimit-remaining-tokens", "idempotency-key", "x-request-id", "x-monitor"],
)
def test_what_is_none_is_kept(name: str) -> None:
    assert logged_headers([(name.encode(), b"shown")]) == ((name, "shown"),)


@pytest.mark.parametrize("value", [b"Bearer abc", b"BASIC eDp5", b"sk-abc", b"eyJhbGciOiJ9.e30.", b"before own after"])
def test_what_is_a_credential_by_its_value_is_hidden(value: bytes) -> None:
    assert logged_headers([(b"x-any", value)], b"own") == (("x-any", "…"),)


def test_there_is_a_bound_and_it_is_told() -> None:
    long = logged_headers([(b"x-long", b"a" * 5000)])
    assert long == (("x-long", "a" * 1024 + "…"),)
    many = [(b"x-%d" % number, b"b" * 1000) for number in range(40)]
    kept = logged_headers(many)
    assert sum(len(name) + len(value) for name, value in kept) < 9 * 1024
    assert kept[-1] == ("…", "32 more")
    assert logged_headers([(b"n" * 9000, b"")]) == (("…", "1 more"),)
