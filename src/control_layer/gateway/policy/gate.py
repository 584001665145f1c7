"""One limit, as this worker keeps it: what may be taken now, counting what the other gateways took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control_layer.contract.limits import Limit, Taken
from control_layer.gateway.policy.fair_queue import FairQueue
from control_layer.gateway.policy.token_bucket import TokenBucket

if TYPE_CHECKING:
    from control_layer.gateway.policy.limiter import Turn

__all__ = ["Gate"]


class Gate:
    """A bucket of requests or tokens, or a count of requests under way."""

    __slots__ = (
        "_elsewhere", "_elsewhere_sum", "_said", "_said_in_use", "_seen", "_total", "bucket", "counts", "in_use",
        "limit", "of_tokens", "queue",
    )  # fmt: skip

    def __init__(self, limit: Limit, now: float) -> None:
        self.limit = limit
        self.counts = limit.kind == "concurrency"
        """It counts what is under way at once."""
        self.of_tokens = limit.kind == "tokens"
        self.bucket = TokenBucket(limit.amount / limit.seconds, limit.burst, now)
        self.in_use = 0
        """Requests under way in this worker."""
        self.queue: FairQueue[Turn] = FairQueue()
        self._total = 0.0
        self._said = 0.0
        self._said_in_use = 0
        self._seen: dict[str, float] = {}
        """Totals of other workers."""
        self._elsewhere: dict[str, int] = {}
        """Their requests under way."""
        self._elsewhere_sum = 0

    def change(self, limit: Limit, now: float) -> None:
        """The limit's row has changed."""
        self.limit = limit
        self.bucket.change(limit.amount / limit.seconds, limit.burst, now)

    def full(self) -> bool:
        """Whether no further request may be under way."""
        return self.in_use + self._elsewhere_sum + 1 > self.limit.amount

    def remaining(self, now: float) -> float:
        """How much may be taken; nothing where more was."""
        if self.counts:
            return max(0.0, self.limit.amount - self.in_use - self._elsewhere_sum)
        return max(0.0, self.bucket.level(now))

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` may be taken; 0 where it may. Nobody knows when a request under way ends: a second."""
        if self.counts:
            return 1.0 if self.full() else 0.0
        return self.bucket.wait(amount, now)

    def full_in(self, now: float) -> float:
        """Seconds until nothing is taken any more, if nobody takes anything."""
        return 0.0 if self.counts else self.bucket.full_in(now)

    def take(self, amount: float, now: float) -> None:
        """Takes so much of it; a negative amount gives back."""
        if self.counts:
            self.in_use += 1 if amount > 0 else -1
        else:
            self.bucket.take(amount, now)
            self._total += amount

    def idle(self, now: float) -> bool:
        """Whether nothing is known of it that a new one would not know."""
        nothing_said = self._total == self._said and self.in_use == self._said_in_use == 0
        return nothing_said and not self._elsewhere and not self.queue.size and self.full_in(now) <= 0.0

    # -- others ------------------------------------------------------------------------------------------------------

    def news(self, *, again: bool) -> Taken | None:
        """What the others are to be told; `None` where they know. `again`: of what is under way also what they know."""
        if self._total == self._said and self.in_use == self._said_in_use and not (again and self.in_use):
            return None
        news = Taken(self.limit.id, self._total, self._total - self._said, self.in_use)
        self._said, self._said_in_use = self._total, self.in_use
        return news

    def heard(self, worker: str, taken: Taken, now: float) -> None:
        """What another worker took."""
        known = self._seen.get(worker)
        # A total that is less than it was belongs to a count that was begun anew, as a gate that lay idle is.
        more = taken.recent if known is None or taken.total < known else taken.total - known
        self._seen[worker] = taken.total
        if self.counts:
            self._elsewhere[worker] = taken.in_use
            self._add_up()
        else:
            self.bucket.take(more, now)

    def departed(self, worker: str) -> None:
        """Another worker has nothing under way any more."""
        self._elsewhere.pop(worker, None)
        self._add_up()

    def forget(self, worker: str) -> None:
        """It will not be heard of again."""
        self.departed(worker)
        self._seen.pop(worker, None)

    def _add_up(self) -> None:
        self._elsewhere = {worker: in_use for worker, in_use in self._elsewhere.items() if in_use}
        self._elsewhere_sum = sum(self._elsewhere.values())
