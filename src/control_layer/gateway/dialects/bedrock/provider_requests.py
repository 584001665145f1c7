"""A `Conversation` as a request to Converse or ConverseStream.

Parameters are named as OpenAI's clients name them. What Converse has no common words for is said to models that are
known to take it in the words of their own API.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from control_layer.gateway.dialects.anthropic.provider_sampling import Sampling, write_sampling
from control_layer.gateway.dialects.anthropic.provider_thinking import Turn, thoughts_are_lost, write_thinking
from control_layer.gateway.dialects.anthropic.schemas import Inexpressible, constrained
from control_layer.gateway.dialects.bedrock.models import Model, model_of
from control_layer.gateway.dialects.bedrock.provider_messages import write_messages
from control_layer.gateway.dialects.bedrock.requests import (
    Block,
    InferenceConfig,
    JsonSchema,
    MessageParam,
    OutputConfig,
    RequestBody,
    ServiceTier,
    Structure,
    TextFormat,
)
from control_layer.gateway.dialects.bedrock.tools import write_tools
from control_layer.gateway.dialects.conversation import Conversation, Reasoning, ResponseFormat
from control_layer.gateway.dialects.dialect import Outgoing
from control_layer.gateway.dialects.efforts import Level, level_for, level_of
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.openais_own import refuse_other_fields, refuse_variations

__all__ = ["write_request"]

_MOST = 1.0
"""The highest temperature."""
_JSON_ONLY = "Answer with a single JSON object and nothing else, not even a code fence around it."
_TIERS = frozenset(("default", "priority", "flex", "reserved"))
_STOP_SEQUENCES = ["/stop_sequence", "/delta/stop_sequence"]
"""Where Claude says what has stopped it: in a whole answer, and in the last event of a stream, which Amazon's pages do
not tell (https://github.com/vercel/ai/pull/11410). What is not there is passed over."""

_encode = msgspec.json.Encoder().encode


def write_request(conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
    """Raises `Unsupported` for what the model cannot be told; with `lenient` it is left out where it can be."""
    known, omissions = model_of(model), Omissions(lenient=lenient)
    refuse_variations(conversation, omissions, "Bedrock")
    refuse_other_fields(conversation, omissions, "Bedrock")
    if conversation.user is not None:
        omissions.drop("user")
    system, messages = write_messages(conversation.messages, model=known, omissions=omissions)
    tool_config, beside = write_tools(conversation, messages, known, omissions)
    stop = _stop(conversation, omissions)
    thinking = _Thinking(conversation, messages, known, omissions)
    sampling = _sampling(conversation, known, thinks=thinking.on, omissions=omissions)
    if sampling.top_k is not None:
        beside |= {"top_k": sampling.top_k} if known.family != "nova" else {"inferenceConfig": {"topK": sampling.top_k}}
    config = InferenceConfig(thinking.room, sampling.temperature, sampling.top_p, stop)
    text_format = _format(conversation.response_format, known, system, omissions)
    output = OutputConfig(text_format, thinking.effort)
    body = RequestBody(
        messages=_without_space_at_the_end(messages),
        system=system or None,
        inference_config=None if config == InferenceConfig() else config,
        tool_config=tool_config,
        output_config=None if output == OutputConfig() else output,
        additional_model_request_fields=(beside | thinking.fields) or None,
        additional_model_response_field_paths=_STOP_SEQUENCES if stop and known.family == "claude" else None,
        service_tier=_service_tier(conversation, omissions),
    )
    operation = "converse-stream" if conversation.stream else "converse"
    return Outgoing(
        f"/model/{quote(model, safe='')}/{operation}",
        _encode(body),
        dropped=omissions.dropped,
        first_call_only=conversation.parallel_tool_calls is False,
    )


# -- what is said ---------------------------------------------------------------------------------------------------


def _without_space_at_the_end(messages: list[MessageParam]) -> list[MessageParam]:
    """An answer that is begun for the model may not end with white space."""
    last = messages[-1] if messages else None
    if last is None or last.role != "assistant":
        return messages
    text = last.content[-1].text
    if text is None or not text[-1].isspace():
        return messages
    return [*messages[:-1], MessageParam("assistant", [*last.content[:-1], Block(text=text.rstrip())])]


def _format(
    wanted: ResponseFormat | None, model: Model, system: list[Block], omissions: Omissions
) -> TextFormat | None:
    """A schema is kept to by the API; any JSON object at all has to be asked for in words."""
    if wanted is None:
        return None
    if wanted.kind == "json_object" or wanted.schema is None:
        system.append(Block(text=_JSON_ONLY))
        return None
    schema = bytes(wanted.schema).decode()
    if model.family != "claude":
        return _schema(schema, wanted)
    try:
        if model.able.structured:
            return _schema(bytes(constrained(wanted.schema, wanted.description)).decode(), wanted)
        reason = "The model keeps to no schema. Ask one of Claude 4.5 or newer."
    except Inexpressible as error:
        reason = str(error)
    omissions.refuse("response_format", reason)
    system.append(Block(text=f"{_JSON_ONLY} It follows this JSON schema: {schema}"))
    return None


def _schema(schema: str, wanted: ResponseFormat) -> TextFormat:
    return TextFormat("json_schema", Structure(JsonSchema(schema, wanted.name, wanted.description)))


# -- how it is said -------------------------------------------------------------------------------------------------


class _Thinking:
    """How much the model is to think before it answers, in its own words."""

    __slots__ = ("effort", "fields", "on", "room")

    def __init__(
        self, conversation: Conversation, messages: list[MessageParam], model: Model, omissions: Omissions
    ) -> None:
        self.effort: str | None = None
        self.fields: dict[str, Any] = {}
        self.on = False
        self.room = conversation.max_output_tokens
        reasoning = conversation.reasoning
        if reasoning is None:
            return
        if model.family == "claude":
            self._claudes(conversation, messages, model, omissions)
        elif not reasoning.enabled or reasoning.effort == "none":
            return  # it does not unless it is told to, or it does whatever it is told
        elif model.family == "gpt-oss":
            self.fields["reasoning_effort"] = _effort(reasoning)
        elif model.reasons:
            self.fields["reasoningConfig"] = {"type": "enabled", "maxReasoningEffort": _novas_effort(conversation)}
        else:
            omissions.refuse("reasoning_effort", "The model cannot be told how much to think.")

    def _claudes(
        self, conversation: Conversation, messages: list[MessageParam], model: Model, omissions: Omissions
    ) -> None:
        room = conversation.max_output_tokens or model.able.output
        choice = conversation.tool_choice
        forced = bool(conversation.tools) and choice is not None and choice.mode in ("required", "named")
        thinking, self.effort = write_thinking(
            conversation.reasoning,
            model.able,
            room,
            forced_tool=forced,
            lost_thoughts=thoughts_are_lost([_turn(message) for message in messages]),
            omissions=omissions,
        )
        if thinking is None:
            return
        self.fields["thinking"] = thinking
        self.on = thinking.type in ("enabled", "adaptive")
        if thinking.budget_tokens is not None:
            self.room = room  # the budget must be less


def _effort(reasoning: Reasoning) -> Level:
    if reasoning.effort is not None:
        return level_of(reasoning.effort)
    return "medium" if reasoning.budget is None else level_for(reasoning.budget)


def _novas_effort(conversation: Conversation) -> Level:
    """Less than `high` where the client bounds the answer or says how it is sampled: that is refused beside it.

    https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html
    """
    assert conversation.reasoning is not None
    effort = _effort(conversation.reasoning)
    asked = (conversation.max_output_tokens, conversation.temperature, conversation.top_p, conversation.top_k)
    return "medium" if effort == "high" and any(value is not None for value in asked) else effort


def _turn(message: MessageParam) -> Turn:
    thought = any(block.reasoning_content is not None for block in message.content)
    return Turn(message.role, thought, any(block.tool_result is not None for block in message.content))


def _sampling(conversation: Conversation, model: Model, *, thinks: bool, omissions: Omissions) -> Sampling:
    if model.family == "claude":
        return write_sampling(conversation, model.able, thinks=thinks, omissions=omissions)
    temperature, top_k = conversation.temperature, conversation.top_k
    if temperature is not None:
        temperature = min(temperature, _MOST)
    if top_k is not None and model.family != "nova":
        omissions.refuse("top_k", "The model cannot be told `top_k`.")
        top_k = None
    return Sampling(temperature, conversation.top_p, top_k)


def _stop(conversation: Conversation, omissions: Omissions) -> list[str] | None:
    given = [text for text in conversation.stop if text]
    stop = [text for text in given if text.strip()]
    if len(stop) < len(given):
        omissions.refuse("stop", "Bedrock does not stop at white space.")
    return stop or None


def _service_tier(conversation: Conversation, omissions: Omissions) -> ServiceTier | None:
    tier = conversation.service_tier
    if tier is None or tier == "auto":
        return None
    if tier not in _TIERS:
        omissions.refuse("service_tier", f"Bedrock has no tier like {tier!r}.")
        return None
    return ServiceTier(tier)
