"""Forms said as JSON: what they say, and that nothing is in them that another parser could find elsewhere."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.gateway.errors import GatewayError
from control_layer.gateway.held_forms import form_as_json
from control_layer.gateway.multipart import ModelField

BOUNDARY = b"----boundary7MA4YWxkTrZu0gW"
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"
END = b"--" + BOUNDARY + b"--\r\n"


def part(disposition: bytes, value: bytes, *more: bytes) -> bytes:
    head = b"\r\n".join([b"Content-Disposition: form-data; " + disposition, *more])
    return b"--" + BOUNDARY + b"\r\n" + head + b"\r\n\r\n" + value + b"\r\n"


MODEL, PROMPT = part(b'name="model"', b"painter"), part(b'name="prompt"', b"A b\xc3\xb6at.")
PICTURE = part(b'name="image"; filename="a.png"', PNG, b"Content-Type: application/octet-stream")


def read(*parts: bytes, end: bytes = END) -> dict[str, Any]:
    """What the gateway does: the form is walked through as it comes, and taken apart at its end."""
    body = b"".join(parts) + end
    field = ModelField(b"multipart/form-data; boundary=" + BOUNDARY)
    for at in range(0, len(body), 50):
        field.feed(body[at : at + 50])
    found: dict[str, Any] = msgspec.json.decode(form_as_json(field.boundary, bytearray(body), "alias"))
    return found


def test_a_form_is_the_same_request_in_json() -> None:
    more = (part(b'name="n"', b"2"), part(b'name="stream"', b"false"), part(b"name=size", b"1024x1024"))
    assert read(MODEL, PICTURE, PROMPT, *more, part(b'name="user"', b"7")) == {
        "model": "alias",
        "prompt": "A böat.",
        "n": 2,
        "stream": False,
        "size": "1024x1024",
        "user": "7",
        "images": [{"image_url": "data:image/png;base64,iVBORw0KGgo="}],
    }


@pytest.mark.parametrize("name", [b"image", b"image[]", b"image[1]"])
def test_pictures_stand_in_the_order_in_which_they_came(name: bytes) -> None:
    pictures = [part(b'name="%b"; filename="a"' % name, start) for start in (PNG, JPEG, PNG)]
    kinds = [each["image_url"][:15] for each in read(PROMPT, *pictures)["images"]]
    assert kinds == ["data:image/png;", "data:image/jpeg", "data:image/png;"]


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (PNG, "png"),
        (JPEG, "jpeg"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "webp"),
        (b"GIF89a", "gif"),
        (b"\0\0\0\x18ftypheic", "heic"),
        (b"\0\0\0\x18ftypmif1", "heif"),
    ],
)
def test_what_a_picture_is_it_says_itself(start: bytes, kind: str) -> None:
    (picture,) = read(part(b'name="image"; filename="a.txt"', start + b"...", b"Content-Type: text/plain"))["images"]
    assert picture["image_url"].startswith(f"data:image/{kind};base64,")


@given(st.binary(max_size=300), st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
def test_whatever_is_in_it_arrives(content: bytes, text: str) -> None:
    if BOUNDARY in content or BOUNDARY.decode() in text:
        return
    found = read(part(b'name="prompt"', text.encode()), part(b'name="image"; filename="a"', PNG + content), MODEL)
    assert found["prompt"] == text
    assert msgspec.json.decode(f'"{found["images"][0]["image_url"].partition(",")[2]}"', type=bytes) == PNG + content


def test_other_files_are_named_and_not_looked_into() -> None:
    assert read(PICTURE, part(b'name="mask"; filename="m.png"', PNG))["mask"] == {"file": True}


@pytest.mark.parametrize(
    "body",
    [
        b"preamble\r\n" + PROMPT + PICTURE + END,
        b"\r\n" + PROMPT + PICTURE + END,
        PROMPT + PICTURE,
        PROMPT + PICTURE + b"--" + BOUNDARY + b"\r\n",
        PROMPT + PICTURE + END + b"epilogue",
        PROMPT + PICTURE + END + part(b'name="user"', b"x") + END,
        PROMPT + PROMPT + PICTURE + END,
        PROMPT + PICTURE + part(b'name="mask"; filename="a"', b"") + part(b'name="mask"; filename="b"', b"") + END,
        part(b'name="prompt"', b"\xff") + PICTURE + END,
        part(b'name="prompt"', b"QQ==", b"Content-Transfer-Encoding: base64") + PICTURE + END,
        part(b'name="pro\\mpt"', b"x") + PICTURE + END,
        part(b'name="pro mpt"', b"x") + PICTURE + END,
        part(b'name=""', b"x") + PICTURE + END,
        part(b'x="prompt"', b"x") + PICTURE + END,
        part(b'name="prompt"; name="user"', b"x") + PICTURE + END,
        b"--" + BOUNDARY + b"\r\n\r\nx\r\n" + PICTURE + END,
        b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="prompt"\r\n' + PICTURE + END,
        b"--" + BOUNDARY + b"\r\nX: y\r\n" + PROMPT + PICTURE + END,
        b"--" + BOUNDARY + b"-\r\nX: y\r\n\r\n" + PROMPT + PICTURE + END,
        PROMPT + PICTURE + b"--" + BOUNDARY + b"x--\r\n",
        PROMPT.replace(b"\r\n--", b"\n--") + PICTURE.replace(b"\r\n--", b"\n--") + b"\n" + END,
    ],
)
def test_a_form_that_could_be_read_in_two_ways_is_refused(body: bytes) -> None:
    with pytest.raises(GatewayError) as refused:
        read(body, end=b"")
    assert (refused.value.status, refused.value.code) == (400, "invalid_form")


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ([PROMPT], "image"),
        ([PROMPT, part(b'name="image"', PNG)], "image"),
        ([PROMPT, part(b'name="image"; filename="a.png"', b"")], "image"),
        ([PROMPT, part(b'name="image"; filename="a.png"', b"<svg/>")], "image"),
        ([PROMPT, PICTURE, part(b'name="images"', b"x")], "images"),
    ],
)
def test_what_is_wrong_with_its_pictures_is_said_by_name(parts: list[bytes], param: str) -> None:
    with pytest.raises(GatewayError) as refused:
        read(MODEL, *parts)
    assert (refused.value.status, refused.value.param) == (400, param)
