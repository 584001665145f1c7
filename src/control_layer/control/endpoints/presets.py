"""Well-known providers: what an endpoint of theirs needs, so that nobody has to look it up. Static, and complete in
no sense: any provider with an OpenAI-compatible API can be connected.
"""

from __future__ import annotations

from control_layer.contract.dialects import DIALECTS, DialectName
from control_layer.control.schema import Output

__all__ = ["PRESETS", "Preset"]


class Preset(Output):
    """A provider. `name`, `url`, `dialect` and the header's name and prefix are fields of an endpoint to be made."""

    key: str
    """Stable, for programs."""
    name: str
    url: str
    """The base URL; parts in `<…>` are the customer's own."""
    dialect: DialectName
    auth_header_name: str
    auth_header_prefix: str
    requires_api_key: bool
    hint: str
    """What to know before connecting it."""
    docs_url: str
    """Where the provider says how to get a key."""


def _preset(key: str, name: str, url: str, docs_url: str, hint: str, *, dialect: DialectName = "openai") -> Preset:
    header, prefix = DIALECTS[dialect].header
    return Preset(
        key=key,
        name=name,
        url=url,
        dialect=dialect,
        auth_header_name=header,
        auth_header_prefix=prefix,
        requires_api_key=True,
        hint=hint,
        docs_url=docs_url,
    )


def _local(key: str, name: str, url: str, docs_url: str, hint: str) -> Preset:
    return _preset(key, name, url, docs_url, hint).model_copy(update={"requires_api_key": False})


PRESETS: tuple[Preset, ...] = (
    _preset(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        "https://platform.openai.com/api-keys",
        "Use a project key (sk-proj-…); a restricted key also needs the permission to list models.",
    ),
    _preset(
        "anthropic",
        "Anthropic",
        "https://api.anthropic.com/v1",
        "https://console.anthropic.com/settings/keys",
        "Takes the key in x-api-key. Clients of the Messages API reach it at /ai/v1/messages.",
        dialect="anthropic",
    ),
    _preset(
        "azure-openai",
        "Azure OpenAI",
        "https://<resource>.openai.azure.com/openai/v1",
        "https://learn.microsoft.com/azure/ai-services/openai/",
        "Replace <resource> by your resource's name. Models are called by the names of their deployments. A client "
        "of Entra works instead of a key.",
        dialect="azure",
    ),
    _preset(
        "amazon-bedrock",
        "Amazon Bedrock",
        "https://bedrock-runtime.<region>.amazonaws.com/",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
        "Replace <region>. Takes access keys, with which requests are signed, or an API key of Bedrock's.",
        dialect="bedrock",
    ),
    _preset(
        "google-gemini",
        "Google Gemini",
        "https://generativelanguage.googleapis.com/v1beta",
        "https://ai.google.dev/gemini-api/docs/api-key",
        "Keys come from Google AI Studio.",
        dialect="gemini",
    ),
    _preset(
        "vertex-ai",
        "Google Vertex AI",
        "https://<location>-aiplatform.googleapis.com/",
        "https://docs.cloud.google.com/iam/docs/keys-create-delete",
        "Takes a service account's key file, and serves Gemini and Claude of the account's project. "
        "The global location's address is https://aiplatform.googleapis.com.",
        dialect="vertex",
    ),
    _preset(
        "cohere",
        "Cohere",
        "https://api.cohere.com/",
        "https://dashboard.cohere.com/api-keys",
        "Chat, embeddings and reranking; trial keys are limited.",
        dialect="cohere",
    ),
    _preset(
        "mistral",
        "Mistral AI",
        "https://api.mistral.ai/v1",
        "https://console.mistral.ai/api-keys",
        "Keys belong to a workspace.",
    ),
    _preset(
        "groq",
        "Groq",
        "https://api.groq.com/openai/v1",
        "https://console.groq.com/keys",
        "The path ends in /openai/v1.",
    ),
    _preset(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com/v1",
        "https://platform.deepseek.com/api_keys",
        "OpenAI-compatible.",
    ),
    _preset(
        "xai",
        "xAI",
        "https://api.x.ai/v1",
        "https://console.x.ai",
        "OpenAI-compatible.",
    ),
    _preset(
        "together",
        "Together AI",
        "https://api.together.xyz/v1",
        "https://api.together.ai/settings/api-keys",
        "Lists hundreds of models: choose some with model_filter.",
    ),
    _preset(
        "fireworks",
        "Fireworks AI",
        "https://api.fireworks.ai/inference/v1",
        "https://fireworks.ai/account/api-keys",
        "The path ends in /inference/v1.",
    ),
    _preset(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        "https://openrouter.ai/keys",
        "Lists hundreds of models: choose some with model_filter.",
    ),
    _preset(
        "nvidia",
        "NVIDIA NIM",
        "https://integrate.api.nvidia.com/v1",
        "https://build.nvidia.com",
        "Keys begin with nvapi-. NIM containers of your own have the same API without a key.",
    ),
    _local(
        "vllm",
        "vLLM",
        "http://localhost:8000/v1",
        "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
        "Needs a key only where it was started with --api-key.",
    ),
    _local(
        "ollama",
        "Ollama",
        "http://localhost:11434/v1",
        "https://github.com/ollama/ollama/blob/main/docs/openai.md",
        "Needs no key. Where the gateway runs on another machine, let it listen there with OLLAMA_HOST.",
    ),
    _local(
        "llama-cpp",
        "llama.cpp",
        "http://localhost:8080/v1",
        "https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
        "llama-server; needs a key only where it was started with --api-key.",
    ),
)
