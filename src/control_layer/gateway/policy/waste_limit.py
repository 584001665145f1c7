"""What failed attempts may cost: so much in a request, and a share of what the model's requests cost."""

from __future__ import annotations

from decimal import Decimal

from control_layer.contract.pricing import NOTHING
from control_layer.gateway.policy.failover import Failure

__all__ = ["WasteLimit", "is_charged"]

_RESERVED_REQUESTS = 20
"""So many requests may waste all they may before any has earned a share."""
_SAVED_REQUESTS = 1000
_ERRORS_FROM = 300


def is_charged(failure: Failure, status: int | None) -> bool:
    """Whether a provider is likely to charge for an attempt that failed in this way. `status` is its own, where it
    answered. It worked for an answer that it had begun, that came too late, or that its content policy took back; an
    error costs nothing.
    """
    if failure is Failure.TIMEOUT or failure is Failure.REFUSED_CONTENT:
        return True
    return failure is Failure.BROKEN and status is not None and status < _ERRORS_FROM


class WasteLimit:
    """One model's, in one worker.

    Whoever is about to make a further attempt asks `allows`, takes the most that it can cost with `stake`, and says
    with `settle` what it wasted. So, first attempts aside, what is wasted never passes `most` in a request, nor, with
    a share, that of all that was earned and the reserve.
    """

    __slots__ = ("_left", "_saved", "_share", "most")

    def __init__(self, most: Decimal, share: Decimal | None) -> None:
        self.most = most
        """Of one request."""
        self._share = share
        self._saved = _SAVED_REQUESTS * most
        self._left = _RESERVED_REQUESTS * most

    @property
    def left(self) -> Decimal | None:
        """What may still be wasted; `None` where no share is set."""
        return None if self._share is None else self._left

    def allows(self, wasted: Decimal, worst: Decimal, staked: Decimal = NOTHING, lost: Decimal = NOTHING) -> bool:
        """Whether a request that has wasted so much may make another attempt, which costs `worst` at most. Of what it
        has `staked`, `lost` is wasted.
        """
        if wasted + worst > self.most:
            return False
        return self._share is None or self._left + staked - lost >= worst

    def stake(self, worst: Decimal) -> None:
        """An attempt is made that may waste so much."""
        self._left -= worst

    def settle(self, staked: Decimal, lost: Decimal) -> None:
        """Of what was staked, so much was wasted."""
        self._left += staked - lost

    def earn(self, cost: Decimal) -> None:
        """A request has ended and cost that much."""
        if self._share is not None and self._left < self._saved:
            self._left += self._share * cost
