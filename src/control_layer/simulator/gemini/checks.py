"""What the Gemini API refuses, with the real API's words where clients may see them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, TypeVar

from control_layer.simulator.gemini.generations import check_generation
from control_layer.simulator.gemini.json_schemas import check_references
from control_layer.simulator.gemini.media import check_media
from control_layer.simulator.gemini.refusals import refusal
from control_layer.simulator.gemini.schema import Content, FunctionDeclaration, GenerateRequest, Part, plain
from control_layer.simulator.native import Misfit, fitting
from control_layer.simulator.script import script_for

__all__ = ["check", "check_contents", "declarations", "parsed", "signature"]

T = TypeVar("T")

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
_MAX_STOPS = 5
_MAX_CANDIDATES = 8
_SKIPPED = ("context_engineering_is_the_way_to_go", "skip_thought_signature_validator")
"""Stand for the signature of a call that no Gemini model has made."""
_DATA = (
    "text", "inline_data", "file_data", "function_call", "function_response", "executable_code",
    "code_execution_result",
)  # fmt: skip
_SCHEMA = frozenset((
    "type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties", "required",
    "minProperties", "maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf", "propertyOrdering",
    "default", "items", "minimum", "maximum",
))  # fmt: skip
_PROTO = {"int": "TYPE_INT32", "float": "TYPE_FLOAT", "str": "TYPE_STRING", "bool": "TYPE_BOOL"}


def parsed(fields: dict[str, Any], kind: type[T]) -> T:
    """The body. Raises Refusal."""
    try:
        return fitting(plain(fields), kind)
    except Misfit as misfit:
        raise refusal(_told(misfit)) from None


def _told(misfit: Misfit) -> str:
    if misfit.kind == "unknown":
        return _unknown(str(misfit.path[-1]), _place(misfit.path[:-1]))
    if misfit.kind == "missing":
        return f"* {_place(misfit.path)}: required field is not set"
    wanted = re.search(r"Expected `(\w+)", misfit.message)
    kind = _PROTO.get(wanted.group(1), "TYPE_ENUM") if wanted else "TYPE_ENUM"
    return f"Invalid value at '{_place(misfit.path)}' ({kind})"


def _unknown(name: str, place: str) -> str:
    at = f" at '{place}'" if place else ""
    return f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'


def _place(path: tuple[str | int, ...]) -> str:
    """As proto writes it: `tools[0].function_declarations[1]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else "." + re.sub(r"([A-Z])", r"_\1", step).lower()
    return text.removeprefix(".")


def signature(name: str, arguments: object) -> str:
    """What makes a call or a text ours."""
    text = name + json.dumps(arguments, sort_keys=True)
    return base64.b64encode(sha256(text.encode()).digest()).decode()


def declarations(request: GenerateRequest) -> list[FunctionDeclaration]:
    """The functions that may be called."""
    return [declaration for tool in request.tools for declaration in tool.function_declarations]


def check(request: GenerateRequest, model: str) -> None:
    """Raises Refusal."""
    check_contents(request.contents, "GenerateContentRequest.contents")
    if request.system_instruction is not None and not request.system_instruction.parts:
        raise refusal("* GenerateContentRequest.system_instruction.parts: must not be empty.")
    _check_tools(request)
    _check_config(request)
    check_generation(request, model)
    check_media(request, model)
    _check_calls(request, model)


def check_contents(contents: list[Content], place: str) -> None:
    """Raises Refusal."""
    if not contents:
        raise refusal(f"* {place}: contents is not specified")
    for index, content in enumerate(contents):
        at = f"{place}[{index}]"
        if content.role not in (None, "user", "model"):
            raise refusal("Please use a valid role: user, model.")
        if not content.parts:
            raise refusal(f"* {at}.parts: contents.parts must not be empty.")
        for number, part in enumerate(content.parts):
            _check_part(f"{at}.parts[{number}]", part)


def _check_part(at: str, part: Part) -> None:
    data = [name for name in _DATA if getattr(part, name) is not None]
    if len(data) > 1:
        raise refusal(f"Invalid value at '{at}' (oneof), oneof field 'data' is already set. Cannot set '{data[1]}'")
    if not data and part.thought_signature is None:
        raise refusal(f"* {at}.data: required oneof field 'data' must have one initialized field")
    if part.inline_data is not None:
        _bytes(f"{at}.inline_data.data", part.inline_data.data)
    if part.thought_signature is not None and part.thought_signature not in _SKIPPED:
        given = _bytes(f"{at}.thought_signature", part.thought_signature)
        if len(given) != sha256().digest_size:
            raise refusal("Corrupted thought signature.")


def _bytes(at: str, text: str) -> bytes:
    """Bytes in either alphabet of base64, padded or not, as proto takes them."""
    plain_text = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain_text + "=" * (-len(plain_text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise refusal(f"Invalid value at '{at}' (TYPE_BYTES), Base64 decoding failed") from None


def _check_tools(request: GenerateRequest) -> None:
    for index, tool in enumerate(request.tools):
        for number, declaration in enumerate(tool.function_declarations):
            at = f"tools[{index}].function_declarations[{number}]"
            if not _NAME.fullmatch(declaration.name):
                raise refusal(
                    f"* GenerateContentRequest.{at}.name: Invalid function name. Must start with a letter or an "
                    "underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or "
                    "dashes (-), with a maximum length of 128."
                )
            if declaration.parameters is not None:
                if declaration.parameters_json_schema is not None:
                    raise refusal(f"* {at}: only one of parameters and parameters_json_schema may be set")
                _check_schema(f"{at}.parameters", declaration.parameters)
            check_references(declaration.parameters_json_schema)
    names = [declaration.name for declaration in declarations(request)]
    if len(set(names)) != len(names):
        raise refusal("Duplicate function declaration found: " + next(name for name in names if names.count(name) > 1))
    calling = request.tool_config.function_calling_config
    if calling.allowed_function_names and calling.mode not in ("ANY", "VALIDATED"):
        raise refusal("allowed_function_names should only be set when mode is ANY or VALIDATED.")
    if calling.mode == "ANY" and not names:
        raise refusal("Function calling config is set without function_declarations.")
    strange = [name for name in calling.allowed_function_names if name not in names]
    if strange:
        raise refusal(f"allowed_function_names: '{strange[0]}' is not declared")


def _check_schema(at: str, schema: Any) -> None:
    """The subset of OpenAPI's schemas that the API knows."""
    if not isinstance(schema, dict):
        raise refusal(f"Invalid value at '{at}' (type.googleapis.com/google.ai.generativelanguage.v1beta.Schema)")
    renamed = {_camel(name): inner for name, inner in schema.items()}
    for name in renamed:
        if name not in _SCHEMA:
            raise refusal(_unknown(name, at))
    if not isinstance(renamed.get("type", "OBJECT"), str):
        raise refusal(f"Invalid value at '{at}.type' (TYPE_ENUM), Proto field is not repeating, cannot start list.")
    properties = renamed.get("properties")
    if str(renamed.get("type")).upper() == "OBJECT" and properties == {}:
        raise refusal(f"* {at}.properties: should be non-empty for OBJECT type")
    for number, inner in enumerate((properties or {}).values()):
        _check_schema(f"{at}.properties[{number}].value", inner)
    if "items" in renamed:
        _check_schema(f"{at}.items", renamed["items"])
    for number, inner in enumerate(renamed.get("anyOf") or ()):
        _check_schema(f"{at}.any_of[{number}]", inner)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), name)


def _check_config(request: GenerateRequest) -> None:
    config = request.generation_config
    if len(config.stop_sequences) > _MAX_STOPS:
        raise refusal(f"The number of stop sequences must be at most {_MAX_STOPS}.")
    if not 1 <= config.candidate_count <= _MAX_CANDIDATES:
        raise refusal(f"candidate_count must be between 1 and {_MAX_CANDIDATES}.")
    if config.temperature is not None and not 0 <= config.temperature <= 2:
        raise refusal(
            "* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0, 2]."
        )
    if config.max_output_tokens is not None and config.max_output_tokens < 1:
        raise refusal("max_output_tokens must be positive.")
    wants_schema = config.response_schema is not None or config.response_json_schema is not None
    if wants_schema and config.response_mime_type != "application/json":
        raise refusal("A response schema needs response_mime_type 'application/json'.")
    check_references(config.response_json_schema)
    if config.response_schema is not None:
        _check_schema("generation_config.response_schema", config.response_schema)
    thinking = config.thinking_config
    if thinking.thinking_budget is not None and thinking.thinking_level is not None:
        raise refusal("You can only set only one of thinking budget and thinking level.")


def _check_calls(request: GenerateRequest, model: str) -> None:
    """Calls follow a user's turn, each is answered in the next, and what a model signed comes back as it was."""
    open_calls: list[str] = []
    open_ids: list[str | None] = []
    thinks = script_for(model).reasoning
    for role, parts in _turns(request.contents):
        calls = [part.function_call for part in parts if part.function_call is not None]
        responses = [part.function_response for part in parts if part.function_response is not None]
        if any(response.id is not None and response.id not in open_ids for response in responses):
            raise refusal("Please ensure that the id of each function response is that of its function call.")
        if sorted(response.name for response in responses) != sorted(open_calls):
            raise refusal(
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        if calls and role != "model":
            raise refusal("Please ensure that function call turn comes immediately after a user turn.")
        signed = [part for part in parts if part.function_call is not None and part.thought_signature is not None]
        if calls and thinks and not signed:
            raise refusal(
                "Function call is missing a thought_signature in functionCall parts. This is required for tools to "
                f"work correctly. Additional data, function call `default_api:{calls[0].name}`."
            )
        for part in signed:
            call = part.function_call
            assert call is not None
            expected = (signature(call.name, call.args or {}), *_SKIPPED)
            at = "contents.parts.thought_signature"
            if _bytes(at, str(part.thought_signature)) not in [_bytes(at, each) for each in expected]:
                raise refusal("Corrupted thought signature.")
        open_calls, open_ids = [call.name for call in calls], [call.id for call in calls]
    if open_calls:
        raise refusal("Please ensure that single turn requests end with a user role or the role field is empty.")


def _turns(contents: list[Content]) -> Iterator[tuple[str, list[Part]]]:
    begun: tuple[str, list[Part]] | None = None
    for content in contents:
        role = content.role or "user"
        if begun is not None and begun[0] == role:
            begun[1].extend(content.parts)
            continue
        if begun is not None:
            yield begun
        begun = (role, list(content.parts))
    if begun is not None:
        yield begun
