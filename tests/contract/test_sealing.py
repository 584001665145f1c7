"""A sealed secret opens with its key, purpose and row, and with nothing else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.sealing import CannotOpen, Seal, derive_key

SECRET = "provider-secret-value"
SEAL = Seal("key", "provider-credential")


@given(st.text(max_size=200), st.text(max_size=40))
def test_what_is_sealed_opens_again(value: str, context: str) -> None:
    assert SEAL.open(SEAL.seal(value, context), context) == value


@pytest.mark.parametrize(
    ("seal", "context"),
    [
        (Seal("another key", "provider-credential"), "row"),
        (Seal("key", "another purpose"), "row"),
        (SEAL, "another row"),
    ],
    ids=["another key", "another purpose", "another row"],
)
def test_opens_under_nothing_else(seal: Seal, context: str) -> None:
    sealed = SEAL.seal(SECRET, "row")
    with pytest.raises(CannotOpen) as caught:
        seal.open(sealed, context)
    assert SECRET not in str(caught.value)


@given(st.integers(0, 1000), st.integers(1, 255))
def test_an_altered_byte_anywhere_is_noticed(at: int, change: int) -> None:
    sealed = bytearray(SEAL.seal(SECRET, "row"))
    sealed[at % len(sealed)] ^= change
    with pytest.raises(CannotOpen):
        SEAL.open(bytes(sealed), "row")


@given(st.binary(max_size=40))
def test_anything_else_is_an_error_of_the_same_kind(data: bytes) -> None:
    for sealed in (data, b"\x01" + data, b"\x02" + data, SEAL.mark + data):
        with pytest.raises(CannotOpen):
            SEAL.open(sealed, "row")


def test_earlier_keys_still_open_and_the_current_one_seals() -> None:
    old, rotated = Seal("old", "p"), Seal("new", "p", ["older", "old"])
    sealed = old.seal(SECRET, "row")
    assert rotated.open(sealed, "row") == SECRET
    assert not sealed.startswith(rotated.mark)
    resealed = rotated.resealed(sealed, "row")
    assert resealed.startswith(rotated.mark)
    assert Seal("new", "p").open(resealed, "row") == SECRET
    with pytest.raises(CannotOpen, match="previous_secret_keys"):
        old.open(resealed, "row")


def test_values_of_the_format_that_named_no_key_still_open() -> None:
    nonce = b"n" * 12
    sealed = b"\x01" + nonce + AESGCM(derive_key("old", "p")).encrypt(nonce, SECRET.encode(), b"row")
    for seal in (Seal("old", "p"), Seal("new", "p", ["old"])):
        assert seal.open(sealed, "row") == SECRET
        assert not sealed.startswith(seal.mark)
    with pytest.raises(CannotOpen):
        Seal("new", "p").open(sealed, "row")


def test_the_name_of_a_key_differs_by_purpose() -> None:
    assert Seal("key", "a").mark != Seal("key", "b").mark
    assert Seal("key", "a").mark == Seal("key", "a").mark


def test_the_same_value_is_never_sealed_to_the_same_bytes() -> None:
    assert SEAL.seal(SECRET, "row") != SEAL.seal(SECRET, "row")
    assert SECRET.encode() not in SEAL.seal(SECRET, "row")


def test_keys_differ_by_purpose_and_stay_the_same() -> None:
    assert derive_key("key", "a") == derive_key("key", "a")
    assert derive_key("key", "a") != derive_key("key", "b")
    assert len(derive_key("key", "a")) == 32


def test_no_representation_shows_the_key() -> None:
    assert "key" not in repr(Seal("key-material", "p")).replace("sealing", "").lower()
