"""A client that keeps its connection says the same head again and again, but for the length of the body behind it.

Bytes that were parsed once need not be parsed a second time: what they mean is known.
"""

from __future__ import annotations

from control_layer.wire.request import Request

__all__ = ["KnownHead"]

_LENGTH = b"\r\ncontent-length:"
_END = b"\r\n\r\n"
_MAX_DIGITS = 18


class KnownHead:
    """The bytes of a head around the digits of its content-length, and what they were parsed to."""

    __slots__ = ("_after", "_before", "_request")

    def __init__(self, before: bytes, after: bytes, request: Request) -> None:
        self._before = before
        self._after = after
        self._request = request

    @classmethod
    def of(cls, data: bytes, request: Request) -> KnownHead | None:
        """The head at the beginning of `data`, which was parsed to `request`: one that says a length, and says it once.

        `None` too for a head that a second reader might find longer or shorter than the parser did: with a line that
        ends in anything but CR LF, or is folded.
        """
        end = data.find(_END) + len(_END)
        head = data[:end]
        lines = len(request.headers) + 2  # the request's own, and the empty one
        if not head.count(b"\r\n") == head.count(b"\n") == head.count(b"\r") == lines:
            return None
        lower = head.lower()
        at = lower.find(_LENGTH)
        if at < 0 or lower.count(_LENGTH) > 1:
            return None
        at += len(_LENGTH)
        line_end = head.index(b"\r", at)
        value = head[at:line_end]
        digits = value.strip(b" \t")
        if not digits.isdigit():
            return None
        begin = at + value.index(digits)
        return cls(head[:begin], head[begin + len(digits) : end], request)

    def match(self, data: bytes) -> tuple[Request, int] | None:
        """The request whose whole head `data` begins with and where its body begins, if the head is this one."""
        before = self._before
        if not data.startswith(before):
            return None
        begin = len(before)
        end = data.find(b"\r", begin, begin + _MAX_DIGITS + 1)
        if end < 0 or not data.startswith(self._after, end):
            return None
        digits = data[begin:end]
        if not digits.isdigit():
            return None
        return self._request.with_length(int(digits)), end + len(self._after)
