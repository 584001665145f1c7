"""The families that are known, from their providers' public pages on them. Of several that fit the first one holds.

What is not certain is not here: a model that no family has is unknown, and so is a window or a limit that is left out.
Models with open weights have no window, because whoever serves them sets it.
"""

from __future__ import annotations

from functools import lru_cache

from control_layer.contract.model_apis import Api
from control_layer.control.catalogue.family import CHAT, Family

__all__ = ["FAMILIES", "family_of"]

_TEXT, _SEES = ("text",), ("text", "image")
_READS = ("text", "image", "document")
_HEARS = ("text", "image", "audio", "video", "document")
_TOOLS = ("tools",)
_ABLE = ("tools", "structured_output")
_THINKS = ("tools", "structured_output", "reasoning")
_RESPONSES: tuple[Api, ...] = ("responses",)
_VECTORS, _SCORES, _SOUND, _PICTURE = ("embedding",), ("score",), ("audio",), ("image",)
_M = 1_048_576

_OPENAI = (
    Family(r"gpt-4o-2024-05-13", input=_READS, does=_TOOLS, context_window=128_000, max_output_tokens=4096),
    Family(r"gpt-4o(?:-mini)?", input=_READS, does=_ABLE, context_window=128_000, max_output_tokens=16_384),
    Family(r"gpt-4\.1(?:-mini|-nano)?", input=_READS, does=_ABLE, context_window=1_047_576, max_output_tokens=32_768),
    Family(r"gpt-4-turbo", input=_SEES, does=_TOOLS, context_window=128_000, max_output_tokens=4096),
    Family(r"gpt-4-(?:1106|0125)-preview", does=_TOOLS, context_window=128_000, max_output_tokens=4096),
    Family(r"gpt-4", does=_TOOLS, context_window=8192, max_output_tokens=8192),
    Family(r"gpt-3\.5-turbo", does=_TOOLS, context_window=16_385, max_output_tokens=4096),
    Family(r"gpt-3\.5-turbo-instruct", ("completions",), context_window=4096, max_output_tokens=4096),
    Family(r"babbage-002|davinci-002", ("completions",), context_window=16_384, max_output_tokens=16_384),
    Family(r"o1-preview", does=("reasoning",), context_window=128_000, max_output_tokens=32_768),
    Family(r"o1-mini", does=("reasoning",), context_window=128_000, max_output_tokens=65_536),
    Family(r"o3-mini", does=_THINKS, context_window=200_000, max_output_tokens=100_000),
    Family(r"o1|o3|o4-mini", input=_READS, does=_THINKS, context_window=200_000, max_output_tokens=100_000),
    Family(
        r"o1-pro|o3-pro", _RESPONSES, _READS, does=_THINKS, context_window=200_000, max_output_tokens=100_000, bare=True
    ),
    Family(
        r"gpt-5(?:-mini|-nano)?|gpt-5\.[12]|gpt-5\.4-(?:mini|nano)",
        input=_READS, does=_THINKS, context_window=400_000, max_output_tokens=128_000,
    ),
    Family(
        r"gpt-5-pro", _RESPONSES, _READS, does=_THINKS, context_window=400_000, max_output_tokens=272_000, bare=True
    ),
    Family(
        r"gpt-5(?:\.\d)?-codex|gpt-5\.1-codex-(?:mini|max)|gpt-5\.2-pro",
        _RESPONSES, _SEES, does=_THINKS, context_window=400_000, max_output_tokens=128_000, bare=True,
    ),
    Family(
        r"gpt-5\.[45]|gpt-5\.6-(?:luna|sol|terra)|gpt-6-(?:astra|luna|sol)|gpt-6\.1-(?:sol|terra)|gpt-6\.2-sol",
        input=_READS, does=_THINKS, context_window=1_050_000, max_output_tokens=128_000,
    ),
    Family(r"gpt-oss-(?:20b|120b)", does=_THINKS),
    Family(
        r"gpt-4o-(?:mini-)?audio-preview|gpt-audio(?:-mini)?",
        ("chat",), ("text", "audio"), ("text", "audio"), _TOOLS, 128_000, 16_384,
    ),
    Family(r"gpt-4o-(?:mini-)?realtime-preview", ("realtime",), ("text", "audio"), ("text", "audio"), _TOOLS),
    Family(r"gpt-realtime(?:-mini)?", ("realtime",), ("text", "image", "audio"), ("text", "audio"), _TOOLS),
    Family(r"gpt-4o-(?:mini-)?transcribe", ("transcription",), ("text", "audio"), context_window=16_000),
    Family(r"gpt-4o-transcribe-diarize", ("transcription",), _SOUND),
    Family(r"whisper-1|whisper-large-v[23]|whisper", ("transcription", "audio_translation"), ("text", "audio")),
    Family(r"whisper-large-v3-turbo|distil-whisper.*", ("transcription",), ("text", "audio")),
    Family(r"gpt-4o-mini-tts|tts-1(?:-hd)?", ("speech",), _TEXT, _SOUND),
    Family(r"gpt-image-.*|chatgpt-image", ("images", "image_edits"), _SEES, _PICTURE),
    Family(r"dall-e-2", ("images", "image_edits"), _SEES, _PICTURE),
    Family(r"dall-e-3", ("images",), _TEXT, _PICTURE),
    Family(r"text-embedding-(?:3-(?:small|large)|ada-002)", ("embeddings",), output=_VECTORS, context_window=8192),
    Family(r"omni-moderation", ("moderation",), _SEES, _SCORES),
    Family(r"text-moderation(?:-stable)?", ("moderation",), _TEXT, _SCORES),
)  # fmt: skip

