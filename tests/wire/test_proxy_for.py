"""Which proxy an origin is reached through, by the environment's variables."""

from __future__ import annotations

import pytest

from control_layer.wire import Origin, Proxy, proxy_for

HTTPS = Origin("https", "api.example.com", 443)
HTTP = Origin("http", "api.example.com", 8080)


@pytest.mark.parametrize(
    ("origin", "environment", "host"),
    [
        (HTTPS, {}, None),
        (HTTPS, {"HTTPS_PROXY": "http://p:1"}, "p"),
        (HTTPS, {"https_proxy": "http://lower:1", "HTTPS_PROXY": "http://upper:1"}, "lower"),
        (HTTPS, {"HTTP_PROXY": "http://p:1"}, None),
        (HTTP, {"HTTP_PROXY": "http://p:1"}, "p"),
        (HTTP, {"HTTPS_PROXY": "http://p:1"}, None),
        (HTTP, {"ALL_PROXY": "http://all:1"}, "all"),
        (HTTPS, {"HTTPS_PROXY": "http://p:1", "ALL_PROXY": "http://all:1"}, "p"),
        (HTTPS, {"HTTPS_PROXY": ""}, None),
        (HTTPS, {"HTTPS_PROXY": "p:1"}, "p"),
        (Origin.unix("/run/s"), {"ALL_PROXY": "http://all:1"}, None),
    ],
)
def test_the_variable_of_the_scheme_names_the_proxy(
    origin: Origin, environment: dict[str, str], host: str | None
) -> None:
    proxy = proxy_for(origin, environment)
    assert (proxy.host if proxy is not None else None) == host


@pytest.mark.parametrize(
    ("rules", "host", "port", "exempt"),
    [
        ("api.example.com", "api.example.com", 443, True),
        ("example.com", "api.example.com", 443, True),
        (".example.com", "api.example.com", 443, True),
        (".example.com", "example.com", 443, True),
        ("example.com", "badexample.com", 443, False),
        ("example.com", "example.com.evil", 443, False),
        ("EXAMPLE.com", "api.Example.COM", 443, True),
        ("example.com", "example.com.", 443, True),
        ("*", "anything", 443, True),
        (" a , example.com ", "example.com", 443, True),
        ("example.com:443", "example.com", 443, True),
        ("example.com:8443", "example.com", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 80, True),
        ("10.0.0.0/8", "11.1.2.3", 80, False),
        ("10.1.2.3", "10.1.2.3", 80, True),
        ("10.1.2.3:81", "10.1.2.3", 80, False),
        ("::1", "::1", 80, True),
        ("[::1]", "::1", 80, True),
        ("[::1]:80", "::1", 80, True),
        ("[::1]:81", "::1", 80, False),
        ("fd00::/8", "fd12::1", 80, True),
        ("", "example.com", 443, False),
        (",,", "example.com", 443, False),
        ("localhost", "127.0.0.1", 80, False),
    ],
)
def test_no_proxy_exempts(rules: str, host: str, port: int, exempt: bool) -> None:
    environment = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": rules}
    assert (proxy_for(Origin("https", host, port), environment) is None) == exempt


def test_credentials_are_decoded_and_not_shown() -> None:
    proxy = proxy_for(HTTPS, {"HTTPS_PROXY": "http://us%40er:p%3Aw@proxy.example"})
    assert proxy == Proxy("proxy.example", 8080, b"Basic dXNAZXI6cDp3")
    assert "dXNAZXI6cDp3" not in repr(proxy)


@pytest.mark.parametrize(
    "url", ["socks5://user:secret@p:1", "https://user:secret@p:1", "http://", "http://user:secret@"]
)
def test_a_proxy_of_another_kind_is_an_error_without_its_secret(url: str) -> None:
    with pytest.raises(ValueError, match="only http:// proxies") as caught:
        proxy_for(HTTPS, {"HTTPS_PROXY": url})
    assert "secret" not in str(caught.value)
