"""What Converse refuses though it is well-formed, with the real API's words where clients may see them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, TypeVar

from control_layer.simulator.bedrock.schema import (
    Block,
    CachePoint,
    ConverseRequest,
    Document,
    Message,
    Source,
    ToolSpec,
)
from control_layer.simulator.native import Misfit, fitting
from control_layer.simulator.strictness import Refusal

__all__ = ["cache_points", "check", "parsed", "refusal", "signature", "thinks", "tools_of"]

T = TypeVar("T")

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_DOCUMENT = re.compile(r"[0-9A-Za-z()\[\]-]+(?:\s[0-9A-Za-z()\[\]-]+)*")
_MAX_DOCUMENT = 200
_BESIDE = frozenset(("top_k", "thinking", "tool_choice", "reasoning_effort", "reasoningConfig", "inferenceConfig"))
_MIN_BUDGET = 1024
_MAX_CACHE_POINTS = 4
_OF_THE_USER = ("tool_result", "image", "audio", "document", "search_result")
_OF_THE_MODEL = ("tool_use", "reasoning_content", "citations_content")
_TRY = ", and try again."


def refusal(message: str) -> Refusal:
    return Refusal(400, "ValidationException", message)


def parsed(fields: dict[str, Any], kind: type[T]) -> T:
    """The body. Raises Refusal."""
    try:
        return fitting(fields, kind)
    except Misfit as misfit:
        where = ".".join(str(step) for step in misfit.path)
        word = {"unknown": "extraneous key", "missing": "required key"}.get(misfit.kind, misfit.message)
        raise refusal(
            f"Malformed input request: #/{where}: {word}, please reformat your input and try again."
        ) from None


def signature(thought: str) -> str:
    """What makes a thought ours."""
    return "sig_" + sha256(thought.encode()).hexdigest()


def thinks(request: ConverseRequest) -> bool:
    """Whether a Claude's thinking is on."""
    thinking = request.additional_model_request_fields.get("thinking")
    return isinstance(thinking, dict) and thinking.get("type") in ("enabled", "adaptive")


def tools_of(request: ConverseRequest) -> list[ToolSpec]:
    """Its tools."""
    tools = () if request.tool_config is None else request.tool_config.tools
    return [tool.tool_spec for tool in tools if tool.tool_spec is not None]


def cache_points(request: ConverseRequest) -> list[CachePoint]:
    """Its marks for prompt caching."""
    tools = [] if request.tool_config is None else request.tool_config.tools
    blocks = [block for message in request.messages for block in message.content]
    points = [tool.cache_point for tool in tools] + [block.cache_point for block in request.system]
    return [point for point in (*points, *(block.cache_point for block in blocks)) if point is not None]


def check(request: ConverseRequest) -> None:
    """Raises Refusal."""
    if not request.messages or request.messages[0].role != "user":
        raise refusal(f"A conversation must start with a user message. Begin with one{_TRY}")
    for index, message in enumerate(request.messages):
        if index and message.role == request.messages[index - 1].role:
            raise refusal(f"A conversation must alternate between user and assistant roles. See to that{_TRY}")
        _check_message(index, message)
    for number, block in enumerate(request.system):
        at = f"system.{number}"
        _only_one(at, block)
        if block.text is not None and not block.text.strip():
            raise refusal(f"The text field in the ContentBlock object at {at} is blank. Add text to it{_TRY}")
    _check_end(request.messages[-1])
    _check_documents(request.messages)
    _check_words(request.messages)
    _check_tools(request)
    _check_pairs(request.messages)
    _check_numbers(request)
    _check_beside(request)


def _only_one(at: str, union: Any) -> str:
    """The one member that is set."""
    present = [name for name in union.__struct_fields__ if getattr(union, name) is not None]
    if len(present) != 1:
        raise refusal(f"Invalid {type(union).__name__} at {at}: exactly one member must be set, not {present}.")
    return str(present[0])


