"""What a client of `/ai` can be told, in its own dialect. One function for each row of the contract's error table.

Texts say what to do next. They hold nothing of another tenant's and nothing of a provider's address; what a client
sent is shown back shortened.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from control_layer.wire import Header

__all__ = ["GatewayError", "render", "stream_event"]

_JSON: Header = (b"content-type", b"application/json")
_SHOWN = 100
_INVALID = "invalid_request_error"
_UPSTREAM = "upstream_error"
_RATE = "rate_limit_error"
_CONTEXT_LENGTH = "context_length_exceeded"
_ANTHROPIC_BY_STATUS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    529: "overloaded_error",
}


class GatewayError(Exception):
    """An answer that is an error. `status`, `type`, `code` and `param` are OpenAI's terms."""

    __slots__ = ("code", "headers", "message", "param", "status", "type")

    def __init__(
        self,
        status: int,
        type_: str,
        code: str,
        message: str,
        *,
        param: str | None = None,
        headers: tuple[Header, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type_
        self.code = code
        self.message = message
        self.param = param
        self.headers = headers


class _OpenAiError(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: str


class _OpenAiBody(msgspec.Struct):
    error: _OpenAiError


class _AnthropicError(msgspec.Struct):
    type: str
    message: str


class _AnthropicBody(msgspec.Struct, tag="error", tag_field="type"):
    error: _AnthropicError
    request_id: str


def _body(error: GatewayError, anthropic: bool, request_id: str) -> bytes:
    if anthropic:
        kind = _ANTHROPIC_BY_STATUS.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
        return msgspec.json.encode(_AnthropicBody(_AnthropicError(kind, error.message), request_id))
    return msgspec.json.encode(_OpenAiBody(_OpenAiError(error.message, error.type, error.param, error.code)))


def render(error: GatewayError, anthropic: bool, request_id: str) -> tuple[int, list[Header], bytes]:
    """Status, headers and body of an error answer."""
    return error.status, [_JSON, *error.headers], _body(error, anthropic, request_id)


def stream_event(error: GatewayError, anthropic: bool, request_id: str) -> bytes:
    """The event that ends a broken stream. The empty line before it ends an event that was cut in the middle."""
    body = _body(error, anthropic, request_id)
    return b"\n\nevent: error\ndata: %b\n\n" % body if anthropic else b"\n\ndata: %b\n\n" % body


def _short(value: str) -> str:
    clean = "".join(character if character.isprintable() else "�" for character in value[:_SHOWN])
    return clean if len(value) <= _SHOWN else clean + "…"


# -- who are you ---------------------------------------------------------------------------------------------------


def missing_key() -> GatewayError:
    return GatewayError(
        401,
        _INVALID,
        "invalid_api_key",
        "You didn't provide an API key. Send it as 'Authorization: Bearer sk-…' or 'x-api-key: sk-…'; keys are made on "
        "the API keys page.",
        headers=((b"www-authenticate", b"Bearer"),),
    )


def invalid_key(shown: str) -> GatewayError:
    text = f"Incorrect API key provided: {shown}. It may have been deleted; make a new one on the API keys page."
    return GatewayError(401, _INVALID, "invalid_api_key", text, headers=((b"www-authenticate", b"Bearer"),))


def expired_key(shown: str) -> GatewayError:
    text = f"Incorrect API key provided: {shown}. It has expired; make a new one on the API keys page."
    return GatewayError(401, _INVALID, "invalid_api_key", text, headers=((b"www-authenticate", b"Bearer"),))


def key_purpose_not_allowed() -> GatewayError:
    text = "API keys with purpose 'platform' cannot be used for inference requests. Make a key of purpose 'realtime'."
    return GatewayError(403, "permission_error", "key_purpose_not_allowed", text)


# -- may you -------------------------------------------------------------------------------------------------------


def model_access_denied(alias: str) -> GatewayError:
    text = f"You do not have access to the model `{_short(alias)}`. Ask an administrator to grant it to your groups."
    return GatewayError(403, "permission_error", "model_access_denied", text, param="model")


def may_not_explain() -> GatewayError:
    text = "Only the control plane asks that way. Leave the field x-control-layer-explain out, or use POST /explain."
    return GatewayError(403, "permission_error", "may_not_explain", text)


def key_not_in_force() -> GatewayError:
    text = "The key is not in force: it is revoked, has expired, or its account is not active. Its requests get a 401."
    return GatewayError(404, _INVALID, "key_not_in_force", text)


def purpose_denied(alias: str, purpose: str) -> GatewayError:
    text = (
        f"{purpose.capitalize()} access to '{_short(alias)}' is blocked by a routing rule. Call another model, or ask "
        "an administrator to change the rule."
    )
    return GatewayError(403, "permission_error", "blocked_by_routing_rule", text, param="model")


def model_not_found(alias: str) -> GatewayError:
    text = (
        f"The model `{_short(alias)}` does not exist or you do not have access to it. GET /ai/v1/models lists the "
        "models your key may call."
    )
    return GatewayError(404, _INVALID, "model_not_found", text, param="model")


def limit_reached(code: str, text: str, headers: tuple[Header, ...]) -> GatewayError:
    return GatewayError(429, _RATE, code, text, headers=headers)


def credit_spent() -> GatewayError:
    text = "Account balance too low. Please add credits to continue. Models without a price can be called all the same."
    return GatewayError(402, "insufficient_quota", "insufficient_quota", text)


def guardrail_blocked(name: str, stage: str, reason: str | None = None) -> GatewayError:
    """`reason` is an external check's own word. What was found is never said."""
    what = "This request was" if stage == "request" else "The model's answer was"
    text = f"{what} blocked by the guardrail '{_short(name)}'"
    text += f": {_short(reason)}." if reason else ". Change what is said, or ask an administrator what it is there for."
    return GatewayError(400, _INVALID, "guardrail_blocked", text)


def guardrail_cannot_look(name: str, stage: str) -> GatewayError:
    what = "a request of this kind; send JSON with text" if stage == "request" else "an answer of this kind"
    text = f"The guardrail '{_short(name)}' cannot look into {what}, and lets nothing pass unchecked."
    return GatewayError(400, _INVALID, "guardrail_blocked", text)


def guardrail_unavailable(name: str) -> GatewayError:
    text = (
        f"The guardrail '{_short(name)}' cannot check this at the moment, and lets nothing pass unchecked. Try later."
    )
    return GatewayError(503, "server_error", "guardrail_unavailable", text, headers=_SOON)


# -- what do you want ----------------------------------------------------------------------------------------------


def not_json(detail: str) -> GatewayError:
    text = f"The request body could not be read as a JSON object: {_short(detail)}."
    return GatewayError(400, _INVALID, "invalid_json", text)


def missing_model() -> GatewayError:
    text = "You must provide a model: put its name in the field `model`."
    return GatewayError(400, _INVALID, "missing_required_parameter", text, param="model")


def missing_parameter(param: str) -> GatewayError:
    text = f"Missing required parameter: '{_short(param)}'."
    return GatewayError(400, _INVALID, "missing_required_parameter", text, param=_short(param))


def wrong_type(param: str, detail: str) -> GatewayError:
    text = f"Invalid type for '{_short(param)}': {_short(detail)}."
    return GatewayError(400, _INVALID, "invalid_type", text, param=_short(param))


def unknown_parameter(name: str, known: str) -> GatewayError:
    text = f"Unknown parameter: '{_short(name)}'. Did you mean '{known}'?"
    return GatewayError(400, _INVALID, "unknown_parameter", text, param=_short(name))


def api_not_served() -> GatewayError:
    text = "The model's provider has nothing of this kind. Call one that has, or this one at another path."
    return GatewayError(400, _INVALID, "unsupported_api", text, param="model")


def not_of_this_type(alias: str, paths: Sequence[str]) -> GatewayError:
    where = f"Ask it at /ai{paths[0]}" if paths else "Ask it elsewhere"
    text = f"The model `{_short(alias)}` is not for requests of this kind. {where}, or name another model."
    return GatewayError(400, _INVALID, "unsupported_api", text, param="model")


def not_capable(param: str, capability: str) -> GatewayError:
    text = (
        f"Unsupported parameter: '{param}' needs the capability '{capability}', which this model does not have. "
        "GET /ai/v1/models?detail=true says what each model can do."
    )
    return GatewayError(400, _INVALID, "unsupported_parameter", text, param=param)


def unsupported_parameter(param: str, reason: str) -> GatewayError:
    """The model's provider cannot be told what a parameter asks for."""
    text = f"Unsupported parameter: '{_short(param)}' is not supported with this model. {reason}"
    return GatewayError(400, _INVALID, "unsupported_parameter", text, param=_short(param))


def previous_response_not_found(response_id: str) -> GatewayError:
    text = f"Previous response with id '{_short(response_id)}' not found."
    return GatewayError(400, _INVALID, "previous_response_not_found", text, param="previous_response_id")


def invalid_value(param: str, detail: str) -> GatewayError:
    return GatewayError(400, _INVALID, "invalid_value", f"Invalid value for '{param}': {detail}.", param=param)


def invalid_flag(param: str) -> GatewayError:
    """In a query string."""
    return GatewayError(400, _INVALID, "invalid_query_parameter", f"'{param}' must be true or false.", param=param)


def invalid_group() -> GatewayError:
    """In a query string."""
    text = "'group' must be the ids of groups, separated by commas; the groups page shows them."
    return GatewayError(400, _INVALID, "invalid_group", text, param="group")


def unsupported_value(param: str, value: str, advice: str) -> GatewayError:
    """A value that the API knows, and none of the model's deployments takes."""
    text = f"Unsupported value: '{param}' does not support '{_short(value)}' with this model: {advice}."
    return GatewayError(422, _INVALID, "unsupported_value", text, param=param)


def not_multipart(detail: str = "send multipart/form-data with a field `model`") -> GatewayError:
    return GatewayError(400, _INVALID, "invalid_form", f"The request body could not be read as a form: {detail}.")


def model_field_too_late() -> GatewayError:
    text = "Put the form field `model` before the file, or name the model in the header `x-model`."
    return GatewayError(400, _INVALID, "model_field_too_late", text, param="model")


def unsupported_encoding(encoding: str) -> GatewayError:
    text = f"Request bodies cannot be read with content-encoding '{_short(encoding)}'. Send the body unencoded."
    return GatewayError(415, _INVALID, "unsupported_encoding", text)


def unsupported_media_type() -> GatewayError:
    text = "Request bodies of this content-type are not passed on. Send JSON, multipart/form-data or the file itself."
    return GatewayError(415, _INVALID, "unsupported_media_type", text)


def body_too_large(limit: int) -> GatewayError:
    text = f"The request body is larger than this gateway takes ({limit} bytes). Send less, or ask for a higher limit."
    return GatewayError(413, _INVALID, "request_too_large", text)


def form_too_large(limit: int) -> GatewayError:
    text = (
        f"Forms for this model are read whole, up to {limit} bytes. Send smaller pictures, or name them by their "
        "addresses in JSON: images: [{image_url}]."
    )
    return GatewayError(413, _INVALID, "request_too_large", text)


def unknown_route() -> GatewayError:
    text = "Unknown path. The API begins at /ai/v1; GET /ai/v1/models lists what your key may call."
    return GatewayError(404, _INVALID, "unknown_url", text)


def ambiguous_path() -> GatewayError:
    text = "This path could be read as another one. Send it without empty, '.' and '..' segments."
    return GatewayError(400, _INVALID, "ambiguous_path", text)


def method_not_allowed(allow: str) -> GatewayError:
    text = f"This path takes {allow} only."
    return GatewayError(405, _INVALID, "method_not_supported", text, headers=((b"allow", allow.encode()),))


def upgrade_required() -> GatewayError:
    text = "This path speaks WebSocket only: connect with an 'Upgrade: websocket' request and ?model=."
    return GatewayError(
        426, _INVALID, "upgrade_required", text, headers=((b"upgrade", b"websocket"), (b"connection", b"upgrade"))
    )


def bad_head(status: int, reason: str) -> GatewayError:
    """What the wire could not take for a request, or, with 500, what our own handling of one failed at."""
    if status >= 500:
        return internal_error()
    return GatewayError(status, _INVALID, "bad_request", f"This request cannot be served: {_short(reason)}.")


# -- not now -------------------------------------------------------------------------------------------------------

_SOON = ((b"retry-after", b"1"),)


def not_ready() -> GatewayError:
    text = "This gateway has just started and does not know its keys yet. Try again in a moment."
    return GatewayError(503, "server_error", "not_ready", text, headers=_SOON)


def stored_responses_unavailable() -> GatewayError:
    text = (
        "Stored responses cannot be read at the moment. Try later, or send the whole conversation as `input`, without "
        "`previous_response_id`."
    )
    return GatewayError(503, "server_error", "stored_responses_unavailable", text, headers=_SOON)


def journal_full() -> GatewayError:
    text = "This gateway cannot record usage at the moment and takes no request it could not account for. Try later."
    return GatewayError(503, "server_error", "cannot_account", text, headers=_SOON)


def internal_error() -> GatewayError:
    text = "The gateway failed to handle this request; its log says why. Give an administrator the x-request-id."
    return GatewayError(500, "server_error", "internal_error", text)


# -- the provider --------------------------------------------------------------------------------------------------


def upstream_authentication() -> GatewayError:
    text = "The model's provider refuses the gateway's credentials. An administrator must renew them on the endpoint."
    return GatewayError(502, _UPSTREAM, "upstream_authentication", text)


def upstream_rate_limited(retry_after: bytes | None) -> GatewayError:
    text = "The model's provider is limiting the gateway's requests. Try again later."
    headers = ((b"retry-after", retry_after),) if retry_after else ()
    return GatewayError(429, _RATE, "upstream_rate_limited", text, headers=headers)


def upstream_error(status: int, code: str | None) -> GatewayError:
    """A provider's error in words that say nothing of the provider."""
    if code == _CONTEXT_LENGTH:
        text = "This model's maximum context length is exceeded. Shorten the messages or ask for fewer tokens."
        return GatewayError(status, _INVALID, _CONTEXT_LENGTH, text, param="messages")
    if status < 500:
        text = "The model's provider did not accept this request. Check its parameters."
        return GatewayError(status, _INVALID, "upstream_rejected", text)
    return upstream_failed(status)


def upstream_failed(status: int = 502) -> GatewayError:
    return GatewayError(status, _UPSTREAM, "upstream_failed", "The model's provider failed. Try again later.")


def model_unavailable(reason: str, *, status: int = 502) -> GatewayError:
    return GatewayError(status, _UPSTREAM, "model_unavailable", f"The model is not available: {reason}.")


def model_resting(seconds: float) -> GatewayError:
    """Every deployment failed so often that it is left alone for a while."""
    text = "The model is not available: its provider has failed repeatedly and is tried again shortly."
    headers = ((b"retry-after", b"%d" % (int(seconds) + 1)), (b"retry-after-ms", b"%d" % (int(seconds * 1000) + 1)))
    return GatewayError(503, _UPSTREAM, "model_unavailable", text, headers=headers)


def deployments_full() -> GatewayError:
    text = "Every deployment of the model is at its own limit. Try again in a moment."
    headers = ((b"retry-after", b"1"),)
    return GatewayError(429, _RATE, "rate_limit_exceeded", text, headers=headers)


def no_deployment() -> GatewayError:
    return model_unavailable("no deployment serves it; an administrator must add one", status=503)


def upstream_bad_reply() -> GatewayError:
    text = (
        "The model is not available: its provider sent a reply that cannot be read. An administrator should check the "
        "endpoint's URL and dialect."
    )
    return GatewayError(502, _UPSTREAM, "model_unavailable", text)


def upstream_redirected() -> GatewayError:
    text = "The model is not available: its provider redirects elsewhere. An administrator must correct its URL."
    return GatewayError(502, _UPSTREAM, "model_unavailable", text)


def upstream_timeout() -> GatewayError:
    text = "The model's provider did not answer in time. Try again, ask for less output, or stream the answer."
    return GatewayError(504, _UPSTREAM, "upstream_timeout", text)


def upstream_stream_broken() -> GatewayError:
    text = "The model's provider broke its answer off: what came before this is not complete. Try again."
    return GatewayError(502, _UPSTREAM, "upstream_broken", text)
