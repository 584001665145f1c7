"""`python -m tests.supervisor.child FD`: a child as the supervisor knows it, that behaves as it is configured to."""

from __future__ import annotations

import signal
import socket
import sys

import msgspec

from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.supervision import Collect, Ready, Sample, Stats, decode_supervisor, encode


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """What the child is to do."""

    ready: bool = True
    exits: bool = False
    """At once, instead of becoming ready."""
    stubborn: bool = False
    """Does not end at SIGTERM."""


def main() -> None:
    """Reads its configuration, then answers until it is told to end or its supervisor is gone."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    frames = FrameReader()
    payloads: list[bytes] = []
    while not payloads:
        payloads = frames.feed(channel.recv(1))
    behaviour = msgspec.msgpack.decode(payloads[0], type=Behaviour)
    if behaviour.exits:
        sys.exit(1)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour.stubborn else lambda *_: sys.exit(0))
    if behaviour.ready:
        channel.sendall(frame(encode(Ready())))
    answered = 0
    while data := channel.recv(65536):
        for payload in frames.feed(data):
            message = decode_supervisor(payload)
            assert isinstance(message, Collect)
            answered += 1
            counted = Sample("answers_total", "counter", "Answers.", {}, answered)
            channel.sendall(frame(encode(Stats(message.number, [counted]))))


if __name__ == "__main__":
    main()