_CLAUDE = r"(?:opus|sonnet|haiku|fable|mythos)"
_ANTHROPIC = (
    Family(
        r"claude-3-(?:opus|sonnet|haiku)", input=_SEES, does=_TOOLS, context_window=200_000, max_output_tokens=4096
    ),
    Family(
        r"claude-3[-.]5-(?:sonnet|haiku)", input=_READS, does=_TOOLS, context_window=200_000, max_output_tokens=8192
    ),
    Family(
        r"claude-3[-.]7-sonnet",
        input=_READS, does=("tools", "reasoning"), context_window=200_000, max_output_tokens=128_000,
    ),
    Family(
        r"claude-opus-4(?:[-.][01])?",
        input=_READS, does=("tools", "reasoning"), context_window=200_000, max_output_tokens=32_000,
    ),
    Family(
        r"claude-sonnet-4(?:[-.]0)?",
        input=_READS, does=("tools", "reasoning"), context_window=200_000, max_output_tokens=64_000,
    ),
    Family(
        r"claude-(?:opus|sonnet|haiku)-4[-.]5",
        input=_READS, does=_THINKS, context_window=200_000, max_output_tokens=64_000,
    ),
    Family(
        rf"claude-(?:opus|sonnet)-4[-.][678]|claude-{_CLAUDE}-5(?:[-.]\d)?",
        input=_READS, does=_THINKS, context_window=1_000_000, max_output_tokens=128_000,
    ),
)  # fmt: skip

_GOOGLE = (
    Family(r"gemini-1\.5-flash(?:-8b)?", input=_HEARS, does=_ABLE, context_window=_M, max_output_tokens=8192),
    Family(r"gemini-1\.5-pro", input=_HEARS, does=_ABLE, context_window=2 * _M, max_output_tokens=8192),
    Family(r"gemini-2\.0-flash(?:-lite)?", input=_HEARS, does=_ABLE, context_window=_M, max_output_tokens=8192),
    Family(
        r"gemini-2\.5-(?:pro|flash|flash-lite)|gemini-3(?:\.\d)?-(?:pro|flash|flash-lite)",
        input=_HEARS, does=_THINKS, context_window=_M, max_output_tokens=65_536,
    ),
    Family(
        r"gemini-2\.5-flash-image", (*CHAT, "images", "image_edits"), _SEES, ("text", "image"), ("structured_output",),
        max_output_tokens=32_768,
    ),
    Family(
        r"gemini-2\.5-(?:pro|flash)(?:-preview)?-tts", (*CHAT, "speech"), _TEXT, _SOUND, context_window=8192,
    ),
    Family(r"gemini-embedding-001", ("embeddings",), output=_VECTORS, context_window=2048),
    Family(r"text-embedding-00[45]", ("embeddings",), output=_VECTORS, context_window=2048),
)  # fmt: skip

