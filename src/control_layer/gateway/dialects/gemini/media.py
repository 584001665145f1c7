"""Images, sound and documents as parts: with their data, by a URL, or by the name of a file at Google."""

from __future__ import annotations

from urllib.parse import urlsplit

from control_layer.gateway.dialects.conversation import Audio, Document, Image
from control_layer.gateway.dialects.documents import PDF, kind_of, text_of
from control_layer.gateway.dialects.gemini.requests import Blob, FileData, Part

__all__ = ["audio_part", "document_part", "image_part"]

_PNG = "image/png"
_SEEN_AND_HEARD = ("image/", "audio/", "video/")
_TYPES = {
    "png": _PNG,
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": PDF,
    "txt": "text/plain",
    "html": "text/html",
    "csv": "text/csv",
}
"""Of what a URL names, by its ending."""
_FILES = "https://generativelanguage.googleapis.com/v1beta/"
"""Before a name such as `files/abc-123`, under which Google's Files API keeps what was uploaded."""


def image_part(image: Image) -> Part | None:
    """`None` where there is no image that Gemini can get at."""
    if image.data is not None:
        blob = Blob(image.media_type or _PNG, image.data)
        return Part(inline_data=blob, thought_signature=image.signature)
    return _by_reference(image.url, image.file_id, image.media_type)


def audio_part(audio: Audio) -> Part | None:
    """`None` where there is no sound."""
    return Part(inline_data=Blob(f"audio/{audio.format or 'wav'}", audio.data)) if audio.data else None


def document_part(document: Document) -> Part | None:
    """Plain text is said as text. `None` for what Gemini cannot read."""
    text = text_of(document)
    if text is not None:
        return Part(text=text)
    if document.data is None:
        return _by_reference(document.url, document.file_id, document.media_type)
    kind = kind_of(document)
    readable = kind == PDF or kind.startswith(_SEEN_AND_HEARD)
    return Part(inline_data=Blob(kind, document.data)) if readable else None


def _by_reference(url: str | None, file_id: str | None, media_type: str | None) -> Part | None:
    if url is not None:
        ending = urlsplit(url).path.rpartition(".")[2].lower()
        return Part(file_data=FileData(url, media_type or _TYPES.get(ending)))
    if file_id is None:
        return None
    if file_id.startswith("files/"):
        return Part(file_data=FileData(_FILES + file_id, media_type))
    return Part(file_data=FileData(file_id, media_type)) if file_id.startswith(("https://", "gs://")) else None
