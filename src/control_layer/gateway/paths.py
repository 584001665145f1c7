"""Which handling a path under `/ai` gets. See the table of endpoints in the gateway's documentation."""

from __future__ import annotations

from enum import Enum

__all__ = ["AI_PREFIX", "AiPath", "Handling", "classify"]

AI_PREFIX = b"/ai/"


class Handling(Enum):
    """How the model of a request is found and who answers."""

    JSON = "json"
    """Model in a JSON body, which is read whole."""
    MULTIPART = "multipart"
    """Model in a form field; files stream through."""
    MODELS = "models"
    """Answered from the snapshot."""
    CONTROL = "control"
    """Handed to the control plane."""
    REALTIME = "realtime"
    """WebSocket."""
    OPEN = "open"
    """A path we do not know: forwarded when a JSON body, `x-model` or `?model=` names a model."""


_EXPLICIT_ENDS = frozenset(("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"))


class AiPath:
    """One path's handling. `api_path` is the provider's view: `/v1/chat/completions`."""

    __slots__ = ("anthropic", "api_path", "ends_explicitly", "handling", "metered", "usage_on_request")

    def __init__(
        self, handling: Handling, api_path: str, *, usage_on_request: bool = False, metered: bool = True
    ) -> None:
        self.handling = handling
        self.api_path = api_path
        self.anthropic = api_path.startswith("/v1/messages")
        self.usage_on_request = usage_on_request
        """Streams carry usage only when `stream_options.include_usage` asks for it."""
        self.ends_explicitly = handling is Handling.JSON and api_path in _EXPLICIT_ENDS
        """A stream that stops without a finish reason or its terminal event has been cut off."""
        self.metered = metered
        """An answer without usage is estimated; off where an answer has no tokens to count."""


def _json(api_path: str, *, usage_on_request: bool = False, metered: bool = True) -> AiPath:
    return AiPath(Handling.JSON, api_path, usage_on_request=usage_on_request, metered=metered)


_KNOWN = {
    b"/ai" + path.api_path.encode(): path
    for path in (
        _json("/v1/chat/completions", usage_on_request=True),
        _json("/v1/completions", usage_on_request=True),
        _json("/v1/embeddings"),
        _json("/v1/responses"),
        _json("/v1/messages"),
        _json("/v1/messages/count_tokens", metered=False),
        _json("/v1/moderations", metered=False),
        _json("/v1/rerank", metered=False),
        _json("/v2/rerank", metered=False),
        _json("/v1/score", metered=False),
        _json("/v1/images/generations", metered=False),
        _json("/v1/audio/speech", metered=False),
        AiPath(Handling.MULTIPART, "/v1/images/edits", metered=False),
        AiPath(Handling.MULTIPART, "/v1/images/variations", metered=False),
        AiPath(Handling.MULTIPART, "/v1/audio/transcriptions", metered=False),
        AiPath(Handling.MULTIPART, "/v1/audio/translations", metered=False),
        AiPath(Handling.MODELS, "/v1/models"),
        AiPath(Handling.REALTIME, "/v1/realtime"),
    )
}
_CONTROL_PREFIXES = (b"/ai/v1/files", b"/ai/v1/batches", b"/ai/v1/daemons")
_CONTROL_EXACT = (b"/ai/openapi.json", b"/ai/docs")
_RESPONSES = b"/ai/v1/responses/"
_MODELS = b"/ai/v1/models/"


def classify(path: bytes) -> AiPath:
    """The handling of a path that begins with `/ai/`."""
    known = _KNOWN.get(path)
    if known is not None:
        return known
    api_path = path[3:].decode("latin-1")
    if path.startswith(_MODELS):
        return AiPath(Handling.MODELS, api_path)
    for prefix in _CONTROL_PREFIXES:
        if path == prefix or path.startswith(prefix + b"/"):
            return AiPath(Handling.CONTROL, api_path)
    if path.startswith(_RESPONSES) or path in _CONTROL_EXACT:
        return AiPath(Handling.CONTROL, api_path)
    return AiPath(Handling.OPEN, api_path, metered=False)
