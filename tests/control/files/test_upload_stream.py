"""However an upload is cut into pieces, the same comes out of it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.control.errors import ControlError
from control_layer.control.files.form import UploadForm
from control_layer.control.files.lines import Lines, LineTooLong

_BOUNDARY = "----boundary"
_TYPE = f"multipart/form-data; boundary={_BOUNDARY}"
_contents = st.binary(max_size=400) | st.lists(st.sampled_from([b"\r\n", b"--", b"----boundary", b"a", b"\n"])).map(
    b"".join
)


def _form(content: bytes) -> bytes:
    return (
        (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="ignored"\r\n\r\n\x00\r\n'
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="../dir/ré\t.jsonl"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        + content
        + f"\r\n--{_BOUNDARY}--\r\n".encode()
    )


def _pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


def _feed(form: UploadForm, pieces: list[bytes]) -> bytes:
    found = b"".join(form.feed(piece) for piece in pieces)
    form.finish()
    return found


@given(content=_contents, cuts=st.lists(st.integers(0, 10_000), max_size=30))
def test_a_form_is_the_same_however_it_is_cut(content: bytes, cuts: list[int]) -> None:
    if b"\r\n--" + _BOUNDARY.encode() in b"\r\n" + content:
        return  # the end of the part, by the format's own rule
    form = UploadForm(_TYPE)
    assert _feed(form, _pieces(_form(content), cuts)) == content
    assert form.fields == {"purpose": "batch"}
    assert form.filename == "ré.jsonl"


@given(cuts=st.lists(st.integers(0, 10_000), max_size=5), length=st.integers(0, 300))
def test_a_form_that_breaks_off_is_refused(cuts: list[int], length: int) -> None:
    whole = _form(b"content")
    form = UploadForm(_TYPE)
    pieces = _pieces(whole[: min(length, len(whole) - 4)], cuts)
    with pytest.raises(ControlError):
        _feed(form, pieces)


@given(
    lines=st.lists(st.binary(max_size=40).map(lambda text: text.replace(b"\n", b""))),
    cuts=st.lists(st.integers(0, 10_000), max_size=30),
)
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], cuts: list[int]) -> None:
    content = b"\n".join(lines)
    reader = Lines(max_bytes=100)
    found = [each for piece in _pieces(content, cuts) for each in reader.feed(piece)] + list(reader.finish())
    stripped = [
        (number, (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip(b" \t\r"))
        for number, line in enumerate(lines, 1)
    ]
    assert found == [(number, line) for number, line in stripped if line]


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    reader = Lines(max_bytes=100)
    list(reader.feed(b"fits\n" + b"x" * 100))
    with pytest.raises(LineTooLong, match="line 2"):
        list(reader.feed(b"x"))
