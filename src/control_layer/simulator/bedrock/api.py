"""The paths of Bedrock: Converse, ConverseStream and InvokeModel, and the lists of models and inference profiles."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, unquote

from control_layer.simulator.bedrock.answers import answered
from control_layer.simulator.bedrock.checks import check, parsed, refusal
from control_layer.simulator.bedrock.invoking import MODELS_OF_VECTORS, invoked
from control_layer.simulator.bedrock.schema import ConverseRequest
from control_layer.simulator.bedrock.signature import check_signature, is_signed
from control_layer.simulator.native import Answered, Asked
from control_layer.simulator.script import MODELS, Script
from control_layer.simulator.strictness import Refusal, parse_object
from control_layer.wire import Header, Request

__all__ = ["API"]

_BEARER = b"bearer "
_OPERATIONS = ("converse", "converse-stream")
_PROFILE = "us.anthropic.claude-sim"
"""A model that is called by its inference profile only."""
_ERRORS = {
    400: "ServiceQuotaExceededException", 403: "AccessDeniedException", 404: "ResourceNotFoundException",
    408: "ModelTimeoutException", 424: "ModelErrorException", 429: "ThrottlingException",
    500: "InternalServerException", 503: "ServiceUnavailableException",
}  # fmt: skip
"""What a script's errors are, by their status."""
_SIMULATED = "simulated_error"
_ABOUT = ":http://internal.amazon.com/coral/com.amazon.bedrock/"


class _Api:
    def authorise(self, request: Request, api_key: str | None) -> None:
        """An API key of Bedrock's, or a signature, which `read` checks: it is about the body too."""
        sent = request.header(b"authorization") or b""
        if is_signed(request):
            return
        if sent[:7].lower() != _BEARER:
            raise Refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        if api_key is not None and sent[7:] != api_key.encode():
            raise Refusal(
                403, "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid."
            )

    def read(self, request: Request, path: str, body: bytes) -> Asked | Answered:
        if is_signed(request):
            check_signature(request, body, time.time())
        match request.method, path.split("/"):
            case b"POST", ["", "model", name, operation] if operation in _OPERATIONS:
                return _converse(request, unquote(name), body, stream=operation == "converse-stream")
            case b"POST", ["", "model", name, "invoke"]:
                return _invoke(request, unquote(name), body)
            case b"GET", ["", "foundation-models"]:
                return Answered(body=_models(request.query.decode("latin-1")))
            case b"GET", ["", "inference-profiles"]:
                return Answered(body=_profiles(request.query.decode("latin-1")))
        raise Refusal(404, "UnknownOperationException", "The requested operation is not recognized by the service.")

    def refused(self, refusal: Refusal, answer_id: str) -> dict[str, Any]:
        del answer_id
        return {"message": refusal.message}

    def headers(self, answer_id: str, refusal: Refusal | None = None) -> list[Header]:
        headers = [(b"x-amzn-requestid", answer_id.encode())]
        if refusal is not None:
            kind = _ERRORS.get(refusal.status) if refusal.code == _SIMULATED else refusal.code
            headers += [] if kind is None else [(b"x-amzn-errortype", f"{kind}{_ABOUT}".encode())]
        return headers


API = _Api()


def _fields(request: Request, body: bytes) -> dict[str, Any]:
    if (request.header(b"content-type") or b"").partition(b";")[0] != b"application/json":
        raise Refusal(415, "UnsupportedMediaTypeException", "The content type must be application/json.")
    try:
        return parse_object(body)
    except Refusal as refused:
        raise refusal(f"Malformed input request: {refused.message}") from None


def _converse(request: Request, model: str, body: bytes, *, stream: bool) -> Asked:
    converse = parsed(_fields(request, body), ConverseRequest)
    check(converse)

    def answer(script: Script, answer_id: str) -> Answered:
        if script.context_length:
            raise refusal("Input is too long for requested model.")
        if script.refuses:
            raise refusal("The provided request was blocked by the content policy.")
        return answered(converse, script, answer_id, stream=stream)

    return Asked(model, answer)


def _invoke(request: Request, model: str, body: bytes) -> Asked:
    answer = invoked(model, _fields(request, body))

    def given(script: Script, answer_id: str) -> Answered:
        if script.context_length:
            raise refusal(
                "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9000"
            )
        return answer(script, answer_id)

    return Asked(model, given)


def _models(query: str) -> dict[str, Any]:
    """Those that answer with text, or with vectors, when they are called by their own names."""
    asked = parse_qs(query)
    if asked.get("byOutputModality") == ["EMBEDDING"]:
        return {"modelSummaries": [_model(name, "EMBEDDING") for name in MODELS_OF_VECTORS]}
    names = [*MODELS] if asked.get("byInferenceType") == ["ON_DEMAND"] else [*MODELS, _PROFILE.removeprefix("us.")]
    return {"modelSummaries": [_model(name, "TEXT") for name in names]}


def _model(name: str, modality: str) -> dict[str, Any]:
    return {
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{name}",
        "modelId": name,
        "modelName": f"Simulated {name}",
        "providerName": "Simulated",
        "outputModalities": [modality],
        "inferenceTypesSupported": ["ON_DEMAND"] if modality == "EMBEDDING" or name in MODELS else [],
    }


def _profiles(query: str) -> dict[str, Any]:
    """A page, which begins at `nextToken`."""
    asked = {name: values[-1] for name, values in parse_qs(query).items()}
    profiles = [f"{_PROFILE}-{number}" for number in range(1, 4)]
    limit, start = asked.get("maxResults", "10"), asked.get("nextToken", "0")
    if not (limit.isdigit() and start.isdigit()) or not 1 <= int(limit) <= 1000:
        raise refusal("1 validation error detected: maxResults or nextToken failed to satisfy its constraint")
    end = int(start) + int(limit)
    page = [
        {"inferenceProfileId": name, "inferenceProfileName": name, "status": "ACTIVE", "type": "SYSTEM_DEFINED"}
        for name in profiles[int(start) : end]
    ]
    return {"inferenceProfileSummaries": page} | ({"nextToken": str(end)} if end < len(profiles) else {})
