"""The input of a stored response, item by item, in the form in which OpenAI's API lists it."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

__all__ = ["ItemPage", "page_of"]

_KINDS = {"message": "msg", "reasoning": "rs", "function_call": "fc", "function_call_output": "fco"}
_decode = msgspec.json.Decoder(list[dict[str, Any]]).decode


class ItemPage(msgspec.Struct, frozen=True, kw_only=True):
    """OpenAI's list."""

    object: str = "list"
    data: list[dict[str, Any]]
    first_id: str | None
    last_id: str | None
    has_more: bool


def page_of(response_id: uuid.UUID, items: bytes, *, after: str | None, limit: int, ascending: bool) -> ItemPage:
    """So many of the items behind the one called `after`; those behind one that there is not are all. What has no id
    gets one.
    """
    every = [_whole(item, response_id, place) for place, item in enumerate(_decode(items))]
    if not ascending:
        every.reverse()
    begin = next((place + 1 for place, item in enumerate(every) if item["id"] == after), 0)
    page = every[begin : begin + limit]
    first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
    return ItemPage(data=page, first_id=first, last_id=last, has_more=begin + limit < len(every))


def _whole(item: dict[str, Any], response_id: uuid.UUID, place: int) -> dict[str, Any]:
    """With the fields that clients may leave out."""
    kind = item.get("type") or "message"
    whole = {**item, "type": kind}
    if not whole.get("id"):
        whole["id"] = f"{_KINDS.get(kind, 'item')}_{response_id}_in_{place}"
    if kind == "message":
        whole.setdefault("status", "completed")
        content = item.get("content")
        if isinstance(content, str):
            part = "output_text" if item.get("role") == "assistant" else "input_text"
            whole["content"] = [{"type": part, "text": content}]
    return whole
