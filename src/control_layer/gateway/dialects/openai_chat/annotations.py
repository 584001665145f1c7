"""Citations in OpenAI's form: pages of the web, each with the characters of the answer that it is for."""

from __future__ import annotations

import msgspec

__all__ = ["numbered", "own_annotations"]

_KIND = "url_citation"


class _Annotation(msgspec.Struct):
    type: str = ""


class _Place(msgspec.Struct):
    start_index: int | None = None
    end_index: int | None = None


_decode = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_kind = msgspec.json.Decoder(_Annotation).decode
_decode_place = msgspec.json.Decoder(_Place).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def own_annotations(citations: msgspec.Raw | None, before: int = 0) -> list[msgspec.Raw]:
    """Those citations that are of OpenAI's form. They count from the beginning of the part that they belong to: so many
    characters of the answer stand before it.
    """
    if citations is None:
        return []
    try:
        own = [each for each in _decode(citations) if _decode_kind(each).type == _KIND]
        return [_moved(each, before) for each in own] if before else own
    except msgspec.MsgspecError:
        return []


def numbered(annotations: list[msgspec.Raw], first: int) -> list[msgspec.Raw]:
    """The same with an `index` each, from `first` on: clients put the lists of a stream's deltas together by it."""
    return [
        msgspec.Raw(_encode({**_decode_fields(annotation), "index": index}))
        for index, annotation in enumerate(annotations, first)
    ]


def _moved(annotation: msgspec.Raw, by: int) -> msgspec.Raw:
    fields = _decode_fields(annotation)
    page = fields.get(_KIND)
    if page is None:
        return annotation
    place, moved = _decode_place(page), _decode_fields(page)
    for name, index in (("start_index", place.start_index), ("end_index", place.end_index)):
        if index is not None:
            moved[name] = msgspec.Raw(b"%d" % (index + by))
    return msgspec.Raw(_encode({**fields, _KIND: moved}))
