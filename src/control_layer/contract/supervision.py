"""What the supervisor and its children say to each other over the socket pair a child inherits.

Frames (see `frames`) of MessagePack. The first frame a child reads is its configuration, so that no secret stands in
an argument list or an environment; everything after it is one of these messages. End of stream means the other side
is gone: a child then drains and ends.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "ChildMessage",
    "Collect",
    "NotSimulated",
    "Ready",
    "Retire",
    "Sample",
    "Simulate",
    "Simulated",
    "Stats",
    "SupervisorMessage",
    "Waiting",
    "decode_child",
    "decode_supervisor",
    "encode",
]


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The child serves."""

    detail: str = ""


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """The child cannot serve yet and keeps trying. `reason` is one line for a person, without secrets."""

    reason: str


class Collect(msgspec.Struct, frozen=True, tag="collect"):
    """The supervisor wants the child's metrics; the child answers with `Stats` of the same number."""

    number: int


class Retire(msgspec.Struct, frozen=True, tag="retire"):
    """This host is about to end: the child begins nothing more of its own accord, and goes on answering."""


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One metric family's value for one set of labels.

    A counter or gauge has `value`; a histogram has cumulative `buckets` (upper bound in seconds, count), the count in
    `value` and the sum in `total`.
    """

    name: str
    kind: str
    """`counter`, `gauge` or `histogram`."""
    help: str
    labels: dict[str, str]
    value: float
    total: float = 0.0
    buckets: tuple[tuple[float, int], ...] = ()


class Stats(msgspec.Struct, frozen=True, tag="stats"):
    """The child's metrics at this moment."""

    number: int
    samples: list[Sample]


class Simulate(msgspec.Struct, frozen=True, tag="simulate"):
    """The control plane wants the simulated provider to run on this host, or no longer.

    The supervisor answers `Simulated` or `NotSimulated`, one question after the other.
    """

    wanted: bool


class Simulated(msgspec.Struct, frozen=True, tag="simulated"):
    """The simulated provider of this host, which runs."""

    url: str
    """Its base URL, on loopback."""
    key: str
    """It refuses requests without it."""

    def __repr__(self) -> str:
        return f"Simulated(url={self.url!r})"


class NotSimulated(msgspec.Struct, frozen=True, tag="not_simulated"):
    """There is none. `reason` is one line for a person, and says what to do where somebody wanted it."""

    reason: str


SupervisorMessage = Collect | Retire | Simulated | NotSimulated
ChildMessage = Ready | Waiting | Stats | Simulate

_child: msgspec.msgpack.Decoder[ChildMessage] = msgspec.msgpack.Decoder(ChildMessage)
_supervisor: msgspec.msgpack.Decoder[SupervisorMessage] = msgspec.msgpack.Decoder(SupervisorMessage)


def decode_child(payload: bytes) -> ChildMessage:
    """A frame from a child. Raises `msgspec.MsgspecError`."""
    return _child.decode(payload)


def decode_supervisor(payload: bytes) -> SupervisorMessage:
    """A frame from the supervisor. Raises `msgspec.MsgspecError`."""
    return _supervisor.decode(payload)


_encoder = msgspec.msgpack.Encoder()


def encode(message: SupervisorMessage | ChildMessage) -> bytes:
    """A message's payload, to be framed."""
    return _encoder.encode(message)
