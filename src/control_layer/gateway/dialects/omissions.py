"""What a provider cannot be told of a request: refused, or left out and listed where the operator chose leniency."""

from __future__ import annotations

from control_layer.gateway.dialects.dialect import Unsupported

__all__ = ["Omissions"]


class Omissions:
    """Collects what one request loses on its way into a provider's dialect."""

    __slots__ = ("_dropped", "_lenient")

    def __init__(self, *, lenient: bool) -> None:
        self._lenient = lenient
        self._dropped: list[str] = []

    @property
    def dropped(self) -> tuple[str, ...]:
        """What was left out, for `Outgoing.dropped`."""
        return tuple(self._dropped)

    def refuse(self, parameter: str, message: str) -> None:
        """Raises `Unsupported`; where leniency was chosen it returns, and the caller leaves the parameter out."""
        if not self._lenient:
            raise Unsupported(parameter, message)
        self.drop(parameter)

    def drop(self, parameter: str) -> None:
        """For what may be left out in any case, but not in silence: the request means the same without it."""
        if parameter not in self._dropped:
            self._dropped.append(parameter)
