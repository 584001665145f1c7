"""Patterns in a stream. Each event waits until so much has been said behind it that no match can begin in it and end
in what is still to come.

Pure: events go in, events come out in their order. How the stream was cut into events makes no difference to what is
found, as long as a match is no longer than the window: the largest one of the step's guardrails.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

from control_layer.contract.guardrails import Guardrail
from control_layer.contract.spans import cut
from control_layer.gateway.guardrails.speech import Piece, SpokenEvent
from control_layer.gateway.guardrails.steps import Deny, Redact

__all__ = ["MOST_HELD_BYTES", "Blocked", "CannotLook", "Downstream", "Window"]

MOST_HELD_BYTES = 8 * 1024 * 1024
"""Of one stream. Arguments of tools, and streams that are looked at whole, may be that long."""
_CONTEXT_BYTES = 4
"""So much of what has left is kept, for patterns that ask what stands before (`\\b`, `^`): a character."""


class Downstream(Protocol):
    """Where events go on to."""

    def feed(self, event: SpokenEvent) -> None: ...

    def end(self) -> None: ...


class Blocked(Exception):
    """A guardrail has found something."""

    def __init__(self, row: Guardrail) -> None:
        super().__init__(row.name)
        self.row = row


class CannotLook(Blocked):
    """What a guardrail would have to look at does not fit in memory."""


class _Channel:
    """What has been said in one place and has not left."""

    __slots__ = ("context", "pieces", "text")

    def __init__(self) -> None:
        self.context = b""
        self.pieces: deque[Piece] = deque()
        self.text = b""

    def leave(self, length: int) -> None:
        """So much of the text is settled."""
        self.context = (self.context + self.text[:length])[-_CONTEXT_BYTES:]
        self.text = self.text[length:]


class Window:
    """Holds events back for one step. Raises `Blocked` out of `feed` and `end`."""

    __slots__ = ("_active", "_channels", "_downstream", "_found", "_held", "_queue", "_step", "_waiting", "_width")

    def __init__(self, step: Deny | Redact, downstream: Downstream) -> None:
        self._step = step
        self._downstream = downstream
        self._width = step.width
        self._queue: deque[SpokenEvent] = deque()
        self._channels: dict[tuple[Any, ...], _Channel] = {}
        self._active = 0
        """Channels that have something in the queue."""
        self._waiting = 0
        """Characters in the queue."""
        self._held = 0
        """Bytes in the queue."""
        self._found: set[int] = set()

    @property
    def found(self) -> set[int]:
        """The places of those redacting guardrails that have found something."""
        return self._found

    def feed(self, event: SpokenEvent) -> None:
        """Takes an event in, and lets those go that need not wait any more."""
        if event.urgent:
            self._downstream.feed(event)
            return
        for piece in event.alone:
            self._whole([piece])
        self._queue.append(event)
        self._waiting += event.characters
        self._held += len(event.raw)
        if self._held > MOST_HELD_BYTES:
            raise CannotLook(self._step.rails[0].row)
        for piece in event.pieces:
            self._take(piece)
        if event.terminal:
            self._close(None)
            self._release(everything=True)
            return
        if event.closes is not None:
            self._close(event.closes)
        self._release(everything=False)

    def end(self) -> None:
        """Nothing more comes."""
        self._close(None)
        self._release(everything=True)
        self._downstream.end()

    def _take(self, piece: Piece) -> None:
        piece.settled = False
        channel = self._channels.get(piece.channel)
        if channel is None:
            channel = self._channels[piece.channel] = _Channel()
        if not channel.pieces:
            self._active += 1
        channel.pieces.append(piece)
        if piece.whole:
            return
        channel.text += piece.text
        if isinstance(self._step, Deny):
            # What ends where the text ends as yet may be no match when it goes on.
            text = channel.context + channel.text
            row = self._step.met(text, len(channel.context), len(text))
            if row is not None:
                raise Blocked(row)

    def _close(self, scope: tuple[Any, ...] | None) -> None:
        """Looks at what has to be looked at whole, of one scope or of all."""
        for channel in self._channels.values():
            pieces = channel.pieces
            if pieces and pieces[0].whole and scope in (None, pieces[0].scope):
                self._whole(list(pieces))
                pieces.clear()
                self._active -= 1

    def _whole(self, pieces: list[Piece]) -> None:
        text = pieces[0].text if len(pieces) == 1 else b"".join(piece.text for piece in pieces)
        step = self._step
        if isinstance(step, Deny):
            row = step.blocking((text,))
            if row is not None:
                raise Blocked(row)
        elif (changed := step.redacted(text, self._found)) != text:
            for piece in pieces:
                piece.change(b"")
            pieces[0].change(changed)
        for piece in pieces:
            piece.settled = True

    def _release(self, *, everything: bool) -> None:
        queue = self._queue
        while queue:
            event = queue[0]
            if not everything:
                if any(piece.whole and not piece.settled for piece in event.pieces):
                    return
                # Channels take turns: as much of each as a match may be long.
                waits = event.characters and not all(piece.settled for piece in event.pieces)
                if waits and self._waiting - event.characters < self._width * self._active:
                    return
            for piece in event.pieces:
                if not piece.settled:
                    self._settle(piece)
            queue.popleft()
            self._waiting -= event.characters
            self._held -= len(event.raw)
            self._downstream.feed(event)

    def _settle(self, piece: Piece) -> None:
        """Decides about the first piece of a channel: whatever begins in it is dealt with, to its end, and the word for
        it stands in it.
        """
        channel = self._channels[piece.channel]
        channel.pieces.popleft()
        if not channel.pieces:
            self._active -= 1
        length = len(piece.text)
        if not length:
            return
        start = len(channel.context)
        text = channel.context + channel.text
        if isinstance(self._step, Deny):
            row = self._step.beginning(text, start, start + length)
            if row is not None:
                raise Blocked(row)
            channel.leave(length)
            return
        spans = [
            span._replace(start=span.start - start, end=span.end - start)
            for span in self._step.spans(text, start)
            if span.start < start + length
        ]
        self._found.update(span.source for span in spans)
        piece.change(cut(piece.text, spans) if spans else piece.text)
        behind = max(spans[-1].end - length, 0) if spans else 0
        channel.leave(length + behind)
        for later in channel.pieces:
            if behind <= 0:
                break
            taken = min(behind, len(later.text))
            later.change(later.text[taken:])
            behind -= taken
