"""What the Messages API refuses though it is well-formed, with the real API's words where clients may see them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from msgspec import UNSET

from control_layer.simulator.anthropic.schema import (
    Block,
    CountRequest,
    Document,
    Message,
    MessagesRequest,
    NamedTool,
    RedactedThinking,
    SearchResult,
    Text,
    Thinking,
    ThinkingAdaptive,
    ThinkingEnabled,
    Tool,
    ToolResult,
    ToolUse,
)
from control_layer.simulator.native import Misfit, fitting
from control_layer.simulator.strictness import Refusal

__all__ = ["check", "checked_version", "parsed", "refusal", "signature", "thinks", "tools_of"]

_VERSIONS = ("2023-06-01", "2026-10-21")
_NEWER = "2026-10-21"
_BETAS = {"context_management": "context-management-2025-06-27"}
"""Parameters that only clients may use that say so in `anthropic-beta`."""
_SAMPLING = ("temperature", "top_p", "top_k")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_MIN_BUDGET = 1024
_MAX_BREAKPOINTS = 4
_EXTRA = "Extra inputs are not permitted"
_WORDS = {
    "int": "Input should be a valid integer", "float": "Input should be a valid number",
    "str": "Input should be a valid string", "bool": "Input should be a valid boolean",
    "array": "Input should be a valid list", "object": "Input should be an object",
}  # fmt: skip


def refusal(message: str) -> Refusal:
    return Refusal(400, "invalid_request_error", message)


def checked_version(version: bytes | None) -> str:
    """The value of `anthropic-version`. Raises Refusal."""
    if not version:
        raise refusal("anthropic-version: header is required")
    text = version.decode("latin-1")
    if text not in _VERSIONS:
        raise refusal(f'anthropic-version: "{text}" is not a valid version. Valid versions are: {", ".join(_VERSIONS)}')
    return text


def parsed(fields: dict[str, Any], kind: type[CountRequest], version: str, betas: bytes = b"") -> CountRequest:
    """The body. `betas` is the value of `anthropic-beta`. Raises Refusal."""
    for name, beta in _BETAS.items():
        if name in fields and beta.encode() not in betas:
            raise refusal(f"{name}: {_EXTRA}")
    for name in _SAMPLING if version == _NEWER else ():
        if name in fields:
            raise refusal(f"{name}: {_EXTRA}")
    try:
        return fitting(fields, kind)
    except Misfit as misfit:
        raise refusal(_told(misfit)) from None


def _told(misfit: Misfit) -> str:
    where = ".".join(str(step) for step in misfit.path)
    if misfit.kind == "unknown":
        return f"{where}: {_EXTRA}"
    if misfit.kind == "missing":
        return f"{where}: Field required"
    wanted = re.search(r"Expected `(\w+)", misfit.message)
    words = _WORDS.get(wanted.group(1), misfit.message) if wanted else misfit.message
    return f"{where}: {words}" if where else words


def tools_of(request: CountRequest) -> list[Tool]:
    """Its tools. Raises Refusal."""
    tools: list[Tool] = []
    for index, fields in enumerate(request.tools or ()):
        if fields.get("type", "custom") not in ("custom", None):
            raise refusal(f"tools.{index}: the server tool '{fields['type']}' is not simulated")
        try:
            tool = fitting(fields, Tool, ("tools", index, "custom"))
        except Misfit as misfit:
            raise refusal(_told(misfit)) from None
        at = f"tools.{index}.custom"
        if not _NAME.fullmatch(tool.name):
            raise refusal(f"{at}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        if tool.input_schema.get("type") != "object":
            raise refusal(f"{at}.input_schema.type: Field required")
        tools.append(tool)
    if len({tool.name for tool in tools}) != len(tools):
        raise refusal("tools: Tool names must be unique.")
    return tools


def thinks(request: CountRequest) -> bool:
    """Whether thinking is on."""
    return isinstance(request.thinking, ThinkingEnabled | ThinkingAdaptive)


def signature(thinking: str) -> str:
    """What makes a thinking block ours."""
    return "sig_" + sha256(thinking.encode()).hexdigest()


def check(request: CountRequest, version: str) -> None:
    """Raises Refusal."""
    tools = tools_of(request)
    if not request.messages:
        raise refusal("messages: at least one message is required")
    for index, message in enumerate(request.messages):
        _check_message(index, message, version, last=index == len(request.messages) - 1)
    _check_pairs(request.messages)
    _check_thoughts(request)
    _check_choice(request, tools)
    breakpoints = sum(getattr(block, "cache_control", None) is not None for block in _all_blocks(request, tools))
    if breakpoints > _MAX_BREAKPOINTS:
        raise refusal(
            f"A maximum of {_MAX_BREAKPOINTS} blocks with cache_control may be provided. Found {breakpoints}."
        )
    if isinstance(request, MessagesRequest):
        _check_numbers(request)


def _check_numbers(request: MessagesRequest) -> None:
    if request.max_tokens < 0 or (request.stream and request.max_tokens == 0):
        raise refusal("max_tokens: Input should be greater than or equal to 1")
    thinking = request.thinking
    if isinstance(thinking, ThinkingEnabled):
        if thinking.budget_tokens < _MIN_BUDGET:
            raise refusal("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
        if thinking.budget_tokens >= request.max_tokens:
            raise refusal("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if request.temperature is not UNSET and not 0 <= request.temperature <= 1:
        raise refusal("temperature: range: 0..1")
    if request.top_p is not UNSET and not 0 <= request.top_p <= 1:
        raise refusal("top_p: range: 0..1")
    if request.top_k is not UNSET and request.top_k < 0:
        raise refusal("top_k: Input should be greater than or equal to 0")
    if thinks(request):
        if request.temperature not in (UNSET, 1):
            raise refusal("`temperature` may only be set to 1 when thinking is enabled.")
        if request.top_k is not UNSET:
            raise refusal("`top_k` must be unset when thinking is enabled.")
    for index, stop in enumerate(request.stop_sequences):
        if not stop.strip():
            raise refusal(f"stop_sequences.{index}: each stop sequence must contain non-whitespace")


def _check_choice(request: CountRequest, tools: list[Tool]) -> None:
    choice = request.tool_choice
    if choice is UNSET:
        return
    if not tools:
        raise refusal("tool_choice: Tool choice may only be specified while providing `tools`.")
    kind = type(choice).__name__
    if isinstance(choice, NamedTool) and choice.name not in [tool.name for tool in tools]:
        raise refusal(f"Tool '{choice.name}' not found in provided tools")
    if thinks(request) and kind in ("AnyTool", "NamedTool"):
        raise refusal("Thinking may not be enabled when tool_choice forces tool use.")


def _check_message(index: int, message: Message, version: str, *, last: bool) -> None:
    at = f"messages.{index}"
    if not message.content and not (last and message.role == "assistant"):
        raise refusal(f"{at}: all messages must have non-empty content except for the optional final assistant message")
    if isinstance(message.content, str):
        blocks: list[Block] = [Text(message.content)] if message.content else []
    else:
        blocks = message.content
    for number, block in enumerate(blocks):
        _check_block(f"{at}.content.{number}", block, message.role, version)
    if last and message.role == "assistant" and blocks:
        _check_prefill(blocks[-1])


def _check_prefill(block: Block) -> None:
    if isinstance(block, Text) and block.text != block.text.rstrip():
        raise refusal("messages: final assistant content cannot end with trailing whitespace")
    if isinstance(block, Thinking | RedactedThinking):
        raise refusal("messages: The final block in an assistant message cannot be `thinking`.")


_ROLES: dict[type, tuple[str, ...]] = {
    ToolUse: ("assistant",), Thinking: ("assistant",), RedactedThinking: ("assistant",),
    ToolResult: ("user",), SearchResult: ("user",), Text: ("user", "assistant", "system"),
}  # fmt: skip


def _check_block(at: str, block: Block, role: str, version: str) -> None:
    kind = str(block.__struct_config__.tag)
    allowed = _ROLES.get(type(block), ("user", "assistant"))
    if role not in allowed:
        raise refusal(f"{at}: `{kind}` blocks are not allowed in {role} messages")
    if isinstance(block, Text):
        if not block.text:
            raise refusal(f"{at}.text: text content blocks must be non-empty")
        if version == _NEWER and role == "user" and block.citations:
            raise refusal(f"{at}.text.citations: citations are not permitted in user messages")
    if isinstance(block, Document) and version == _NEWER and role == "assistant":
        raise refusal(f"{at}: `document` blocks are not permitted in assistant messages")
    if isinstance(block, ToolUse) and not _NAME.fullmatch(block.name):
        raise refusal(f"{at}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
    if isinstance(block, ToolUse) and not re.fullmatch(r"[a-zA-Z0-9_-]+", block.id):
        raise refusal(f"{at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    if isinstance(block, Thinking) and block.signature != signature(block.thinking):
        raise refusal(f"{at}: Invalid `signature` in `thinking` block")


def _check_pairs(messages: list[Message]) -> None:
    """Every tool use has its result at the beginning of the user's next turn, and no result comes unasked."""
    called: set[str] = set()
    before = -1
    for index, role, blocks in _turns(messages):
        results = [block for block in blocks if isinstance(block, ToolResult)]
        answered = [result.tool_use_id for result in results]
        if role == "user":
            for number, call_id in enumerate(answered):
                if call_id not in called:
                    raise refusal(
                        f"messages.{index}.content.{number}: unexpected `tool_use_id` found in `tool_result` blocks: "
                        f"{call_id}. Each `tool_result` block must have a corresponding `tool_use` block in the "
                        "previous message."
                    )
            if len(set(answered)) != len(answered):
                raise refusal("each tool_use must have a single result. Found multiple `tool_result` blocks")
        missing = sorted(called - set(answered))
        if missing:
            raise refusal(
                f"messages.{before}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
                "next message."
            )
        if called and not all(isinstance(block, ToolResult) for block in blocks[: len(results)]):
            raise refusal(f"messages.{index}: `tool_result` blocks must come first in the content after `tool_use`.")
        uses = [block.id for block in blocks if isinstance(block, ToolUse)]
        if len(set(uses)) != len(uses):
            raise refusal("`tool_use` ids must be unique")
        called, before = set(uses), index
    if called:
        raise refusal(
            f"messages.{before}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(sorted(called))}."
        )


