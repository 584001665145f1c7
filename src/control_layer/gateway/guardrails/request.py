"""A request's guardrails, between what may be refused at once and the money that is set aside for it.

What a guardrail cannot look into it blocks: forms that stream through, WebSocket sessions, prompts that are tokens
already, bodies that are no JSON. A redacted body is written before the request's worst case is worked out, so that
budgets hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from control_layer.gateway import errors
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.guardrails.check import Check
from control_layer.gateway.guardrails.table import Plan
from control_layer.gateway.guardrails.texts import Place, Unreadable, places, told_apart
from control_layer.gateway.paths import Handling

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["RequestCheck"]

_SAID = frozenset(
    (
        "messages", "input", "prompt", "system", "instructions", "suffix", "query", "queries", "documents", "text_1",
        "text_2", "tools", "functions", "prediction", "contents",
    )
)  # fmt: skip
"""The fields of the known APIs in which somebody says something."""
_TOKENS = re.compile(rb"\s*\[[\s\[]*-?\d")
_TOKENISED = ("prompt", "input")

_encode = msgspec.json.Encoder().encode


class RequestCheck:
    """Checks one request, and gives it what is left of its body."""

    __slots__ = ("_check", "_exchange", "_fields", "_places", "_plan")

    def __init__(self, exchange: Exchange, plan: Plan) -> None:
        self._exchange = exchange
        self._plan = plan
        self._fields: dict[str, bytes] = {}
        self._places: list[tuple[str, Place]] = []
        self._check: Check | None = None

    def run(self) -> None:
        """Ends with a call of `exchange.checked`, which may come before this returns."""
        exchange, plan = self._exchange, self._plan
        if plan.broken is not None:
            exchange.checked(errors.guardrail_unavailable(plan.broken))
            return
        try:
            if not self._can_look():
                exchange.plane.metrics.guardrails.looked(plan.first.kind, "request", "blocked")
                exchange.checked(errors.guardrail_cannot_look(plan.first.name, "request"))
                return
            self._find()
        except GatewayError as error:
            exchange.checked(error)
            return
        texts = [place.text for _, place in self._places]
        check = self._check = Check(exchange, "request", plan.request, texts, self._checked)
        check.run()

    def cancel(self) -> None:
        """The client has left."""
        if self._check is not None:
            self._check.cancel()

    def _can_look(self) -> bool:
        exchange = self._exchange
        if exchange.path.handling is Handling.REALTIME:
            return False
        if not self._plan.request:
            return True
        envelope = exchange.envelope
        if envelope is None:
            return not exchange.request.has_body
        return not any(_TOKENS.match(envelope.fields[name]) for name in _TOKENISED if name in envelope.fields)

    def _find(self) -> None:
        """Reads what is said. Raises GatewayError where that cannot be."""
        envelope = self._exchange.envelope
        if envelope is None or not self._plan.request:
            return
        try:
            for name in self._names():
                body = self._fields[name] = bytes(envelope.fields[name])
                body.decode()  # providers that are lenient with what is no UTF-8 would read something else
                self._places += [(name, place) for place in places(body, numbers=True)]
        except UnicodeDecodeError:
            raise errors.not_json("it is not valid UTF-8") from None
        except Unreadable as error:
            raise errors.not_json(str(error)) from None

    def _names(self) -> Iterator[str]:
        """Of APIs that we do not know, every field may be one in which something is said."""
        envelope = self._exchange.envelope
        assert envelope is not None
        if self._exchange.path.handling is Handling.OPEN:
            return (name for name in envelope.fields if name != "model")
        return (name for name in envelope.fields if name.casefold() in _SAID)

    def _checked(self, error: GatewayError | None) -> None:
        exchange, check = self._exchange, self._check
        if error is None and exchange.envelope is not None and check is not None and self._plan.request:
            try:
                self._write(check.texts)
            except GatewayError as unwritable:
                error = unwritable
        exchange.checked(error)

    def _write(self, texts: list[bytes]) -> None:
        """Writes the body anew where it must change, and where it could be read in two ways."""
        exchange = self._exchange
        envelope = exchange.envelope
        assert envelope is not None
        edits: dict[str, list[tuple[Place, bytes]]] = {name: [] for name in self._fields}
        for (name, place), text in zip(self._places, texts, strict=True):
            edits[name].append((place, text))
        changed = {name: msgspec.Raw(told_apart(self._fields[name], edits[name])) for name in self._fields}
        body = _encode({**envelope.fields, **changed})
        if body != exchange.body:
            exchange.body = body
            exchange.read_body()
