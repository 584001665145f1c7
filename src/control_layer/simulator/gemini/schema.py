"""Bodies of the Gemini API as it takes them: nothing unknown, nothing of another type."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec
from msgspec import field

__all__ = [
    "BatchEmbedRequest", "Content", "CountRequest", "EmbedRequest", "FunctionCall", "FunctionDeclaration",
    "FunctionResponse", "GenerateRequest", "Part", "plain",
]  # fmt: skip

_FREE = frozenset(("args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"))
"""What stands beneath is the client's."""
_SNAKE = re.compile(r"_([a-z0-9])")


def plain(value: Any) -> Any:
    """With JSON's names throughout: the real API takes `max_output_tokens` for `maxOutputTokens`."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    renamed = ((_SNAKE.sub(lambda match: match.group(1).upper(), name), inner) for name, inner in value.items())
    return {name: inner if name in _FREE else plain(inner) for name, inner in renamed}


class _Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    pass


class Blob(_Strict):
    mime_type: str
    data: str
    display_name: str | None = None


class FileData(_Strict):
    file_uri: str
    mime_type: str | None = None
    display_name: str | None = None


class FunctionCall(_Strict):
    name: str
    args: dict[str, Any] | None = None
    id: str | None = None


class FunctionResponsePart(_Strict):
    inline_data: Blob


class FunctionResponse(_Strict):
    name: str
    response: dict[str, Any]
    id: str | None = None
    parts: list[FunctionResponsePart] = []
    will_continue: bool = False
    scheduling: str | None = None


class SpeechMetadata(_Strict):
    style: str | None = None
    speaker: str | None = None


class Part(_Strict):
    text: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    executable_code: dict[str, Any] | None = None
    code_execution_result: dict[str, Any] | None = None
    thought: bool = False
    thought_signature: str | None = None
    video_metadata: dict[str, Any] | None = None
    media_resolution: Any = None
    part_metadata: dict[str, Any] | None = None
    speech_metadata: SpeechMetadata | None = None


class Content(_Strict):
    parts: list[Part] = []
    role: str | None = None


class FunctionDeclaration(_Strict):
    name: str
    description: str = ""
    parameters: dict[str, Any] | None = None
    parameters_json_schema: Any = None
    response: dict[str, Any] | None = None
    response_json_schema: Any = None
    behavior: Literal["UNSPECIFIED", "BLOCKING", "NON_BLOCKING"] = "UNSPECIFIED"


class Tool(_Strict):
    function_declarations: list[FunctionDeclaration] = []
    google_search: dict[str, Any] | None = None
    google_search_retrieval: dict[str, Any] | None = None
    code_execution: dict[str, Any] | None = None
    url_context: dict[str, Any] | None = None
    computer_use: dict[str, Any] | None = None
    file_search: dict[str, Any] | None = None
    google_maps: dict[str, Any] | None = None


class FunctionCallingConfig(_Strict):
    mode: Literal["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"] = "AUTO"
    allowed_function_names: list[str] = []


class ToolConfig(_Strict):
    function_calling_config: FunctionCallingConfig = field(default_factory=FunctionCallingConfig)
    retrieval_config: dict[str, Any] | None = None
    include_server_side_tool_invocations: bool = False


class SafetySetting(_Strict):
    category: str
    threshold: Literal[
        "HARM_BLOCK_THRESHOLD_UNSPECIFIED", "BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH",
        "BLOCK_NONE", "OFF",
    ]  # fmt: skip


class ThinkingConfig(_Strict):
    include_thoughts: bool = False
    thinking_budget: int | None = None
    thinking_level: str | None = None


class PrebuiltVoiceConfig(_Strict):
    voice_name: str


class VoiceConfig(_Strict):
    prebuilt_voice_config: PrebuiltVoiceConfig | None = None
    voice: str | None = None


class SpeechConfig(_Strict):
    voice_config: VoiceConfig | None = None
    multi_speaker_voice_config: dict[str, Any] | None = None
    language_code: str | None = None


class ImageConfig(_Strict):
    aspect_ratio: str | None = None
    image_size: str | None = None


class GenerationConfig(_Strict):
    stop_sequences: list[str] = []
    response_mime_type: str = "text/plain"
    response_schema: dict[str, Any] | None = None
    response_json_schema: Any = None
    response_modalities: list[Literal["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO"]] = []
    candidate_count: int = 1
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_logprobs: bool = False
    logprobs: int | None = None
    enable_enhanced_civic_answers: bool = False
    speech_config: SpeechConfig | None = None
    image_config: ImageConfig | None = None
    thinking_config: ThinkingConfig = field(default_factory=ThinkingConfig)
    media_resolution: str | None = None


class _Contents(_Strict):
    model: str | None = None
    contents: list[Content] = []
    system_instruction: Content | None = None
    tools: list[Tool] = []
    tool_config: ToolConfig = field(default_factory=ToolConfig)
    safety_settings: list[SafetySetting] = []
    generation_config: GenerationConfig = field(default_factory=GenerationConfig)
    cached_content: str | None = None


class GenerateRequest(_Contents):
    """`:generateContent`, `:streamGenerateContent`."""

    service_tier: str | None = None
    store: bool | None = None


class CountRequest(_Strict):
    """`:countTokens`: contents, or a whole request."""

    contents: list[Content] = []
    generate_content_request: GenerateRequest | None = None


class EmbedRequest(_Strict):
    """`:embedContent`."""

    content: Content
    model: str | None = None
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: int | None = None


class BatchEmbedRequest(_Strict):
    """`:batchEmbedContents`."""

    requests: list[EmbedRequest]
