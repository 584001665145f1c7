"""Documents of plain text, as the text that a model reads where its API takes no documents."""

from __future__ import annotations

from base64 import b64decode

from control_layer.gateway.dialects.conversation import Document

__all__ = ["PDF", "kind_of", "text_of"]

PDF = "application/pdf"
_WRITTEN = ("application/json", "application/xml")
_BETWEEN_TEXTS = "\n\n"


def kind_of(document: Document) -> str:
    """Its media type without parameters; a document that does not say is a PDF."""
    return (document.media_type or PDF).partition(";")[0].strip().lower()


def text_of(document: Document) -> str | None:
    """The title and the context before it. `None` for what is no text (UTF-8), or not there."""
    text = document.text
    if text is None and document.data is not None:
        text = _decoded(document.data, kind_of(document))
    if text is None:
        return None
    return _BETWEEN_TEXTS.join(said for said in (document.name, document.context, text) if said)


def _decoded(data: str, kind: str) -> str | None:
    if not kind.startswith("text/") and kind not in _WRITTEN:
        return None
    try:
        return b64decode(data, validate=True).decode()
    except ValueError:
        return None
