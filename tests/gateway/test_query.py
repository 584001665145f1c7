"""The model in a query string."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.gateway.query import model_in_query, rename_model


@pytest.mark.parametrize(
    ("query", "model"),
    [
        (b"", None),
        (b"a=1&model=m%2F1&b=2", "m/1"),
        (b"%6dodel=m", "m"),
        (b"model=", None),
        (b"model=a&model=b", "a"),
        (b"modelx=a", None),
        (b"model=%ff", "\ufffd"),
    ],
)
def test_finds_the_model(query: bytes, model: str | None) -> None:
    assert model_in_query(query) == model


def test_renames_every_model_and_nothing_else() -> None:
    query = b"a=%20+x&model=one&%6Dodel=two&b&mod+el=x&c=\xc3\xa9"
    assert rename_model(query, "p/1 &") == b"a=%20+x&model=p%2F1%20%26&model=p%2F1%20%26&b&mod+el=x&c=\xc3\xa9"


@given(st.binary(max_size=80))
def test_after_renaming_no_other_model_is_left(query: bytes) -> None:
    assert model_in_query(rename_model(query, "m")) in ("m", None)
