"""Pictures, sound and documents as Converse takes them: data in formats that it names, or objects in S3."""

from __future__ import annotations

import re
from base64 import b64encode

from control_layer.gateway.dialects.bedrock.requests import (
    CitationsConfig,
    CitedText,
    DocumentParam,
    Media,
    S3Location,
    SearchResultParam,
    Source,
)
from control_layer.gateway.dialects.conversation import Audio, Document, Image

__all__ = ["Documents", "Untold", "audio_of", "image_of", "search_result_of"]

_S3 = "s3://"
_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_SOUNDS = frozenset(("mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "m4a", "webm", "pcm"))
_DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
    "application/json": "txt",
    "application/xml": "txt",
}
_EXTENSION = re.compile(r"\.(png|jpe?g|gif|webp|pdf|csv|docx?|xlsx?|html|txt|md)$", re.IGNORECASE)
_NOT_OF_A_NAME = re.compile(r"[^0-9A-Za-z\s()\[\]-]+")
_MAX_NAME = 180


class Untold(Exception):
    """Bedrock cannot be shown it; says why."""


def image_of(image: Image) -> Media:
    """Raises `Untold`."""
    if image.data is not None:
        kind = _IMAGES.get((image.media_type or "image/png").lower())
        if kind is None:
            raise Untold("Bedrock sees PNG, JPEG, GIF and WebP.")
        return Media(kind, Source(bytes=image.data))
    location = _location(image.url, "The image")
    kind = _extension(image.url)
    if kind is None or kind not in _IMAGES.values():
        raise Untold("The object's name must end in .png, .jpg, .gif or .webp.")
    return Media(kind, location)


def audio_of(audio: Audio) -> Media:
    """Raises `Untold`."""
    if audio.format not in _SOUNDS or not audio.data:
        raise Untold("Bedrock does not hear sound of this format.")
    return Media(audio.format, Source(bytes=audio.data))


def search_result_of(document: Document) -> SearchResultParam:
    """A document that a search has found."""
    return SearchResultParam(
        document.context or "",
        document.name or "",
        [CitedText(piece) for piece in document.found],
        CitationsConfig(True) if document.citations else None,
    )


class Documents:
    """The documents of one request, whose names must differ."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: set[str] = set()

    def document_of(self, document: Document) -> DocumentParam:
        """Raises `Untold`."""
        kind, source = _read(document)
        return DocumentParam(
            self._name(document.name),
            source,
            kind,
            document.context,
            CitationsConfig(True) if document.citations else None,
        )

    def _name(self, given: str | None) -> str:
        """The name with the letters that the API allows, and a number where it was given before."""
        words = _NOT_OF_A_NAME.sub(" ", _EXTENSION.sub("", given or "")).split()
        name = base = " ".join(words)[:_MAX_NAME].strip() or "document"
        number = 1
        while name in self._names:
            number += 1
            name = f"{base} {number}"
        self._names.add(name)
        return name


def _read(document: Document) -> tuple[str, Source]:
    if document.text is not None:
        return "txt", Source(bytes=b64encode(document.text.encode()).decode())
    kind = (document.media_type or "application/pdf").partition(";")[0].strip().lower()
    if document.data is None:
        location = _location(document.url, "The document")
        return _extension(document.url) or _DOCUMENTS.get(kind, "pdf"), location
    found = _DOCUMENTS.get(kind) or ("txt" if kind.startswith("text/") else None)
    if found is None:
        raise Untold("Bedrock reads PDF, CSV, Word, Excel, HTML, Markdown and plain text.")
    return found, Source(bytes=document.data)


def _location(url: str | None, what: str) -> Source:
    if url is None:
        raise Untold(f"{what} must come as data: Bedrock knows no files that were uploaded elsewhere.")
    if not url.startswith(_S3):
        raise Untold(f"{what} must come as data, or lie in S3 (`s3://…`): Bedrock fetches nothing.")
    return Source(s3_location=S3Location(url))


def _extension(url: str | None) -> str | None:
    found = _EXTENSION.search(url or "")
    return None if found is None else found[1].lower().replace("jpg", "jpeg")
