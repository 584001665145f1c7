"""Google's own models at Vertex AI: what the Gemini API takes but for ids and tiers, and vectors of `:predict`."""

from __future__ import annotations

from typing import Any

import msgspec

from control_layer.simulator.gemini.answers import counted, embedded
from control_layer.simulator.gemini.api import asked
from control_layer.simulator.gemini.checks import check_contents, parsed
from control_layer.simulator.gemini.refusals import refusal
from control_layer.simulator.gemini.schema import EmbedRequest, GenerateRequest, plain
from control_layer.simulator.native import Answered, Asked
from control_layer.simulator.script import Script
from control_layer.simulator.strictness import Refusal
from control_layer.simulator.text import count_tokens, vector

__all__ = ["google"]

_DIMENSIONS = 768
_MAX_INSTANCES = 250


class _Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    pass


class _Instance(_Strict):
    content: str
    task_type: str | None = None
    title: str | None = None


class _Parameters(_Strict):
    output_dimensionality: int | None = None
    auto_truncate: bool = True


class _PredictRequest(_Strict):
    instances: list[_Instance]
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


def google(model: str, method: str, query: dict[str, str], fields: dict[str, Any], path: str) -> Asked | Answered:
    """Raises Refusal."""
    fields = plain(fields)
    match method:
        case "generateContent" | "streamGenerateContent":
            _check_as_vertex(fields)
            return asked(model, method, query, fields, path)
        case "countTokens":
            _check_as_vertex(fields)
            if "toolConfig" in fields:
                raise _unknown("tool_config", "")
            request = parsed(fields, GenerateRequest)
            check_contents(request.contents, "contents")
            return Answered(body=counted(request.contents))
        case "predict":
            predict = parsed(fields, _PredictRequest)
            if not 0 < len(predict.instances) <= (1 if "gemini" in model else _MAX_INSTANCES):
                raise refusal("The number of instances is out of range for this model.")
            return Asked(model, lambda script, _: _predicted(script, predict))
        case "embedContent":
            if "model" in fields:
                raise _unknown("model", "")
            truncates = fields.pop("autoTruncate", True)
            embed = parsed(fields, EmbedRequest)
            check_contents([embed.content], "content")
            return Asked(model, lambda script, _: _embedded(script, embed, truncates=truncates))
    raise Refusal(404, "NOT_FOUND", f"The requested URL {path} was not found on this server.")


def _unknown(name: str, place: str) -> Refusal:
    at = f" at '{place}'" if place else ""
    return refusal(f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.')


def _check_as_vertex(fields: dict[str, Any]) -> None:
    for name in ("model", "serviceTier", "store", "generateContentRequest"):
        if name in fields:
            raise _unknown(name, "")
    for number, content in enumerate(fields.get("contents") or ()):
        if not isinstance(content, dict) or content.get("role") not in ("user", "model"):
            raise refusal("Please use a valid role: user, model.")
        for index, part in enumerate(content.get("parts") or ()):
            for name, at in (("functionCall", "function_call"), ("functionResponse", "function_response")):
                if isinstance(part, dict) and "id" in (part.get(name) or {}):
                    raise _unknown("id", f"contents[{number}].parts[{index}].{at}")


def _too_long(script: Script, *, truncates: bool) -> None:
    if script.context_length and not truncates:
        raise refusal("The input token count exceeds the maximum number of tokens allowed (2048).")


def _predicted(script: Script, request: _PredictRequest) -> Answered:
    _too_long(script, truncates=request.parameters.auto_truncate)
    size = request.parameters.output_dimensionality or _DIMENSIONS
    counts = [count_tokens(each.content) for each in request.instances]
    predictions = [
        {
            "embeddings": {
                "values": vector(each.content, size),
                "statistics": {"truncated": script.context_length, "token_count": count},
            }
        }
        for each, count in zip(request.instances, counts, strict=True)
    ]
    return Answered(body={"predictions": predictions}, usage={"promptTokenCount": sum(counts)})


def _embedded(script: Script, request: EmbedRequest, *, truncates: bool) -> Answered:
    _too_long(script, truncates=truncates)
    count = count_tokens("".join(part.text or "" for part in request.content.parts))
    usage = {"promptTokenCount": count, "totalTokenCount": count}
    return Answered(
        body={"embedding": embedded(request), "usageMetadata": usage, "truncated": script.context_length}, usage=usage
    )
