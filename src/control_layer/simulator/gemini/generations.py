"""What one generation of models refuses that another takes. Names like ours, no Gemini's, take everything."""

from __future__ import annotations

import re

from control_layer.simulator.gemini.refusals import refusal
from control_layer.simulator.gemini.schema import GenerateRequest

__all__ = ["check_generation"]

_NAME = re.compile(r"gemini-(\d+)(?:\.(\d+))?-(pro|flash-lite|flash|[a-z]+)")


def check_generation(request: GenerateRequest, model: str) -> None:
    """Raises Refusal."""
    found = _NAME.match(model)
    if found is None:
        return
    version, family = (int(found[1]), int(found[2] or 0)), found[3]
    if version < (3, 0):
        _earlier(request, version, family)
    else:
        _later(request, version, family)


def _earlier(request: GenerateRequest, version: tuple[int, int], family: str) -> None:
    config = request.generation_config
    budget = config.thinking_config.thinking_budget
    if config.thinking_config.thinking_level is not None:
        raise refusal("Thinking level is not supported for this model.")
    if version < (2, 5):
        if budget is not None or config.thinking_config.include_thoughts:
            raise refusal("Thinking is not supported for this model.")
    elif family == "pro" and budget == 0:
        raise refusal("Budget 0 is invalid. This model only works in thinking mode.")
    elif budget not in (None, -1, 0):
        least, most = {"pro": (128, 32768), "flash-lite": (512, 24576)}.get(family, (1, 24576))
        if not least <= (budget or 0) <= most:
            raise refusal(f"The thinking budget {budget} is invalid. Please choose a value between {least} and {most}.")
    if config.response_mime_type == "application/json" and any(tool.function_declarations for tool in request.tools):
        raise refusal("Function calling with a response mime type: 'application/json' is unsupported")
    for content in request.contents:
        if any(part.function_response is not None and part.function_response.parts for part in content.parts):
            raise refusal("Multimodal function response is not supported for this model.")


def _later(request: GenerateRequest, version: tuple[int, int], family: str) -> None:
    config = request.generation_config
    level = (config.thinking_config.thinking_level or "").lower()
    if level and level not in _levels(version, family):
        raise refusal(f"Thinking level {level.upper()} is not supported for this model.")
    if version < (4, 0):
        return
    if config.thinking_config.thinking_budget is not None:
        raise refusal("Thinking budget is not supported for this model. Please use thinking level.")
    if config.presence_penalty is not None or config.frequency_penalty is not None:
        raise refusal("Penalty is not enabled for this model.")
    if config.candidate_count != 1:
        raise refusal("Multiple candidates is not enabled for this model.")
    if request.contents[-1].role == "model":
        raise refusal("Please ensure that single turn requests end with a user role or the role field is empty.")


def _levels(version: tuple[int, int], family: str) -> tuple[str, ...]:
    if version >= (4, 0) and family in ("neon", "hydrogen"):
        return ("low", "medium", "high", "xhigh")
    if version == (3, 0) and family == "pro":
        return ("low", "high")
    flash = family == "flash-lite" or (family == "flash" and version < (3, 7))
    return ("minimal", "low", "medium", "high") if flash else ("low", "medium", "high")
