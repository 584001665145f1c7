"""What a gateway and the control plane say to each other about money, limits and health, on a link of its own.

A gateway spends from its *slice* of a budget; the slices of all gateways never exceed the budget. Both messages are
absolute, so that any of them may be lost or repeated: a gateway says how large its slice should be, the control plane
how large it is. A gateway that gives back counts the smaller slice from the moment it says so, and one that asks counts
the larger one when it hears of it.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from control_layer.contract.limits import Departed, TakenOf
from control_layer.contract.routing import ConditionsOf

__all__ = [
    "ControlMessage",
    "GatewayMessage",
    "Greeting",
    "Lease",
    "Recall",
    "Want",
    "decode_control",
    "decode_gateway",
]


class Greeting(msgspec.Struct, frozen=True, array_like=True, tag="greeting"):
    """The first frame on the link: whose slices these are."""

    worker_id: str


class Want(msgspec.Struct, frozen=True, array_like=True, tag="want"):
    """A gateway wants its slice to be `wanted`, more or less than it is."""

    budget_id: str
    window: float
    """Start of the window, in Unix seconds."""
    wanted: Decimal
    spent: Decimal
    """What has been spent of the slice already: it is granted whatever is left."""
    number: int
    """Given back in the answer."""


class Lease(msgspec.Struct, frozen=True, array_like=True, tag="lease"):
    """The slice as it is now. Less than what was wanted is all there was."""

    budget_id: str
    window: float
    granted: Decimal
    left: Decimal
    """Of the budget, in nobody's slice."""
    number: int
    """Of the `Want` that this answers."""


class Recall(msgspec.Struct, frozen=True, array_like=True, tag="recall"):
    """Somebody lacks what may lie idle elsewhere: give back what is not needed of this budget."""

    budget_id: str


GatewayMessage = Greeting | Want | TakenOf | ConditionsOf
ControlMessage = Lease | Recall | TakenOf | Departed

decode_gateway = msgspec.msgpack.Decoder[GatewayMessage](GatewayMessage).decode
decode_control = msgspec.msgpack.Decoder[ControlMessage](ControlMessage).decode
