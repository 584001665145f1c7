"""What clients ask for and models answer, in no API's words: each dialect is read into this and written from it.

Made of what at least two APIs can say. What only one knows and another must hand back untouched (a signature of
thoughts, an encrypted block) is carried as it came. JSON that nobody here looks into stays `msgspec.Raw`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from control_layer.contract.usage import Tokens

__all__ = [
    "Answer",
    "Audio",
    "CacheMark",
    "Choice",
    "Conversation",
    "Document",
    "Finish",
    "Identity",
    "Image",
    "Message",
    "Part",
    "Reasoning",
    "Refusal",
    "ResponseFormat",
    "Role",
    "Text",
    "Thinking",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolResult",
]

Role = Literal["system", "developer", "user", "assistant", "tool"]
"""`developer` is OpenAI's newer word for `system`. A `tool` message has `ToolResult` parts only."""
CacheMark = Literal["5m", "1h"]
"""The provider is asked to keep the prompt up to here for so long (Anthropic's `cache_control`)."""
Finish = Literal["stop", "stop_sequence", "length", "tool_calls", "content_filter", "refusal", "pause", "error"]
"""Why an answer ended. `content_filter`: the provider's filter cut it off. `refusal`: the model declined. `pause`: a
long turn that the client may continue."""


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Words. `citations`, a JSON array, are a provider's, undecoded."""

    text: str
    cache: CacheMark | None = None
    citations: msgspec.Raw | None = None


class Image(msgspec.Struct, frozen=True, tag="image"):
    """A picture: `data` (base64) with its `media_type`, or `url`, or the `file_id` of one uploaded before."""

    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    detail: str | None = None
    signature: str | None = None
    """What Gemini wants back with a picture that it made (`thoughtSignature`)."""
    cache: CacheMark | None = None


class Audio(msgspec.Struct, frozen=True, tag="audio"):
    """Sound: base64 `data` in a `format` such as `wav`; in an answer with its `id` and `transcript`, and without a word
    for its format."""

    format: str
    data: str
    id: str | None = None
    transcript: str | None = None


class Document(msgspec.Struct, frozen=True, tag="document"):
    """A file: base64 `data` with its `media_type`, plain `text`, a `url`, or a `file_id`."""

    media_type: str | None = None
    data: str | None = None
    text: str | None = None
    url: str | None = None
    file_id: str | None = None
    name: str | None = None
    context: str | None = None
    citations: bool = False
    """Whether the answer is to cite it."""
    cache: CacheMark | None = None
    found: tuple[str, ...] = ()
    """Of what a search has found, the pieces of `text`, by whose numbers it is cited; `context` is where."""


class ToolCall(msgspec.Struct, frozen=True, tag="tool_call"):
    """The model calls a tool. `arguments` is the JSON text that the model wrote, which may not be JSON."""

    id: str
    name: str
    arguments: str
    signature: str | None = None
    """What Gemini wants back with the call (`thoughtSignature`)."""
    cache: CacheMark | None = None


class ToolResult(msgspec.Struct, frozen=True, tag="tool_result"):
    """What a tool gave."""

    call_id: str
    parts: tuple[Text | Image | Document, ...]
    is_error: bool = False
    cache: CacheMark | None = None


class Thinking(msgspec.Struct, frozen=True, tag="thinking"):
    """What the model thought. `sealed` is a block that only its provider can read; `text` is empty then."""

    text: str
    signature: str | None = None
    sealed: str | None = None


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """The model's own words for why it does not answer."""

    text: str


Part = Text | Image | Audio | Document | ToolCall | ToolResult | Thinking | Refusal


class Message(msgspec.Struct, frozen=True):
    """One turn."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None


class Tool(msgspec.Struct, frozen=True):
    """A function that the model may call."""

    name: str
    description: str | None = None
    parameters: msgspec.Raw | None = None
    """A JSON schema of an object; `None`: no arguments."""
    strict: bool | None = None
    cache: CacheMark | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """Whether the model may, must or must not call a tool, or which one it must."""

    mode: Literal["auto", "none", "required", "named"] = "auto"
    name: str | None = None


class ResponseFormat(msgspec.Struct, frozen=True):
    """The form of the answer: any JSON object, or one that follows a schema."""

    kind: Literal["json_object", "json_schema"]
    schema: msgspec.Raw | None = None
    name: str | None = None
    strict: bool | None = None
    description: str | None = None


class Reasoning(msgspec.Struct, frozen=True):
    """How much the model is to think before it answers: an effort, a number of tokens, or both."""

    enabled: bool = True
    effort: str | None = None
    """`none`, `minimal`, `low`, `medium`, `high`, …"""
    budget: int | None = None
    """Tokens."""
    shown: bool = True
    """Whether the client wants to see what it thought."""


class Identity(msgspec.Struct, frozen=True):
    """What an API that keeps its answers says of the one that is coming."""

    id: str
    created: int
    """Unix seconds, where its provider does not say."""
    stored: bool = False
    previous: str | None = None
    """The id of the one before, where the client went on from it."""


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A request for the next turn. `None` is what the client did not say."""

    messages: tuple[Message, ...]
    stream: bool = False
    include_usage: bool = True
    """In a stream. Only OpenAI's chat completions can do without."""
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    choices: int = 1
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logprobs: int | None = None
    """How many alternatives of each token are wanted; 0: only the token's own."""
    logit_bias: msgspec.Raw | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning: Reasoning | None = None
    audio_output: msgspec.Raw | None = None
    """OpenAI's `audio`: voice and format; the answer is to be spoken."""
    image_output: Literal["only", "with_text"] | None = None
    """The answer is to have pictures. `None`: as the model is made to answer."""
    service_tier: str | None = None
    """In OpenAI's words, as in answers: `auto`, `default`, `flex`, `priority`, …"""
    user: str | None = None
    """Who asks, in the client's own terms (`user`, `metadata.user_id`)."""
    cache_key: str | None = None
    """OpenAI's `prompt_cache_key`."""
    single_call: bool = False
    """The client knows OpenAI's older `functions` only: one call an answer, without an id."""
    others: tuple[tuple[str, msgspec.Raw], ...] = ()
    """Fields of the client's that nothing above says, by name, in order: a dialect that is the client's own hands them
    on; any other refuses or drops them."""
    hints: tuple[tuple[str, msgspec.Raw], ...] = ()
    """The like, but the answer means the same without them (labels, what a provider is to keep, how it saves work): a
    dialect that has no word for one leaves it out."""
    unsayable: tuple[tuple[str, str], ...] = ()
    """What no other dialect than the client's can say, though the request makes sense without it: parameters, and why
    not."""
    identity: Identity | None = None
    """Where somebody else than the provider says what the answer is called."""
    dialect: str | None = None
    """Whose words `others` and `hints` are; `None`: nobody's who hands them on."""


class Choice(msgspec.Struct, frozen=True):
    """One of the answers to a request."""

    parts: tuple[Part, ...]
    finish: Finish | None
    stop_sequence: str | None = None
    logprobs: msgspec.Raw | None = None
    """In OpenAI's form."""


class Answer(msgspec.Struct, frozen=True):
    """A whole answer."""

    id: str
    choices: tuple[Choice, ...]
    tokens: Tokens | None = None
    """`None` where the provider does not say what was used."""
    created: int | None = None
    """Unix seconds."""
    service_tier: str | None = None
