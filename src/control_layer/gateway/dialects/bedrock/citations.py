"""Citations of Converse, in the forms that clients know, and back.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Citation.html. Places in documents and search
results are told as Anthropic does, pages of the web as OpenAI does: Anthropic tells those by codes of its own making.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from control_layer.gateway.dialects.bedrock.requests import (
    CitationParam,
    CitedText,
    DocumentSpan,
    LocationParam,
    SearchResultSpan,
)

__all__ = ["Citation", "citations_for_bedrock", "citations_for_clients"]

_TITLE = "document_title"


class _Said(msgspec.Struct):
    text: str = ""


class _Span(msgspec.Struct, rename="camel"):
    start: int
    end: int
    document_index: int | None = None
    search_result_index: int | None = None


class _Web(msgspec.Struct):
    url: str | None = None


class _Location(msgspec.Struct, rename="camel"):
    """One of these."""

    document_char: _Span | None = None
    document_page: _Span | None = None
    document_chunk: _Span | None = None
    search_result_location: _Span | None = None
    web: _Web | None = None


class Citation(msgspec.Struct, rename="camel"):
    """One, whole or in a stream."""

    title: str | None = None
    source: str | None = None
    source_content: list[_Said] = []
    location: _Location | None = None


class _Cited(msgspec.Struct):
    """One in Anthropic's form, of any type."""

    type: str = ""
    cited_text: str = ""
    document_index: int | None = None
    document_title: str | None = None
    start_char_index: int | None = None
    end_char_index: int | None = None
    start_page_number: int | None = None
    end_page_number: int | None = None
    start_block_index: int | None = None
    end_block_index: int | None = None
    search_result_index: int | None = None
    source: str | None = None
    title: str | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[_Cited]).decode


def citations_for_clients(citations: Iterable[Citation], length: int) -> msgspec.Raw | None:
    """`Text.citations` of a part that has `length` characters; `None` where no client knows their like."""
    told = [form for citation in citations if (form := _told(citation, length)) is not None]
    return msgspec.Raw(_encode(told)) if told else None


def _told(citation: Citation, length: int) -> dict[str, Any] | None:
    at = citation.location or _Location()
    cited = "".join(piece.text for piece in citation.source_content)
    if at.web is not None and at.web.url:
        page = {"url": at.web.url, "title": citation.title or at.web.url, "start_index": 0, "end_index": length}
        return {"type": "url_citation", "url_citation": page}
    if (span := at.document_char) is not None:
        where = {"start_char_index": span.start, "end_char_index": span.end}
        return _in_document("char_location", cited, citation, span, where)
    if (span := at.document_page) is not None:
        where = {"start_page_number": span.start, "end_page_number": span.end}
        return _in_document("page_location", cited, citation, span, where)
    if (span := at.document_chunk) is not None:
        where = {"start_block_index": span.start, "end_block_index": span.end}
        return _in_document("content_block_location", cited, citation, span, where)
    span = at.search_result_location
    if span is None or span.search_result_index is None:
        return None
    return {
        "type": "search_result_location", "cited_text": cited, "search_result_index": span.search_result_index,
        "source": citation.source or "", "title": citation.title, "start_block_index": span.start,
        "end_block_index": span.end,
    }  # fmt: skip


def _in_document(
    kind: str, cited: str, citation: Citation, span: _Span, where: dict[str, int]
) -> dict[str, Any] | None:
    if span.document_index is None:
        return None
    found = {"type": kind, "cited_text": cited, "document_index": span.document_index, _TITLE: citation.title}
    return {**found, **where}


def citations_for_bedrock(citations: msgspec.Raw) -> list[CitationParam]:
    """Those that clients of the Messages API give back; others are left out."""
    try:
        found = _decode(citations)
    except msgspec.MsgspecError:
        return []
    return [param for cited in found if (param := _param(cited)) is not None]


def _param(cited: _Cited) -> CitationParam | None:
    match cited.type:
        case "char_location":
            at = LocationParam(document_char=_document(cited, cited.start_char_index, cited.end_char_index))
        case "page_location":
            at = LocationParam(document_page=_document(cited, cited.start_page_number, cited.end_page_number))
        case "content_block_location":
            at = LocationParam(document_chunk=_document(cited, cited.start_block_index, cited.end_block_index))
        case "search_result_location":
            at = LocationParam(search_result_location=_search_result(cited))
        case _:
            return None
    if at == LocationParam():
        return None
    text = [CitedText(cited.cited_text)] if cited.cited_text else None
    return CitationParam(at, cited.document_title or cited.title, cited.source, text)


def _document(cited: _Cited, start: int | None, end: int | None) -> DocumentSpan | None:
    if cited.document_index is None or start is None or end is None:
        return None
    return DocumentSpan(cited.document_index, start, end)


def _search_result(cited: _Cited) -> SearchResultSpan | None:
    index, start, end = cited.search_result_index, cited.start_block_index, cited.end_block_index
    return None if index is None or start is None or end is None else SearchResultSpan(index, start, end)
