"""Which handling a path under `/ai` gets. See the table of endpoints in the gateway's documentation."""

from __future__ import annotations

from enum import Enum
from urllib.parse import unquote_to_bytes

__all__ = ["AI_PREFIX", "KNOWN", "AiPath", "Handling", "classify", "is_anthropic"]

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


_ENDS = frozenset(("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"))
_USAGE_ON_REQUEST = "/completions"
_MESSAGES = b"/ai/v1/messages"
_ANTHROPIC = b"/ai/anthropic/"
"""The same API, for programs that are told Anthropic's base URL only (`ANTHROPIC_BASE_URL`)."""


def is_anthropic(path: bytes) -> bool:
    """Whether a path belongs to the Messages API, so that errors take its shape."""
    return path == _MESSAGES or path.startswith((_MESSAGES + b"/", _ANTHROPIC))


class AiPath:
    """One path's handling. `api_path` is the provider's view: `/v1/chat/completions`."""

    __slots__ = (
        "anthropic", "api_path", "ends_explicitly", "generates", "handling", "metered", "repeatable",
        "usage_on_request",
    )  # fmt: skip

    def __init__(
        self,
        handling: Handling,
        api_path: str,
        *,
        metered: bool = True,
        generates: bool = True,
        repeatable: bool = False,
        anthropic: bool = False,
    ) -> None:
        self.handling = handling
        self.api_path = api_path
        self.anthropic = anthropic or is_anthropic(b"/ai" + api_path.encode("latin-1"))
        """Answers of ours take Anthropic's shape."""
        completions = api_path.rstrip("/").lower().endswith(_USAGE_ON_REQUEST)
        self.usage_on_request = completions
        """Streams carry usage only when `stream_options.include_usage` asks for it."""
        self.ends_explicitly = completions or api_path in _ENDS
        """A stream that stops without a finish reason or its terminal event has been cut off."""
        self.metered = metered or completions
        """An answer without usage is estimated; off where an answer has no tokens to count."""
        self.generates = generates
        """The answer is made of tokens; off for embeddings, which only read."""
        self.repeatable = repeatable
        """Short, and asked twice it does nothing twice: a second attempt may begin beside the first one."""


def _json(api_path: str, *, metered: bool = True, generates: bool = True, repeatable: bool = False) -> AiPath:
    return AiPath(Handling.JSON, api_path, metered=metered, generates=generates, repeatable=repeatable)


KNOWN = {
    b"/ai" + path.api_path.encode(): path
    for path in (
        _json("/v1/chat/completions"),
        _json("/v1/completions"),
        _json("/v1/embeddings", generates=False, repeatable=True),
        _json("/v1/responses"),
        _json("/v1/responses/compact"),
        _json("/v1/responses/input_tokens", metered=False),
        _json("/v1/messages"),
        _json("/v1/messages/count_tokens", metered=False),
        _json("/v1/moderations", metered=False, repeatable=True),
        _json("/v1/rerank", metered=False, repeatable=True),
        _json("/v2/rerank", metered=False, repeatable=True),
        _json("/v1/score", metered=False, repeatable=True),
        _json("/v1/images/generations", metered=False),
        _json("/v1/audio/speech", metered=False),
        AiPath(Handling.MULTIPART, "/v1/images/edits", metered=False),
        AiPath(Handling.MULTIPART, "/v1/images/variations", metered=False),
        AiPath(Handling.MULTIPART, "/v1/audio/transcriptions", metered=False),
        AiPath(Handling.MULTIPART, "/v1/audio/translations", metered=False),
        AiPath(Handling.MODELS, "/v1/models"),
        AiPath(Handling.REALTIME, "/v1/realtime", metered=False),
    )
}
"""The paths that providers' APIs have in common."""
KNOWN |= {b"/ai/anthropic" + path.api_path.encode(): path for path in KNOWN.values() if path.anthropic} | {
    b"/ai/anthropic/v1/models": AiPath(Handling.MODELS, "/v1/models", anthropic=True)
}
_CONTROL_PREFIXES = (b"/ai/v1/files", b"/ai/v1/batches", b"/ai/v1/daemons", b"/ai/v1/responses")
_CONTROL_EXACT = (b"/ai/openapi.json", b"/ai/docs")
_MODELS = b"/ai/v1/models/"
_ANTHROPIC_MODELS = b"/ai/anthropic/v1/models/"


def classify(path: bytes) -> AiPath | None:
    """The handling of a path that begins with `/ai/`; `None` for one that could be read as another path."""
    known = KNOWN.get(path)
    if known is not None:
        return known
    # A provider may take another spelling for the same path: what is accounted for must not depend on it.
    plain = unquote_to_bytes(path)
    if not _is_plain(plain):
        return None
    plain = plain.removesuffix(b"/")
    known = KNOWN.get(plain) or KNOWN.get(plain.lower())
    if known is not None:
        return known
    if path.startswith(_ANTHROPIC):
        handling = Handling.MODELS if path.startswith(_ANTHROPIC_MODELS) else Handling.OPEN
        return AiPath(handling, path[len(_ANTHROPIC) - 1 :].decode("latin-1"), metered=False, anthropic=True)
    api_path = path[3:].decode("latin-1")
    if path.startswith(_MODELS):
        return AiPath(Handling.MODELS, api_path)
    for prefix in _CONTROL_PREFIXES:
        if path == prefix or path.startswith(prefix + b"/"):
            return AiPath(Handling.CONTROL, api_path)
    if path in _CONTROL_EXACT:
        return AiPath(Handling.CONTROL, api_path)
    return AiPath(Handling.OPEN, api_path, metered=False)


def _is_plain(path: bytes) -> bool:
    """No empty, `.` or `..` segment, whose meaning is a matter of taste (RFC 3986, 5.2.4)."""
    segments = path.replace(b"\\", b"/").removesuffix(b"/").split(b"/")[1:]
    return not any(segment in (b"", b".", b"..") for segment in segments)
