"""The paths of the Gemini API: generation, token counts, embeddings, models in pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from control_layer.simulator.gemini.answers import counted, embedded, generated
from control_layer.simulator.gemini.checks import check, check_contents, parsed
from control_layer.simulator.gemini.refusals import refusal
from control_layer.simulator.gemini.schema import BatchEmbedRequest, CountRequest, EmbedRequest, GenerateRequest
from control_layer.simulator.native import Answered, Asked
from control_layer.simulator.script import MODELS, Script
from control_layer.simulator.strictness import Refusal, parse_object
from control_layer.simulator.text import count_tokens
from control_layer.wire import Header, Request

__all__ = ["API", "asked"]

_STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
_METHODS = {"sim-embed": ["embedContent", "batchEmbedContents"]}
_PAGE, _MAX_PAGE = 50, 1000


class _Api:
    def authorise(self, request: Request, api_key: str | None) -> None:
        """The key in `x-goog-api-key`, or as the parameter `key`."""
        in_query = _query(request).get("key")
        sent = request.header(b"x-goog-api-key") or (None if in_query is None else in_query.encode())
        if sent is None:
            raise Refusal(
                403,
                "PERMISSION_DENIED",
                "Method doesn't allow unregistered callers (callers without established identity). Please use API Key "
                "or other form of API consumer identity to call this API.",
            )
        if api_key is not None and sent != api_key.encode():
            raise Refusal(400, "API_KEY_INVALID", "API key not valid. Please pass a valid API key.")

    def read(self, request: Request, path: str, body: bytes) -> Asked | Answered:
        query = _query(request)
        version, _, rest = path.lstrip("/").partition("/")
        if version not in ("v1beta", "v1"):
            raise _not_found(path)
        if request.method == b"GET" and rest == "models":
            return Answered(body=_models(query))
        if request.method == b"GET" and rest.startswith("models/"):
            return Answered(body=_model(rest.removeprefix("models/")))
        model, _, method = rest.removeprefix("models/").partition(":")
        if request.method != b"POST" or not rest.startswith("models/") or not model or "/" in model:
            raise _not_found(path)
        return asked(model, method, query, parse_object(body) if body.strip() else {}, path)

    def refused(self, refusal: Refusal, answer_id: str) -> dict[str, Any]:
        del answer_id
        status = refusal.code if refusal.code in _STATUSES.values() else _STATUSES.get(refusal.status, "UNKNOWN")
        error: dict[str, Any] = {"code": refusal.status, "message": refusal.message, "status": status}
        if refusal.code == "API_KEY_INVALID":
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            error["details"] = [{"@type": kind, "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
        elif refusal.message.startswith("Invalid "):
            kind = "type.googleapis.com/google.rpc.BadRequest"
            error["details"] = [{"@type": kind, "fieldViolations": [{"description": refusal.message}]}]
        elif refusal.status == 429:
            error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]
        return {"error": error}

    def headers(self, answer_id: str, _refusal: Refusal | None = None) -> list[Header]:
        del answer_id
        return [(b"server", b"simulated scaffolding"), (b"vary", b"Origin")]


API = _Api()


def _query(request: Request) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(request.query.decode("latin-1")).items()}


def _not_found(path: str) -> Refusal:
    return Refusal(404, "NOT_FOUND", f"{path} was not found.")


def asked(model: str, method: str, query: dict[str, str], fields: dict[str, Any], path: str) -> Asked | Answered:
    """What is asked of a model by one of its methods. Raises Refusal."""
    match method:
        case "generateContent" | "streamGenerateContent":
            request = parsed(fields, GenerateRequest)
            _check_model(request.model, model)
            check(request, model)
            sse = query.get("alt") == "sse"
            how = "whole" if method == "generateContent" else "sse" if sse else "list"
            return Asked(model, lambda script, answer_id: _generate(request, model, script, answer_id, how))
        case "countTokens":
            count = parsed(fields, CountRequest)
            whole = count.generate_content_request
            contents = count.contents if whole is None else whole.contents
            check_contents(contents, "CountTokensRequest.contents")
            return Answered(body=counted(contents, None if whole is None else whole.system_instruction))
        case "embedContent":
            embed = parsed(fields, EmbedRequest)
            check_contents([embed.content], "EmbedContentRequest.content")
            return Asked(model, lambda script, _: _embed(script, [embed], {"embedding": embedded(embed)}))
        case "batchEmbedContents":
            batch = parsed(fields, BatchEmbedRequest).requests
            if not batch:
                raise refusal("* BatchEmbedContentsRequest.requests: must not be empty")
            for each in batch:
                if each.model != f"models/{model}":
                    raise refusal("* BatchEmbedContentsRequest.requests: model must match the one of the batch")
                check_contents([each.content], "EmbedContentRequest.content")
            vectors = {"embeddings": [embedded(each) for each in batch]}
            return Asked(model, lambda script, _: _embed(script, batch, vectors))
    raise _not_found(path)


def _check_model(named: str | None, model: str) -> None:
    if named is not None and named.removeprefix("models/") != model:
        raise refusal("* GenerateContentRequest.model: unexpected model name format")


def _generate(request: GenerateRequest, model: str, script: Script, answer_id: str, how: str) -> Answered:
    if script.context_length:
        raise refusal("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).")
    return generated(request, model, script, answer_id, "whole" if script.unstreamed else how)


def _embed(script: Script, requests: list[EmbedRequest], body: dict[str, Any]) -> Answered:
    if script.context_length:
        raise refusal("The input token count exceeds the maximum number of tokens allowed (2048).")
    texts = ["".join(part.text or "" for part in request.content.parts) for request in requests]
    return Answered(body=body, usage={"promptTokenCount": sum(map(count_tokens, texts))})


def _model(name: str) -> dict[str, Any]:
    methods = _METHODS.get(name, ["generateContent", "countTokens"])
    return {
        "name": f"models/{name}", "version": "001", "displayName": f"Simulated {name}", "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536, "supportedGenerationMethods": methods,
    }  # fmt: skip


def _models(query: dict[str, str]) -> dict[str, Any]:
    """A page; the token is the number of the first model of the next."""
    size, token = query.get("pageSize", str(_PAGE)), query.get("pageToken", "0")
    if not size.isdigit() or not token.isdigit():
        raise refusal("Invalid value for page_size or page_token")
    begin, end = int(token), int(token) + min(int(size) or _PAGE, _MAX_PAGE)
    page: dict[str, Any] = {"models": [_model(name) for name in MODELS[begin:end]]}
    return {**page, "nextPageToken": str(end)} if end < len(MODELS) else page
