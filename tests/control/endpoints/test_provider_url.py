"""The one form in which a provider's address is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.control.endpoints.provider_url import BadProviderUrl, normalised


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://host:3000", "http://host:3000/"),
        ("  https://api.example.org/v1 ", "https://api.example.org/v1"),
        ("HTTP://HOST:80/a", "http://host/a"),
        ("https://host:443/", "https://host/"),
        ("https://münchen.example/v1", "https://xn--mnchen-3ya.example/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://10.0.0.7:8000/v1/", "http://10.0.0.7:8000/v1/"),
        ("http://model_server:8000", "http://model_server:8000/"),
        ("http://host?", "http://host/"),
    ],
)
def test_keeps_one_form(text: str, url: str) -> None:
    assert normalised(text) == url
    assert normalised(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "", "host", "/v1", "//host/v1", "ftp://host/", "file:///etc/passwd", "http://", "http://:80/", "http://a b/",
        "http://host:0/", "http://host:65536/", "http://host:x/", "http://ho\nst/", "http://host/?key=1",
        "http://host/#a", "javascript:alert(1)", "http://%00/", "http://" + "a" * 3000,
    ],
)  # fmt: skip
def test_refuses_what_is_no_address_of_a_provider(text: str) -> None:
    with pytest.raises(BadProviderUrl, match=r"^Invalid URL format"):
        normalised(text)


def test_credentials_in_the_url_are_refused_and_not_repeated() -> None:
    with pytest.raises(BadProviderUrl) as refused:
        normalised("https://user:secret@host/v1")
    assert "secret" not in str(refused.value)


@given(st.text(max_size=60) | st.text(max_size=40).map(lambda text: f"http://{text}"))
def test_any_text_is_normalised_for_good_or_refused(text: str) -> None:
    try:
        url = normalised(text)
    except BadProviderUrl:
        return
    assert normalised(url) == url
    assert url.startswith(("http://", "https://"))
    assert url.isascii()
    assert url.isprintable()
