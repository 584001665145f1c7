"""Those who wait for a turn: one of each line in turn, first come first served within a line."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

__all__ = ["FairQueue"]

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Lines by name. Whoever sends many requests waits behind its own, not in front of everybody else's."""

    __slots__ = ("_lines", "size")

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[T]] = OrderedDict()
        self.size = 0
        """How many wait."""

    def push(self, line: str, waiting: T) -> None:
        """Puts one at the end of a line."""
        self._lines.setdefault(line, deque()).append(waiting)
        self.size += 1

    def pop(self) -> T:
        """Takes out whose turn it is. Raises KeyError where nobody waits."""
        name = next(iter(self._lines), None)
        if name is None:
            raise KeyError("nobody waits")
        line = self._lines[name]
        waiting = line.popleft()
        if line:
            self._lines.move_to_end(name)
        else:
            del self._lines[name]
        self.size -= 1
        return waiting

    def remove(self, line: str, waiting: T) -> None:
        """Takes out one who does not wait any more; nothing happens where it does not."""
        members = self._lines.get(line)
        if members is None or waiting not in members:
            return
        members.remove(waiting)
        self.size -= 1
        if not members:
            del self._lines[line]
