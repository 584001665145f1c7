"""The model of a form: found at any split, renamed everywhere, never hidden from us."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.gateway.errors import GatewayError
from control_layer.gateway.multipart import ModelField

BOUNDARY = b"----boundary7MA4YWxkTrZu0gW"
CONTENT_TYPE = b"multipart/form-data; boundary=" + BOUNDARY


def part(disposition: bytes, value: bytes, *more: bytes) -> bytes:
    head = b"\r\n".join([b"Content-Disposition: form-data; " + disposition, *more])
    return b"--" + BOUNDARY + b"\r\n" + head + b"\r\n\r\n" + value + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


MODEL = part(b'name="model"', b"alias")
FILE = part(b'name="file"; filename="a.wav"', b"\x00RIFF\r\n--\r\n--not-it\r\n", b"Content-Type: audio/wav")
EMPTY = part(b'name="prompt"', b"")
FORMS = [form(MODEL, FILE), form(FILE, MODEL), form(EMPTY, MODEL, EMPTY), form(MODEL), b"preamble\r\n" + form(MODEL)]


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def through(chunks: list[bytes], name: str) -> tuple[str | None, bytes, int | None]:
    """What the gateway does: look until the model is known, then write everything."""
    field = ModelField(CONTENT_TYPE)
    found = None
    for chunk in chunks:
        found = field.feed(chunk)
        if found is not None:
            break
    field.rename(name)
    return found, b"".join([field.rewrite(chunk) for chunk in chunks]) + field.rest(), field.length_delta


@pytest.mark.parametrize("body", FORMS)
@pytest.mark.parametrize("name", ["m", "alias", "a-much-longer-name"])
def test_the_model_is_found_and_renamed_at_every_split(body: bytes, name: str) -> None:
    expected = body.replace(b"\r\n\r\nalias\r\n", b"\r\n\r\n" + name.encode() + b"\r\n")
    for cut in range(len(body) + 1):
        assert through([body[:cut], body[cut:]], name) == ("alias", expected, len(name) - len("alias"))
    assert through([body[at : at + 1] for at in range(len(body))], name)[1] == expected


@given(st.lists(st.integers(0, 400), max_size=8), st.sampled_from(FORMS))
def test_an_unchanged_name_leaves_the_bytes_alone_however_they_are_cut(cuts: list[int], body: bytes) -> None:
    assert through(pieces(body, cuts), "alias") == ("alias", body, 0)


@given(st.binary(max_size=300))
def test_file_contents_pass_untouched(content: bytes) -> None:
    if b"--" + BOUNDARY in content:
        return
    body = form(part(b'name="file"; filename="x"', content), MODEL)
    assert through([body], "alias")[1] == body


def test_every_model_field_gets_the_new_name() -> None:
    body = form(MODEL, FILE, part(b"name=model", b"forbidden"))
    assert b"forbidden" not in through([body], "provider")[1]


@pytest.mark.parametrize(
    "hidden",
    [
        part(b'x=1;\r\n name="model"', b"forbidden"),
        part(b"name*=utf-8''model", b"forbidden"),
        part(b'name="mo\\del"', b"forbidden"),
        part(b'name="Model"', b"forbidden"),
        part(b'name=" model"', b"forbidden"),
        part(b'name="file"; name="model"', b"forbidden"),
        part(b'name="file"', b"", b'Content-Disposition: form-data; name="model"'),
        part(b'name="file"', b"", b'Content-Disposition : form-data; name="model"'),
        part(b'name="file"', b"", b'X: y\nContent-Disposition: form-data; name="model"'),
        part(b'name="file"; filename="', b"forbidden"),
        b"--" + BOUNDARY + b'x\r\nContent-Disposition: form-data; name="model"\r\n\r\nforbidden\r\n',
        part(b'name="file"', b"x\n--" + BOUNDARY + b'\nContent-Disposition: form-data; name="model"\n\nforbidden'),
    ],
)
def test_refuses_a_form_in_which_another_parser_could_find_another_model(hidden: bytes) -> None:
    with pytest.raises(GatewayError) as refused:
        through([form(hidden, MODEL)], "provider")
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "disposition",
    [b'name="file"; filename="a; name=model.wav"', b'name="file"; filename="\xc3\xa9 \\"x\\".wav"', b"name=file"],
)
def test_takes_file_names_as_they_come(disposition: bytes) -> None:
    body = form(part(disposition, b"data"), MODEL)
    assert through([body], "alias")[1] == body


@pytest.mark.parametrize(
    "content_type",
    [b"multipart/form-data", b"multipart/form-data; boundary=", b"multipart/form-data; boundary=" + b"x" * 300],
)
def test_refuses_a_content_type_without_a_usable_boundary(content_type: bytes) -> None:
    with pytest.raises(GatewayError):
        ModelField(content_type)


@pytest.mark.parametrize(
    "body",
    [b"x" * 40_000, b"--" + BOUNDARY + b"\r\n" + b"y" * 40_000, form(part(b'name="model"', b"m" * 2000))],
    ids=["no part", "endless head", "endless model"],
)
def test_never_holds_more_than_a_part_needs(body: bytes) -> None:
    with pytest.raises(GatewayError):
        through([body[at : at + 1000] for at in range(0, len(body), 1000)], "m")


def test_refuses_more_parts_than_anybody_needs() -> None:
    with pytest.raises(GatewayError, match="256 parts"):
        through([form(*[EMPTY] * 300, MODEL)], "m")
