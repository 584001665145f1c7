"""The words of OpenTelemetry's semantic conventions (1.44) for what we know by path and by address.

Where they have no word for an operation or a provider they leave it to us.
"""

from __future__ import annotations

__all__ = ["operation_of", "provider_of", "route_of"]

_OPERATIONS = {
    "/ai/v1/chat/completions": "chat",
    "/ai/v1/completions": "text_completion",
    "/ai/v1/responses": "chat",
    "/ai/v1/responses/compact": "chat",
    "/ai/v1/responses/input_tokens": "count_tokens",
    "/ai/v1/messages": "chat",
    "/ai/v1/messages/count_tokens": "count_tokens",
    "/ai/v1/embeddings": "embeddings",
    "/ai/v1/moderations": "moderation",
    "/ai/v1/rerank": "rerank",
    "/ai/v2/rerank": "rerank",
    "/ai/v1/score": "score",
    "/ai/v1/images/generations": "image_generation",
    "/ai/v1/images/edits": "image_edit",
    "/ai/v1/images/variations": "image_variation",
    "/ai/v1/audio/speech": "speech",
    "/ai/v1/audio/transcriptions": "transcription",
    "/ai/v1/audio/translations": "translation",
    "/ai/v1/realtime": "realtime",
}
_HOSTS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "api.mistral.ai": "mistral_ai",
    "api.groq.com": "groq",
    "api.deepseek.com": "deepseek",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
}
_ENDS = (
    (".openai.azure.com", "azure.ai.openai"),
    (".services.ai.azure.com", "azure.ai.inference"),
    (".models.ai.azure.com", "azure.ai.inference"),
    ("-aiplatform.googleapis.com", "gcp.vertex_ai"),
    (".ml.cloud.ibm.com", "ibm.watsonx.ai"),
)
"""Of hosts' names that begin with a region or an account."""
_BEDROCK = "bedrock"
_AMAZON = ".amazonaws.com"


def route_of(path: str) -> str | None:
    """`path` where it is one of a few: span names must not grow with what clients send."""
    plain = path.rstrip("/").lower()
    return plain if plain in _OPERATIONS else None


def operation_of(path: str) -> str | None:
    """`gen_ai.operation.name`, as far as the path tells it."""
    return _OPERATIONS.get(path.rstrip("/").lower())


def provider_of(host: str, endpoint: str) -> str:
    """`gen_ai.provider.name`: the well-known one of the host, else the endpoint's name."""
    known = _HOSTS.get(host)
    if known is not None:
        return known
    if host.startswith(_BEDROCK) and host.endswith(_AMAZON):
        return "aws.bedrock"
    return next((provider for end, provider in _ENDS if host.endswith(end)), endpoint)