_OTHERS = (
    # Amazon
    Family(r"nova-micro", input=_TEXT, does=_TOOLS, context_window=128_000),
    Family(
        r"nova-(?:lite|pro)", input=("text", "image", "video", "document"), does=_TOOLS, context_window=300_000
    ),
    Family(r"titan-embed-text", ("embeddings",), output=_VECTORS, context_window=8192),
    # xAI
    Family(r"grok-3(?:-fast)?", does=_ABLE, context_window=131_072),
    Family(r"grok-3-mini(?:-fast)?|grok-code-fast-1", does=_THINKS),
    Family(r"grok-4", input=_SEES, does=_THINKS, context_window=256_000),
    Family(r"grok-4(?:-1)?-fast-reasoning", input=_SEES, does=_THINKS, context_window=2_000_000),
    Family(r"grok-4(?:-1)?-fast-non-reasoning", input=_SEES, does=_ABLE, context_window=2_000_000),
    Family(r"grok-4\.5", input=_SEES, does=_THINKS, context_window=500_000),
    Family(r"grok-2-image", ("images",), _TEXT, _PICTURE),
    # Mistral
    Family(r"mistral-large-(?:2407|2411)|open-mistral-nemo|ministral-[38]b-2410", does=_ABLE),
    Family(r"mistral-medium-3[-.]5", input=_SEES, does=_THINKS, context_window=262_144),
    Family(r"mistral-embed|codestral-embed", ("embeddings",), output=_VECTORS),
    Family(r"mistral-moderation", ("moderation",), _TEXT, _SCORES),
    Family(r"voxtral-mini-transcribe", ("transcription",), _SOUND),
    # Cohere
    Family(r"command-a", does=_ABLE, context_window=256_000, max_output_tokens=8192),
    Family(r"command-r(?:-plus|7b)?", does=_ABLE, context_window=128_000, max_output_tokens=4096),
    Family(r"embed-v4\.0", ("embeddings",), _SEES, _VECTORS, context_window=128_000),
    Family(r"embed-(?:english|multilingual)-(?:light-)?v3\.0", ("embeddings",), output=_VECTORS, context_window=512),
    Family(r"rerank-v3\.5|rerank-(?:english|multilingual)-v3\.0", ("rerank",), output=_SCORES, context_window=4096),
    # Voyage AI, Jina AI
    Family(r"voyage-(?:3|3\.5|4|code|law|finance|multilingual|large|context).*", ("embeddings",), output=_VECTORS),
    Family(r"voyage-multimodal-.*", ("embeddings",), _SEES, _VECTORS),
    Family(r"jina-embeddings-v[23].*", ("embeddings",), output=_VECTORS, context_window=8192),
    Family(r"jina-reranker-.*|bge-reranker-.*|rerank-2.*", ("rerank",), output=_SCORES),
    # Open weights
    Family(r"deepseek-reasoner|deepseek-r1(?:-0528)?", does=("tools", "reasoning")),
    Family(
        r"(?:meta-)?llama-?3[-.][13]-(?:8b|70b|405b)(?:-instruct(?:-turbo)?|-versatile|-instant)?|llama3\.[13]",
        does=_TOOLS,
    ),
    Family(
        r"(?:meta-)?llama-?3[-.]2-(?:11b|90b)(?:-vision)?(?:-instruct)?(?:-turbo)?|llama3\.2-vision",
        input=_SEES, does=_TOOLS,
    ),
    Family(r"llama-?4-(?:scout|maverick)(?:-17b.*)?", input=_SEES, does=_TOOLS),
    Family(r"qwen-?3-(?:[0-9.]+b|\d+b-a\d+b)|qwen3", does=("tools", "reasoning")),
    Family(r"bge-m3|bge-(?:small|base|large)-en(?:-v1\.5)?", ("embeddings",), output=_VECTORS),
    Family(r"nomic-embed-text.*|mxbai-embed-large.*|all-minilm.*", ("embeddings",), output=_VECTORS),
    Family(r"kokoro.*|orpheus-.*|playai-tts.*", ("speech",), _TEXT, _SOUND),
    Family(r"stable-diffusion-.*|flux[-.].*|qwen-image", ("images",), _TEXT, _PICTURE),
)  # fmt: skip
FAMILIES = (*_OPENAI, *_ANTHROPIC, *_GOOGLE, *_OTHERS)


@lru_cache(maxsize=4096)
def family_of(model_name: str) -> Family | None:
    """The family of a model that its provider calls so."""
    name = model_name.lower()
    return next((family for family in FAMILIES if family.has(name)), None)