def _check_thoughts(request: CountRequest) -> None:
    """Thoughts that led to a call come back with its result."""
    turns = list(_turns(request.messages))
    if not isinstance(request.thinking, ThinkingEnabled) or len(turns) < 2:
        return
    (index, _, thought), (_, _, results) = turns[-2:]
    if any(isinstance(block, ToolResult) for block in results) and not isinstance(
        thought[0], Thinking | RedactedThinking
    ):
        found = str(thought[0].__struct_config__.tag)
        raise refusal(
            f"messages.{index}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{found}`. When "
            "`thinking` is enabled, a final `assistant` message must start with a thinking block."
        )


def _turns(messages: list[Message]) -> Iterator[tuple[int, str, list[Block]]]:
    """Consecutive messages of one role are one turn; its number is that of its first message."""
    begun: tuple[int, str, list[Block]] | None = None
    for index, message in enumerate(messages):
        blocks: list[Block] = [Text(message.content)] if isinstance(message.content, str) else list(message.content)
        if message.role == "system":
            continue
        if begun is not None and begun[1] == message.role:
            begun[2].extend(blocks)
            continue
        if begun is not None:
            yield begun
        begun = (index, message.role, blocks)
    if begun is not None:
        yield begun


def _all_blocks(request: CountRequest, tools: list[Tool]) -> Iterator[object]:
    yield from tools
    yield from request.system if isinstance(request.system, list) else ()
    for message in request.messages:
        yield from message.content if isinstance(message.content, list) else ()
