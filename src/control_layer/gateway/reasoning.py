"""The reasoning effort that a request names, said as its deployment's operator wants it said to the provider.

A deployment that translates efforts is asked only for those that it supports. The effort leaves the request, and the
values that stand for it are written into what the provider gets, in whatever dialect that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from control_layer.contract.reasoning import EFFORTS, EffortWrites, Reasoning, Surface, Write
from control_layer.contract.snapshot import Deployment
from control_layer.gateway import errors
from control_layer.gateway.placement import put
from control_layer.gateway.policy.balancing import Target
from control_layer.gateway.translation_table import RESPONSES

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["TranslatedEffort", "check_effort", "supported_efforts", "those_that_take", "translated_effort"]

_SURFACES: Mapping[str, Surface] = {"/v1/chat/completions": "chat_completions", RESPONSES: "responses"}
_UNTRANSLATED = Reasoning()
_PARAMETERS: Mapping[Surface, str] = {"chat_completions": "reasoning_effort", "responses": "reasoning.effort"}

_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text: msgspec.json.Decoder[str | None] = msgspec.json.Decoder(str | None)
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class TranslatedEffort:
    """What becomes of the effort in one request."""

    surface: Surface
    writes: tuple[Write, ...]

    def taken_out(self, body: bytes | bytearray) -> bytes:
        """The client's body without it."""
        fields = _decode_fields(body)
        _take_out(fields, self.surface)
        return _encode(fields)

    def written_into(self, body: bytes | bytearray) -> bytes:
        """The provider's body with what stands for it."""
        fields = _decode_fields(body)
        self._write(fields)
        return _encode(fields)

    def replaced_in(self, body: bytes | bytearray) -> bytes:
        """Both, where the provider gets the client's body."""
        fields = _decode_fields(body)
        _take_out(fields, self.surface)
        self._write(fields)
        return _encode(fields)

    def _write(self, fields: dict[str, msgspec.Raw]) -> None:
        for write in self.writes:
            put(fields, write.place, msgspec.Raw(write.value))


class _Asked(NamedTuple):
    """The effort that a request names."""

    surface: Surface
    word: str | None
    """`None` for null: the provider is to choose."""


def translated_effort(exchange: Exchange, reasoning: Reasoning) -> TranslatedEffort | None:
    """What a deployment makes of the request's effort; `None` where it leaves the request as it is."""
    asked = _asked(exchange)
    efforts = None if asked is None else _efforts(reasoning, asked.surface)
    if asked is None or efforts is None:
        return None
    return TranslatedEffort(asked.surface, () if asked.word is None else efforts.get(asked.word, ()))


def those_that_take(exchange: Exchange, targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """The deployments that can be told the effort that the request names."""
    asked = _asked(exchange)
    if asked is None or all(_takes(target.deployment, asked) for target in targets):
        return targets
    return tuple(target for target in targets if _takes(target.deployment, asked))


def check_effort(exchange: Exchange) -> None:
    """Raises GatewayError where no deployment of the model takes the effort that the request names: 422, or 400 for
    what is no effort.
    """
    asked, deployments = _asked(exchange), exchange.route.model.deployments
    if asked is None or any(_takes(deployment, asked) for deployment in deployments):
        return
    parameter = _PARAMETERS[asked.surface]
    supported = [
        effort for effort in EFFORTS if any(_takes(each, _Asked(asked.surface, effort)) for each in deployments)
    ]
    advice = f"use one of {', '.join(supported)}" if supported else "leave it out"
    if asked.word in EFFORTS:
        raise errors.unsupported_value(parameter, asked.word, advice)
    raise errors.invalid_value(parameter, advice)


def supported_efforts(deployments: Iterable[Deployment]) -> tuple[str, ...] | None:
    """The efforts that one of a model's deployments takes, whichever API names them; `None` where nobody knows what one
    takes, because it is told them as the client says them.
    """
    found: set[str] = set()
    for deployment in deployments:
        reasoning = deployment.reasoning or _UNTRANSLATED
        translated = [writes for writes in (reasoning.chat_completions, reasoning.responses) if writes is not None]
        if not translated:
            return None
        found.update(set(EFFORTS).intersection(*translated))
    return tuple(effort for effort in EFFORTS if effort in found)


def _asked(exchange: Exchange) -> _Asked | None:
    surface, envelope = _SURFACES.get(exchange.path.api_path), exchange.envelope
    if surface is None or envelope is None:
        return None
    fields = envelope.fields
    raw = fields.get("reasoning_effort") if surface == "chat_completions" else _reasoning(fields).get("effort")
    return None if raw is None else _Asked(surface, _word(raw))


def _takes(deployment: Deployment, asked: _Asked) -> bool:
    efforts = None if deployment.reasoning is None else _efforts(deployment.reasoning, asked.surface)
    return efforts is None or asked.word is None or asked.word in efforts


def _efforts(reasoning: Reasoning, surface: Surface) -> EffortWrites | None:
    return reasoning.chat_completions if surface == "chat_completions" else reasoning.responses


def _reasoning(fields: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """What stands in `reasoning`; nothing where it is no object, which is the provider's to refuse."""
    try:
        return _decode_fields(fields.get("reasoning", b"{}"))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _word(raw: msgspec.Raw) -> str | None:
    """What is no text is no effort's name either."""
    try:
        return _text.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def _take_out(fields: dict[str, msgspec.Raw], surface: Surface) -> None:
    if surface == "chat_completions":
        del fields["reasoning_effort"]
        return
    rest = _reasoning(fields)
    del rest["effort"]
    if rest:
        fields["reasoning"] = msgspec.Raw(_encode(rest))
    else:
        del fields["reasoning"]
