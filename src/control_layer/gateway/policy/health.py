"""How a deployment fares, seen from this worker: may it be asked, and who should be asked first?

A circuit breaker (Nygard, Release It!, 2007): *closed* while all is well; *open* after several failures in a row, or
with a high rate of them; after a cooldown *half open*, when a single request tries it out. Beside it, a provider that
says 429 is left alone for as long as it asks for, which is no failure. Knows no clock: `now` is monotonic seconds.
"""

from __future__ import annotations

from typing import Literal

from control_layer.contract.routing import Breaker

__all__ = ["Health", "State"]

State = Literal["closed", "open", "half_open", "limited"]

_LATENCY_WEIGHT = 0.2
"""Of the newest measurement in the moving average: the last ten or so matter."""
_FIRST_LIMIT_SECONDS = 1.0
_LONGEST_LIMIT_SECONDS = 60.0
"""Where the provider does not say how long: doubled each time, up to this. What it says is believed up to this, too."""
_MOST_DOUBLINGS = 16


class Health:
    """One deployment's. Every `begin` is followed by one of `succeeded`, `failed`, `limited` and `abandoned`.

    `begin` returns a number that is given back with the outcome: what was begun before the breaker last moved says
    nothing about the deployment as it is now.
    """

    __slots__ = (
        "_cooldown", "_earlier_errors", "_earlier_requests", "_epoch", "_errors", "_half_open", "_limits", "_open",
        "_requests", "_window_at", "breaker", "failures", "in_flight", "latency", "limited_until", "open_until",
    )  # fmt: skip

    def __init__(self, breaker: Breaker) -> None:
        self.breaker = breaker
        self.in_flight = 0
        self.latency = 0.0
        """Seconds to the first byte, lately; 0 while nothing is known."""
        self.failures = 0
        """In a row."""
        self.open_until = 0.0
        """When the next trial may be made, while the breaker is open."""
        self.limited_until = 0.0
        self._open = False
        self._half_open = False
        self._cooldown = 0.0
        self._limits = 0
        self._epoch = 0
        self._window_at = 0.0
        self._requests = self._errors = 0
        self._earlier_requests = self._earlier_errors = 0

    def rests(self, now: float) -> bool:
        """Whether no request may be sent: the breaker is open."""
        return self._open and (self._half_open or self.open_until > now)

    def ready(self, now: float) -> bool:
        """Whether it should be asked where there is a choice: it does not rest, and its provider does not limit us."""
        return self.limited_until <= now and not self.rests(now)

    def state(self, now: float) -> State:
        """In a word."""
        if self._open:
            return "open" if self.open_until > now else "half_open"
        return "closed" if self.limited_until <= now else "limited"

    @property
    def ready_at(self) -> float:
        """When it may be asked again, where it may not be now."""
        return max(self.open_until, self.limited_until) if self._open else self.limited_until

    def begin(self) -> int:
        """A request is sent there. With an open breaker it is the trial."""
        self.in_flight += 1
        if self._open:
            self._half_open = True
        return self._epoch

    def succeeded(self, epoch: int, now: float, first_byte: float | None) -> None:
        """It answered, whatever it answered; `first_byte` in seconds from the beginning of the attempt."""
        self.in_flight -= 1
        if first_byte is not None:
            known = self.latency
            self.latency = first_byte if not known else known + (first_byte - known) * _LATENCY_WEIGHT
        if epoch != self._epoch:
            return
        if self._open:
            self._close()
            return
        self.failures = self._limits = 0
        if now - self._window_at < self.breaker.window / 2:
            self._requests += 1
        else:
            self._count(now, 0)

    def failed(self, epoch: int, now: float) -> None:
        """It could not be reached, did not answer, broke off, or answered that it is broken."""
        self.in_flight -= 1
        if epoch != self._epoch:
            return
        if self._open:
            self._trip(now, min(self._cooldown * 2, self.breaker.longest_cooldown))
            return
        self.failures += 1
        self._count(now, 1)
        if self.failures >= self.breaker.failures or self._fails_often():
            self._trip(now, self.breaker.cooldown)

    def limited(self, epoch: int, now: float, retry_after: float | None) -> None:
        """It said 429: it works, but not for us, for so many seconds where it said how many."""
        self.in_flight -= 1
        if retry_after is None:
            retry_after = _FIRST_LIMIT_SECONDS * 2.0 ** min(self._limits, _MOST_DOUBLINGS)
        self._limits += 1
        self.limited_until = max(self.limited_until, now + min(retry_after, _LONGEST_LIMIT_SECONDS))
        if epoch == self._epoch and self._open:
            self._close()

    def abandoned(self, epoch: int) -> None:
        """The client left, or a mistake of its own ended it: nothing was learnt. A trial is left to the next one."""
        self.in_flight -= 1
        if epoch == self._epoch:
            self._half_open = False

    def _count(self, now: float, error: int) -> None:
        """Counts in halves of the window, of which the running one and the one before it matter."""
        half = self.breaker.window / 2
        passed = now - self._window_at
        if passed >= half:
            both_over = passed >= 2 * half
            self._earlier_requests = 0 if both_over else self._requests
            self._earlier_errors = 0 if both_over else self._errors
            self._requests = self._errors = 0
            self._window_at = now if both_over else self._window_at + half
        self._requests += 1
        self._errors += error

    def _fails_often(self) -> bool:
        requests = self._requests + self._earlier_requests
        errors = self._errors + self._earlier_errors
        return requests >= self.breaker.min_requests and errors >= requests * self.breaker.error_rate

    def _trip(self, now: float, cooldown: float) -> None:
        self._open, self._half_open = True, False
        self._cooldown = cooldown
        self.open_until = now + cooldown
        self._epoch += 1

    def _close(self) -> None:
        self._open = self._half_open = False
        self.failures = self._limits = 0
        self._requests = self._errors = self._earlier_requests = self._earlier_errors = 0
        self._epoch += 1
