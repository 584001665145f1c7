"""Steps that look at larger parts of a stream, or at all of it: events wait until the answer is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from control_layer.gateway.errors import GatewayError
from control_layer.gateway.guardrails.check import Check
from control_layer.gateway.guardrails.speech import Piece, SpokenEvent
from control_layer.gateway.guardrails.steps import Allow, External
from control_layer.gateway.guardrails.windows import MOST_HELD_BYTES, CannotLook, Downstream

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["Gate"]


class Gate:
    """Collects events, and lets them go together when they are checked. `refused` is told why they never go."""

    __slots__ = (
        "_characters", "_check", "_downstream", "_ended", "_exchange", "_held", "_passed", "_queue", "_refused",
        "_size", "_step",
    )  # fmt: skip

    def __init__(
        self,
        exchange: Exchange,
        step: Allow | External,
        downstream: Downstream,
        refused: Callable[[GatewayError], None],
        passed: Callable[[], None],
    ) -> None:
        self._exchange = exchange
        self._step = step
        self._downstream = downstream
        self._refused = refused
        self._passed = passed
        """Called when events have gone on in a turn of the loop in which none came."""
        self._size: int | None = None
        """How many characters are looked at together; `None` for all of the stream."""
        if isinstance(step, External) and not step.row.whole:
            self._size = step.row.window_characters
        self._queue: list[SpokenEvent] = []
        self._characters = 0
        self._held = 0
        self._ended = False
        self._check: Check | None = None

    def feed(self, event: SpokenEvent) -> None:
        """Takes an event in. Raises `CannotLook` where there is no room for it."""
        if event.urgent:
            self._downstream.feed(event)
            return
        self._queue.append(event)
        self._characters += event.characters
        self._held += len(event.raw)
        if self._held > MOST_HELD_BYTES:
            raise CannotLook(self._step.row if isinstance(self._step, External) else self._step.rails[0].row)
        if self._check is None and (event.terminal or (self._size is not None and self._characters >= self._size)):
            self._look()

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        if self._check is None:
            self._look()

    def cancel(self) -> None:
        """Nobody waits for the stream any more."""
        if self._check is not None:
            self._check.cancel()
            self._check = None
        self._queue.clear()

    def _look(self) -> None:
        events, self._queue = self._queue, []
        self._characters = 0
        channels = _said(events)
        if not channels and not (isinstance(self._step, Allow) and events):
            self._go(events)
            return
        texts = [b"".join(piece.text for piece in pieces) for pieces in channels]
        returned = False

        def done(error: GatewayError | None) -> None:
            self._check = None
            if error is not None:
                self._refused(error)
                return
            for pieces, before, after in zip(channels, texts, check.texts, strict=True):
                if before != after:
                    for piece in pieces:
                        piece.change(b"")
                    pieces[0].change(after)
            self._go(events)
            if returned:
                self._passed()

        check = self._check = Check(self._exchange, "answer", (self._step,), list(texts), done)
        check.run()
        returned = True

    def _go(self, events: list[SpokenEvent]) -> None:
        for event in events:
            self._held -= len(event.raw)
            self._downstream.feed(event)
        if self._queue and (
            self._ended or self._size is None or self._characters >= self._size or self._queue[-1].terminal
        ):
            self._look()
        elif self._ended:
            self._downstream.end()


def _said(events: list[SpokenEvent]) -> list[list[Piece]]:
    """The texts in some events, as their pieces; those that stand by themselves only where there are no others."""
    channels: dict[tuple[Any, ...], list[Piece]] = {}
    for event in events:
        for piece in event.pieces:
            channels.setdefault(piece.channel, []).append(piece)
    return [*channels.values(), *([piece] for event in events for piece in event.alone)]