def _check_message(index: int, message: Message) -> None:
    if not message.content:
        raise refusal(f"The content field in the Message object at messages.{index} is empty. Add content{_TRY}")
    for number, block in enumerate(message.content):
        at = f"messages.{index}.content.{number}"
        kind = _only_one(at, block)
        if kind in (_OF_THE_MODEL if message.role == "user" else _OF_THE_USER):
            raise refusal(f"The {message.role} role cannot have a {kind} block: {at}.")
        if block.text is not None and not block.text.strip():
            raise refusal(f"The text field in the ContentBlock object at {at} is blank. Add text to it{_TRY}")
        for media in (block.image, block.audio, block.document):
            if media is not None:
                _check_source(at, media.source)
        if block.reasoning_content is not None:
            _only_one(at, block.reasoning_content)
            text = block.reasoning_content.reasoning_text
            if text is not None and text.signature != signature(text.text):
                raise refusal(f"The model returned the following errors: {at}: Invalid `signature` in `thinking` block")
        if block.tool_result is not None:
            _check_result(at, block)
        if block.citations_content is not None:
            for citation in block.citations_content.citations:
                _only_one(f"{at}.citationsContent", citation.location)


def _check_words(messages: Iterable[Message]) -> None:
    for blocks in (message.content for message in messages):
        if any(block.document for block in blocks) and not any(block.text for block in blocks):
            raise refusal(
                "A text block must be included when using documents. Add a text block and retry your request."
            )


def _check_result(at: str, block: Block) -> None:
    assert block.tool_result is not None
    for part in block.tool_result.content:
        _only_one(at, part)
        for media in (part.image, part.document):
            if media is not None:
                _check_source(at, media.source)


def _check_source(at: str, source: Source) -> None:
    _only_one(at, source)
    if source.bytes is None:
        return
    try:
        empty = not base64.b64decode(source.bytes, validate=True)
    except binascii.Error:
        empty = True
    if empty:
        raise refusal(f"Invalid bytes at {at}: they must be base64, and some.")


def _check_documents(messages: Iterable[Message]) -> None:
    names: set[str] = set()
    blocks = [block for message in messages for block in message.content]
    documents: list[Document | None] = [block.document for block in blocks]
    documents += [part.document for block in blocks if block.tool_result for part in block.tool_result.content]
    for document in documents:
        if document is None:
            continue
        if not _DOCUMENT.fullmatch(document.name) or len(document.name) > _MAX_DOCUMENT:
            raise refusal("A document's name has letters, digits, single spaces, hyphens, parentheses, brackets only.")
        if document.name in names:
            raise refusal(f"Duplicate document names are not allowed: {document.name}")
        names.add(document.name)


def _check_end(last: Message) -> None:
    text = last.content[-1].text
    if last.role == "assistant" and text is not None and text != text.rstrip():
        raise refusal("messages: final assistant content cannot end with trailing whitespace")


