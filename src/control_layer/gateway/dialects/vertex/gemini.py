"""Gemini models at Vertex AI (https://docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest).

Its requests differ from those of the Gemini API: calls of functions have no ids, tiers are said in the head, tokens are
counted of the request itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.dialect import Outgoing
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.gateway.dialects.gemini import Gemini
from control_layer.gateway.dialects.gemini.provider_requests import written
from control_layer.gateway.dialects.gemini.requests import Content, Part, RequestBody
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.vertex.embeddings import read_embeddings, write_embeddings
from control_layer.gateway.dialects.vertex.models import method_path
from control_layer.wire import Header

__all__ = ["VERTEX_GEMINI", "VertexGemini"]

_TIER = b"x-vertex-ai-llm-shared-request-type"
_SHARED: Header = (b"x-vertex-ai-llm-request-type", b"shared")
"""Not from a throughput that was bought, which has no tiers."""
_TIERS = frozenset(("flex", "priority"))

_encode = msgspec.json.Encoder().encode


class VertexGemini(Gemini):
    """As at the Gemini API, but for what differs."""

    __slots__ = ()

    def write_request(self, conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
        omissions = Omissions(lenient=lenient)
        body = written(conversation, model, omissions)
        tier = body.service_tier
        headers = (_SHARED, (_TIER, tier.encode())) if tier in _TIERS else ()
        streams = conversation.stream
        return Outgoing(
            method_path(model, "streamGenerateContent" if streams else "generateContent"),
            _encode(_as_vertex(body)),
            headers,
            b"alt=sse" if streams else b"",
            omissions.dropped,
            first_call_only=conversation.parallel_tool_calls is False,
        )

    def write_embeddings(self, asked: EmbeddingsAsked, model: str, *, lenient: bool) -> Outgoing:
        return write_embeddings(asked, model, lenient=lenient)

    def read_embeddings(self, body: bytes, _headers: Sequence[Header] = ()) -> EmbeddingsGiven:
        return read_embeddings(body)

    def write_count(self, conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
        omissions = Omissions(lenient=lenient)
        request = msgspec.structs.replace(_as_vertex(written(conversation, model, omissions)), tool_config=None)
        return Outgoing(method_path(model, "countTokens"), _encode(request), dropped=omissions.dropped)

    def asked(self, body: RequestBody, model: str, omissions: Omissions) -> Outgoing:
        return Outgoing(method_path(model, "generateContent"), _encode(_as_vertex(body)), dropped=omissions.dropped)


VERTEX_GEMINI = VertexGemini()


def _as_vertex(body: RequestBody) -> RequestBody:
    contents = [Content([_without_id(part) for part in content.parts], content.role) for content in body.contents]
    return msgspec.structs.replace(body, contents=contents, service_tier=None)


def _without_id(part: Part) -> Part:
    """Results stand in the order of their calls: that tells which is which."""
    call, response = part.function_call, part.function_response
    if call is not None and call.id is not None:
        return msgspec.structs.replace(part, function_call=msgspec.structs.replace(call, id=None))
    if response is not None and response.id is not None:
        return msgspec.structs.replace(part, function_response=msgspec.structs.replace(response, id=None))
    return part
