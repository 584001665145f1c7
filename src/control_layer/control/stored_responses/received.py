"""Responses that gateways have handed over, and when it is worth while to look again for one that is not found."""

from __future__ import annotations

from datetime import datetime, timedelta

from control_layer.contract.stored_responses import StoredResponse

__all__ = ["LOOK_AGAIN_SECONDS", "Received", "may_be_on_its_way"]

LOOK_AGAIN_SECONDS = (0.02, 0.08, 0.2, 0.3, 0.4)
"""What is not found may be on its way, from another gateway or on another host, or from one that comes back after this
process was replaced. A second in all: gateways wait for two.
"""
_LONGEST_REQUEST = timedelta(days=1)


class Received:
    """What is not in the database yet."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: dict[bytes, StoredResponse] = {}
        """The oldest first."""

    def find(self, response_id: bytes, user_id: str) -> StoredResponse | None:
        """One of a user's."""
        stored = self.waiting.get(response_id)
        return None if stored is None or stored.user_id != user_id else stored


def may_be_on_its_way(response_id: bytes, now: datetime) -> bool:
    """Whether its request may only just have ended: its id tells when it began (UUIDv7)."""
    began = int.from_bytes(response_id[:6]) / 1000
    return abs(now.timestamp() - began) < _LONGEST_REQUEST.total_seconds()