def _check_tools(request: ConverseRequest) -> None:
    used = any(block.tool_use or block.tool_result for message in request.messages for block in message.content)
    if request.tool_config is None:
        if used:
            raise refusal("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
        return
    for number, tool in enumerate(request.tool_config.tools):
        _only_one(f"toolConfig.tools.{number}", tool)
    tools = tools_of(request)
    if not tools:
        raise refusal("toolConfig.tools: it must have one tool at least.")
    for spec in tools:
        if not _NAME.fullmatch(spec.name):
            raise refusal(
                f"Value '{spec.name}' at 'toolConfig.tools' must satisfy the pattern [a-zA-Z0-9_-]+, 64 long."
            )
        if spec.description == "" or spec.input_schema.json.get("type") != "object":
            raise refusal("The value at toolConfig.tools: a description has text, a schema the type object.")
    names = [spec.name for spec in tools]
    if len(set(names)) != len(names):
        raise refusal("The tool names in toolConfig.tools must be unique.")
    choice = request.tool_config.tool_choice
    if choice is not None:
        _only_one("toolConfig.toolChoice", choice)
        if choice.tool is not None and choice.tool.name not in names:
            raise refusal("The name of toolChoice.tool is none of toolConfig.tools.")


def _check_pairs(messages: list[Message]) -> None:
    """Every tool use has its result in the user's next turn, and no result comes unasked."""
    called: list[str] = []
    for index, message in enumerate(messages):
        results = [block.tool_result.tool_use_id for block in message.content if block.tool_result is not None]
        if len(results) > len(called) or set(results) - set(called):
            raise refusal(
                f"The number of toolResult blocks at messages.{index}.content exceeds the number of toolUse blocks of "
                "previous turn."
            )
        missing = [call for call in called if call not in results]
        if missing:
            raise refusal(f"Expected toolResult blocks at messages.{index}.content for the following Ids: {missing}")
        first = [block.tool_result is not None for block in message.content if block.cache_point is None]
        if called and first[: len(results)] != [True] * len(results):
            raise refusal(f"messages.{index}: `tool_result` blocks must come first after `tool_use`.")
        called = [block.tool_use.tool_use_id for block in message.content if block.tool_use is not None]
        if len(set(called)) != len(called) or not all(map(_ID.fullmatch, called)):
            raise refusal("The toolUseId of each toolUse must be unique and satisfy [a-zA-Z0-9_.:-]+, 64 long.")
    if called:
        raise refusal(f"Expected toolResult blocks behind messages.{len(messages) - 1} for the Ids: {called}")


def _check_numbers(request: ConverseRequest) -> None:
    config = request.inference_config
    if config.max_tokens is not None and config.max_tokens < 1:
        raise refusal("Value at 'inferenceConfig.maxTokens' must be greater than or equal to 1")
    for name, value in (("temperature", config.temperature), ("topP", config.top_p)):
        if value is not None and not 0 <= value <= 1:
            raise refusal(f"Value at 'inferenceConfig.{name}' must be between 0 and 1")
    if not all(stop.strip() for stop in config.stop_sequences):
        raise refusal("stop_sequences: each stop sequence must contain non-whitespace")
    for path in request.additional_model_response_field_paths:
        if not path.startswith("/") or len(path) == 1:
            raise refusal(f"additionalModelResponseFieldPaths: {path!r} is no JSON Pointer")
    output = request.output_config.text_format
    if output is not None:
        try:
            json.loads(output.structure.json_schema.schema)
        except ValueError:
            raise refusal("outputConfig.textFormat: the schema is no JSON") from None
    points = len(cache_points(request))
    if points > _MAX_CACHE_POINTS:
        raise refusal(f"A maximum of {_MAX_CACHE_POINTS} cache points may be provided. Found {points}.")


def _check_beside(request: ConverseRequest) -> None:
    """What is said in the words of the model's own API."""
    fields, config = request.additional_model_request_fields, request.inference_config
    for name in fields.keys() - _BESIDE:
        raise refusal(f"The model returned the following errors: {name}: Extra inputs are not permitted")
    choice = None if request.tool_config is None else request.tool_config.tool_choice
    if "tool_choice" in fields and (choice is not None or not tools_of(request)):
        raise refusal("The additional field tool_choice conflicts with an existing field.")
    if "reasoningConfig" in fields:
        _check_reasoning(request)
    if not thinks(request):
        return
    thinking = fields["thinking"]
    if thinking["type"] == "enabled":
        budget = thinking.get("budget_tokens", 0)
        if budget < _MIN_BUDGET:
            raise refusal("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
        if config.max_tokens is not None and budget >= config.max_tokens:
            raise refusal("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if config.temperature not in (None, 1) or "top_k" in fields:
        raise refusal("`temperature` may only be set to 1, and `top_k` not, when thinking is enabled.")
    if choice is not None and choice.auto is None:
        raise refusal("Thinking may not be enabled when tool_choice forces tool use.")


def _check_reasoning(request: ConverseRequest) -> None:
    """How much a Nova is to think."""
    fields, config = request.additional_model_request_fields, request.inference_config
    wanted = fields["reasoningConfig"]
    if wanted.get("type") != "enabled" or wanted.get("maxReasoningEffort") not in ("low", "medium", "high"):
        raise refusal("Malformed input request: the provided reasoning config value is invalid")
    beside = (config.max_tokens, config.temperature, config.top_p, fields.get("inferenceConfig"))
    if wanted["maxReasoningEffort"] == "high" and any(value is not None for value in beside):
        raise refusal("maxTokens, temperature, topP and topK must be unset when maxReasoningEffort is high.")
