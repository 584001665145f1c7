"""A request for content as it lies on the wire (https://ai.google.dev/api/generate-content#request-body)."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

import msgspec

__all__ = [
    "NOTHING",
    "Blob",
    "Content",
    "FileData",
    "FunctionCall",
    "FunctionCallingConfig",
    "FunctionDeclaration",
    "FunctionResponse",
    "FunctionResponsePart",
    "GenerationConfig",
    "ImageConfig",
    "Part",
    "RequestBody",
    "SpeechConfig",
    "SpeechMetadata",
    "ThinkingConfig",
    "ToolConfig",
    "ToolParam",
    "method_path",
    "resource_of",
]

NOTHING = msgspec.Raw()
"""JSON that is not there. The very object is left out of what is written."""


class Blob(msgspec.Struct, frozen=True, rename="camel"):
    mime_type: str
    data: str


class FileData(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    file_uri: str
    mime_type: str | None = None


class FunctionCall(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    args: msgspec.Raw
    id: str | None = None


class FunctionResponsePart(msgspec.Struct, frozen=True, rename="camel"):
    inline_data: Blob


class FunctionResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    response: dict[str, str]
    id: str | None = None
    parts: list[FunctionResponsePart] | None = None


class SpeechMetadata(msgspec.Struct, frozen=True):
    style: str


class Part(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One of these, a signature of what was thought before it, and how a text is to be spoken."""

    text: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    thought_signature: str | None = None
    speech_metadata: SpeechMetadata | None = None


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    parts: list[Part]
    role: Literal["user", "model"] | None = None
    """Of instructions there is none."""


class FunctionDeclaration(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    name: str
    description: str | None = None
    parameters_json_schema: msgspec.Raw = NOTHING
    """JSON Schema; `parameters`, which the API has beside it, takes a subset of OpenAPI's only."""


class ToolParam(msgspec.Struct, frozen=True, rename="camel"):
    function_declarations: list[FunctionDeclaration]


class FunctionCallingConfig(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    mode: Literal["AUTO", "ANY", "NONE", "VALIDATED"]
    """`VALIDATED` is `AUTO` with calls that keep to their schemas, as those of `ANY` always do."""
    allowed_function_names: list[str] | None = None


class ToolConfig(msgspec.Struct, frozen=True, rename="camel"):
    function_calling_config: FunctionCallingConfig


class ThinkingConfig(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None


class PrebuiltVoiceConfig(msgspec.Struct, frozen=True, rename="camel"):
    voice_name: str


class VoiceConfig(msgspec.Struct, frozen=True, rename="camel"):
    prebuilt_voice_config: PrebuiltVoiceConfig


class SpeechConfig(msgspec.Struct, frozen=True, rename="camel"):
    voice_config: VoiceConfig

    @classmethod
    def of(cls, voice: str) -> SpeechConfig:
        """One of Google's voices, by its name."""
        return cls(VoiceConfig(PrebuiltVoiceConfig(voice)))


class ImageConfig(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    aspect_ratio: str | None = None
    image_size: str | None = None


class GenerationConfig(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, rename="camel"):
    candidate_count: int | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_logprobs: bool | None = None
    logprobs: int | None = None
    response_mime_type: str | None = None
    response_json_schema: msgspec.Raw = NOTHING
    thinking_config: ThinkingConfig | None = None
    response_modalities: list[str] | None = None
    speech_config: SpeechConfig | None = None
    image_config: ImageConfig | None = None


class RequestBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, rename="camel"):
    """`:generateContent` and `:streamGenerateContent`; the path names the model."""

    model: str | None = None
    """In `:countTokens` only."""
    system_instruction: Content | None = None
    tools: list[ToolParam] | None = None
    tool_config: ToolConfig | None = None
    generation_config: GenerationConfig | None = None
    service_tier: str | None = None
    contents: list[Content]


def resource_of(model: str) -> str:
    """The model's full name: `models/…`, unless it is one of another collection (`tunedModels/…`)."""
    return model if "/" in model else f"models/{model}"


def method_path(model: str, method: str) -> str:
    """Where one asks a model."""
    return f"/v1beta/{quote(resource_of(model), safe='/')}:{method}"
