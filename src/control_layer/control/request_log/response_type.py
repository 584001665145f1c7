"""What kind of answer a request got, from the path it asked and whether the answer was streamed."""

from __future__ import annotations

__all__ = ["response_type"]

_KINDS = {
    "chat/completions": "chat_completion",
    "completions": "completion",
    "responses": "response",
    "messages": "message",
    "embeddings": "embeddings",
    "rerank": "rerank",
    "score": "score",
    "moderations": "moderation",
    "images/generations": "image",
    "images/edits": "image",
    "images/variations": "image",
    "audio/speech": "speech",
    "audio/transcriptions": "transcription",
    "audio/translations": "translation",
}
_SUCCESS = range(200, 300)


def response_type(path: str, status: int | None, *, stream: bool) -> str | None:
    """Such as `chat_completion`, or `chat_completion_stream`; `other` on paths we do not know. `None`: an error."""
    if status not in _SUCCESS:
        return None
    _, _, endpoint = path.removeprefix("/ai/").partition("/")
    kind = _KINDS.get(endpoint.strip("/").lower(), "other")
    return f"{kind}_stream" if stream else kind
