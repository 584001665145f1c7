"""Where a key may stand, and how it may be shown."""

from __future__ import annotations

import pytest

from control_layer.gateway.credentials import bearer, masked

KEY = b"sk-abcdefghijklmnop"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"Bearer " + KEY)],
        [(b"authorization", b"bearer   " + KEY)],
        [(b"x-api-key", KEY)],
        [(b"api-key", KEY)],
        [(b"authorization", b"Basic dTpw"), (b"x-api-key", KEY)],
        [(b"authorization", b"Bearer "), (b"api-key", KEY)],
        [(b"x-api-key", b"sk-other"), (b"authorization", b"Bearer " + KEY)],
        [(b"api-key", b"sk-other"), (b"x-api-key", KEY)],
        [(b"sec-websocket-protocol", b"realtime, openai-insecure-api-key." + KEY + b", openai-beta.realtime-v1")],
    ],
)
def test_finds_the_key(headers: list[tuple[bytes, bytes]]) -> None:
    assert bearer(headers) == KEY


@pytest.mark.parametrize("headers", [[], [(b"authorization", KEY)], [(b"x-api-key", b"")], [(b"cookie", KEY)]])
def test_finds_no_key_elsewhere(headers: list[tuple[bytes, bytes]]) -> None:
    assert not bearer(headers)


@pytest.mark.parametrize(
    ("secret", "shown"), [(KEY, "sk-…mnop"), (b"short", "…"), (b"a-very-long-other\xff\r\n\x00", "…****")]
)
def test_shows_no_more_than_its_end(secret: bytes, shown: str) -> None:
    assert masked(secret) == shown
