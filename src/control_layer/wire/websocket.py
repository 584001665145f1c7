"""Reads along in what a WebSocket server sends (RFC 6455, section 5): whole text messages, while the bytes pass."""

from __future__ import annotations

__all__ = ["MessageReader", "close_frame", "text_frame"]

_FINAL = 0x80
_RESERVED = 0x70
"""Set by extensions, such as compression: such frames cannot be read without them."""
_MASKED = 0x80
_CONTINUATION, _TEXT, _CLOSE = 0x0, 0x1, 0x8
_CONTROL = 0x8
_MAX_MESSAGE_BYTES = 1024 * 1024


class MessageReader:
    """Takes the bytes as they come, cut anywhere. What is too long, or no text, is passed over."""

    __slots__ = ("_frame", "_head", "_left", "_message", "_unfinished", "lost")

    def __init__(self) -> None:
        self._head = bytearray()
        """Of a frame whose head has not come whole."""
        self._left = 0
        """Payload bytes of the present frame that are still to come."""
        self._frame = 0
        """The first byte of the present frame's head."""
        self._message: bytearray | None = None
        """What has come of the present text message; `None` outside of one, and for one that is passed over."""
        self._unfinished = False
        """Further frames belong to the message that has begun."""
        self.lost = False
        """It is no stream of frames that can be read without more knowledge. What follows is not looked at."""

    @property
    def between_frames(self) -> bool:
        """Whether a control frame of our own may be put in here."""
        return self._left == 0 and not self._head

    @property
    def between_messages(self) -> bool:
        """Whether a message of our own may be put in here."""
        return self.between_frames and not self._unfinished

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes."""
        found: list[bytes] = []
        at = 0
        while at < len(data) and not self.lost:
            if self._left == 0:
                at = self._read_head(data, at, found)
            else:
                taken = data[at : at + self._left]
                at += len(taken)
                self._left -= len(taken)
                self._take(taken, found)
        return found

    def _read_head(self, data: bytes, at: int, found: list[bytes]) -> int:
        """Takes what belongs to a frame's head; returns where the rest begins."""
        head = self._head
        while True:
            needed = 2 if len(head) < 2 else 2 + _extra(head[1])
            if len(head) == needed:
                break
            if at == len(data):
                return at
            head.append(data[at])
            at += 1
        self._frame, length = head[0], head[1]
        if self._frame & _RESERVED or length & _MASKED:
            self.lost = True  # servers mask nothing (5.1)
            return at
        self._left = int.from_bytes(head[2:], "big") if len(head) > 2 else length
        head.clear()
        opcode = self._frame & 0x0F
        if opcode < _CONTROL:
            self._unfinished = not self._frame & _FINAL
        if opcode == _TEXT:
            self._message = bytearray()
        elif opcode != _CONTINUATION and opcode < _CONTROL:
            self._message = None
        if self._left == 0:
            self._take(b"", found)
        return at

    def _take(self, payload: bytes, found: list[bytes]) -> None:
        message = self._message
        if self._frame & _CONTROL or message is None:
            return  # control frames may come between the frames of a message (5.4)
        if len(message) + len(payload) > _MAX_MESSAGE_BYTES:
            self._message = None
            return
        message += payload
        if self._left == 0 and self._frame & _FINAL:
            found.append(bytes(message))
            self._message = None


def close_frame(code: int, reason: str) -> bytes:
    """A server's last frame (5.5.1). The reason has 123 bytes at most."""
    payload = code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="ignore").encode()
    return bytes((_FINAL | _CLOSE, len(payload))) + payload


def text_frame(payload: bytes) -> bytes:
    """A server's message in one frame (5.2), of less than 64 KiB."""
    size = len(payload)
    length = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    return bytes((_FINAL | _TEXT,)) + length + payload


def _extra(length: int) -> int:
    """Bytes of the extended length."""
    short = length & 0x7F
    return 0 if short < 126 else 2 if short == 126 else 8
