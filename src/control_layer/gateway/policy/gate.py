"""One limit, as this worker keeps it, and all that a request falls under: what may be taken now, counting what the
other gateways took.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from control_layer.contract.limits import Limit, Taken
from control_layer.gateway.policy.fair_queue import FairQueue
from control_layer.gateway.policy.token_bucket import TokenBucket

if TYPE_CHECKING:
    from control_layer.gateway.policy.limiter import Turn

__all__ = ["Gate", "Gates"]


class Gate:
    """A bucket of requests, tokens or minutes, or a count of requests under way."""

    __slots__ = (
        "_elsewhere", "_elsewhere_sum", "_said", "_said_in_use", "_seen", "bucket", "counts", "in_use", "limit",
        "of_minutes", "of_tokens", "queue", "room", "shown", "shown_at",
    )  # fmt: skip

    def __init__(self, limit: Limit, now: float) -> None:
        self.limit = limit
        self.counts = limit.kind == "concurrency"
        """It counts what is under way at once."""
        self.of_tokens = limit.kind == "tokens"
        self.of_minutes = limit.kind == "session_minutes"
        self.bucket = TokenBucket(limit.amount / limit.seconds, limit.burst, now)
        self.in_use = 0
        """Requests under way in this worker."""
        self.room = limit.amount
        """How many requests may be under way in this worker, by what is known of the others."""
        self.queue: FairQueue[Turn] = FairQueue()
        self.shown: list[tuple[bytes, bytes]] = []
        """What clients were told, and when (`rate_limit_headers`)."""
        self.shown_at = -1.0
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
        self.room = limit.amount - self._elsewhere_sum
        self.bucket.change(limit.amount / limit.seconds, limit.burst, now)

    def full(self) -> bool:
        """Whether no further request may be under way."""
        return self.in_use + 1 > self.room

    def remaining(self, now: float) -> float:
        """How much may be taken; nothing where more was."""
        if self.counts:
            return max(0.0, self.room - self.in_use)
        return max(0.0, self.bucket.level(now))

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` may be taken; 0 where it may. Nobody knows when a request under way ends: a second."""
        if self.counts:
            return 1.0 if self.full() else 0.0
        return self.bucket.wait(amount, now)

    def full_in(self, now: float) -> float:
        """Seconds until nothing is taken any more, if nobody takes anything."""
        return 0.0 if self.counts else self.bucket.full_in(now)

    def idle(self, now: float) -> bool:
        """Whether nothing is known of it that a new one would not know."""
        nothing_said = self.bucket.taken == self._said and self.in_use == self._said_in_use == 0
        return nothing_said and not self._elsewhere and not self.queue.size and self.full_in(now) <= 0.0

    # -- others ------------------------------------------------------------------------------------------------------

    def news(self, *, again: bool) -> Taken | None:
        """What the others are to be told; `None` where they know. `again`: of what is under way also what they know."""
        total = self.bucket.taken
        if total == self._said and self.in_use == self._said_in_use and not (again and self.in_use):
            return None
        news = Taken(self.limit.id, total, total - self._said, self.in_use)
        self._said, self._said_in_use = total, self.in_use
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
            self.bucket.lose(more, now)

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
        self.room = self.limit.amount - self._elsewhere_sum


class Gates:
    """Those of all limits that a request falls under."""

    __slots__ = ("all", "counting", "minutes", "noted", "plain", "rates", "request_buckets", "token_buckets")

    def __init__(self, gates: Iterable[Gate]) -> None:
        gates = tuple(gates)
        self.minutes = tuple(gate for gate in gates if gate.of_minutes)
        """Sessions take from them as they go on; nothing else does."""
        self.all = tuple(gate for gate in gates if not gate.of_minutes)
        """What each request takes from when it is let in."""
        self.counting = tuple(gate for gate in self.all if gate.counts)
        self.rates = tuple(gate for gate in self.all if not gate.counts)
        """Of requests and of tokens."""
        self.token_buckets = tuple(gate.bucket for gate in self.rates if gate.of_tokens)
        self.request_buckets = tuple(gate.bucket for gate in self.rates if not gate.of_tokens)
        self.plain = len(self.token_buckets) < 2 and len(self.request_buckets) < 2
        """Of neither more than one."""
        self.noted = -1
        """The round of news that will tell of them (`Limiter.round`)."""

    def take(self, tokens: float, now: float) -> bool:
        """Takes what a request wants, where all of it is there; else nothing."""
        for bucket in self.request_buckets:
            if not bucket.afford(1.0, now):
                return self._give_back(bucket, tokens)
        for bucket in self.token_buckets:
            if not bucket.afford(tokens, now):
                return self._give_back(bucket, tokens)
        for gate in self.counting:
            if gate.in_use + 1 > gate.room or gate.queue.size:
                return self._give_back(gate, tokens)
            gate.in_use += 1
        return True

    def seize(self, tokens: float, now: float) -> None:
        """Takes what a request wants, there or not."""
        for gate in self.counting:
            gate.in_use += 1
        self.correct(1.0, tokens, now)

    def correct(self, requests: float, tokens: float, now: float) -> None:
        """So much more was taken than was thought, or less."""
        for bucket in self.request_buckets:
            bucket.take(requests, now)
        for bucket in self.token_buckets:
            bucket.take(tokens, now)

    def _give_back(self, lacking: TokenBucket | Gate, tokens: float) -> Literal[False]:
        """What was taken before it came to the one that lacks something."""
        for amount, buckets in ((1.0, self.request_buckets), (tokens, self.token_buckets)):
            for bucket in buckets:
                if bucket is lacking:
                    return False
                bucket.give_back(amount)
        for gate in self.counting:
            if gate is lacking:
                break
            gate.in_use -= 1
        return False
