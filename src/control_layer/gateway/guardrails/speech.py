"""What a model says in the events of a stream, in every dialect: pieces of longer texts, and texts by themselves.

A piece belongs to a channel: the place in the event where it stands, and the indexes beside it. That tells the choices
of a chat, the blocks of a message and the items of a response apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from control_layer.gateway.guardrails.texts import is_content
from control_layer.wire import Event

__all__ = ["Piece", "SpokenEvent", "forget_probabilities"]

_DONE = b"[DONE]"
_TERMINAL = frozenset(
    ("message_stop", "response.completed", "response.failed", "response.incomplete", "response.cancelled")
)
_INDEXES = ("index", "output_index", "content_index", "summary_index")
_BESIDE = frozenset(("logprobs", "usage", "obfuscation"))
"""Members that say nothing of their own. Log-probabilities repeat what is said, token for token."""
_WHOLE = frozenset(("arguments", "partial_json"))
"""Pieces of JSON, which is of no use to anybody before all of it is there."""
_Channel = tuple[Any, ...]

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Piece:
    """A string in an event, which may be changed."""

    __slots__ = ("_holder", "_key", "channel", "event", "scope", "settled", "text", "whole")

    def __init__(
        self, event: SpokenEvent, holder: Any, key: Any, text: str, channel: _Channel, scope: _Channel
    ) -> None:
        self._holder = holder
        self._key = key
        self.event = event
        self.text = text.encode(errors="surrogatepass")
        self.channel = channel
        self.scope = scope
        """The choice, block or item that it is a part of."""
        self.whole = key in _WHOLE
        self.settled = False
        """It is checked already by whoever holds the event."""

    def change(self, text: bytes) -> None:
        """Puts another text in its place."""
        if text != self.text:
            self.text = text
            self.event.edited = True

    def write(self) -> None:
        try:
            text = self.text.decode(errors="surrogatepass")
        except UnicodeDecodeError:
            text = self.text.decode(errors="replace")
        self._holder[self._key] = text


class SpokenEvent:
    """An event of a stream."""

    __slots__ = ("_event", "_tree", "alone", "characters", "closes", "edited", "pieces", "raw", "terminal", "urgent")

    def __init__(self, event: Event) -> None:
        self._event = event
        self.raw = event.raw
        self.pieces: list[Piece] = []
        """Parts of texts that go on in other events."""
        self.alone: list[Piece] = []
        """Texts by themselves."""
        self.characters = 0
        """Of the pieces, as they came."""
        self.edited = False
        self.terminal = event.data == _DONE
        """Nothing that is said comes behind it."""
        self.closes: _Channel | None = None
        """The scope that ends with it."""
        self.urgent = not event.data
        """It says nothing and need not wait behind others: a sign of life."""
        self._tree: Any = None
        if event.data and not self.terminal:
            self._read(event.data)

    def _read(self, data: bytes) -> None:
        tree = self._tree = _tree_of(data)
        if not isinstance(tree, dict):
            self._tree = [data.decode(errors="replace")]
            self.alone.append(Piece(self, self._tree, 0, self._tree[0], (), ()))
            return
        kind = tree.get("type")
        choices = tree.get("choices")
        if isinstance(choices, list):
            for place, choice in enumerate(choices):
                if isinstance(choice, dict):
                    self._read_choice(place, choice)
            rest = {name: value for name, value in tree.items() if name != "choices"}
        elif isinstance(kind, str):
            rest = self._read_typed(kind, tree)
        else:
            rest = tree
        for name, value in rest.items():
            for holder, key, text, _ in _strings(tree, name, value, ()):
                self.alone.append(Piece(self, holder, key, text, (), ()))

    def _read_choice(self, place: int, choice: dict[str, Any]) -> None:
        index = choice.get("index")
        scope: _Channel = ("choice", index if type(index) is int else place)
        for name, value in choice.items():
            for found in _strings(choice, name, value, scope):
                self._add(*found, scope)
        if choice.get("finish_reason"):
            self.closes = scope

    def _read_typed(self, kind: str, tree: dict[str, Any]) -> dict[str, Any]:
        """Messages and Responses; returns what is by itself."""
        self.terminal = kind in _TERMINAL
        self.urgent = kind == "ping"
        first, rest = next((name for name in _INDEXES if type(tree.get(name)) is int), ""), tree
        scope: _Channel = ("part", tree.get(first))
        if kind == "content_block_delta" or kind.endswith(".delta"):
            rest = {name: value for name, value in tree.items() if name != "delta"}
            if "audio" not in kind or "transcript" in kind:
                indexes = tuple(tree.get(name) for name in _INDEXES)
                for found in _strings(tree, "delta", tree.get("delta"), (kind, *indexes)):
                    self._add(*found, scope)
                    if "arguments" in kind:
                        self.pieces[-1].whole = True
        elif kind == "content_block_stop" or kind.endswith(".done"):
            self.closes = scope
        return rest

    def _add(self, holder: Any, key: Any, text: str, channel: _Channel, scope: _Channel) -> None:
        self.pieces.append(Piece(self, holder, key, text, channel, scope))
        self.characters += len(text)

    def written(self) -> bytes:
        """The event as it goes on: the very bytes where nothing has changed."""
        if not self.edited:
            return self.raw
        for piece in (*self.pieces, *self.alone):
            piece.write()
        if isinstance(self._tree, list):
            data = self._tree[0].encode()
        else:
            forget_probabilities(self._tree)
            data = _json_of(self._tree)
        event = self._event.event
        head = b"event: %b\n" % event if event is not None else b""
        lines = b"".join(b"data: %b\n" % line for line in data.replace(b"\r", b"\n").split(b"\n"))
        return b"%b%b\n" % (head, lines)


def _tree_of(data: bytes) -> Any:
    try:
        return _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    try:
        return json.loads(data)  # takes halves of surrogate pairs, of which the other half is in the next event
    except ValueError:
        return None


def _json_of(tree: Any) -> bytes:
    try:
        return _encode(tree)
    except UnicodeEncodeError:
        return json.dumps(tree).encode()


def _strings(holder: Any, key: Any, value: Any, channel: _Channel) -> Iterator[tuple[Any, Any, str, _Channel]]:
    """What is said at a place of a tree and below: where it stands, the text, its channel."""
    if isinstance(value, str):
        name = key.encode(errors="replace") if isinstance(key, str) else None
        if is_content(name, value.encode(errors="surrogatepass")):
            yield holder, key, value, (*channel, key)
    elif isinstance(value, dict):
        if key not in _BESIDE:
            index = value.get("index")
            channel = (*channel, index) if type(index) is int else (*channel, key)
            for name, inner in value.items():
                yield from _strings(value, name, inner, channel)
    elif isinstance(value, list) and key not in _BESIDE:
        for place, inner in enumerate(value):
            yield from _strings(value, place, inner, (*channel, key))


def forget_probabilities(value: Any) -> None:
    """Empties the log-probabilities in a tree of JSON: they repeat what was said, token for token."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "logprobs" and inner:
                value[name] = [] if isinstance(inner, list) else None
            else:
                forget_probabilities(inner)
    elif isinstance(value, list):
        for inner in value:
            forget_probabilities(inner)
