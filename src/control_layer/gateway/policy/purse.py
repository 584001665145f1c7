"""What this worker may spend of budgets: slices of them that the control plane leased to it (see `contract.leases`).

A request *claims* its worst case from every budget it falls under, all of them or none; what it really cost is settled
at its end. A claim that the slices at hand cover is met at once. Else it waits for the control plane, which is asked
for more before a slice runs dry. Knows no socket and no clock: both are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from control_layer.contract.leases import Lease, Want
from control_layer.contract.snapshot import Budget
from control_layer.contract.windows import Window, window_at

__all__ = ["Claim", "Purse", "Refusal", "Reservation"]

_NOTHING = Decimal(0)
_LEAST = Decimal("0.000001")
"""Asked for at least: a budget that stops when spent covers what costs nothing only while something is at hand."""
_IDLE_SECONDS = 3.0
"""A slice that nobody used for so long is given back: others may need it."""
_REFUSED_SECONDS = 1.0
"""How long an answer that nothing is left is believed."""
_UNLINKED_SECONDS = 2.0
"""How long a control plane that is being replaced is waited for; then what is not at hand is refused at once."""
_AHEAD = 4
"""More is asked for when less than this fraction of the last slice is free."""


class _Slice:
    """Our part of one budget in one window."""

    __slots__ = (
        "acknowledged", "asking", "budget", "granted", "left", "number", "refused_until", "reserved", "size", "spent",
        "used_at", "window",
    )  # fmt: skip

    def __init__(self, budget: Budget, window: Window) -> None:
        self.budget = budget
        self.window = window
        self.granted = _NOTHING
        self.spent = _NOTHING
        self.reserved = _NOTHING
        self.size = _NOTHING
        """What was free when it was last granted."""
        self.left = _NOTHING
        """In nobody's slice, when we last heard."""
        self.asking = False
        self.number = 0
        """Of the last message about it: answers to earlier ones are out of date."""
        self.acknowledged = 0
        """Of the last message that was answered."""
        self.refused_until = 0.0
        self.used_at = 0.0

    @property
    def free(self) -> Decimal:
        return self.granted - self.spent - self.reserved

    def covers(self, worst: Decimal) -> bool:
        """Whether a request that costs at most `worst` may be let in."""
        enforcement = self.budget.enforcement
        if enforcement == "hard":
            return self.free >= worst
        return enforcement == "alert" or self.free > _NOTHING

    def holds(self, moment: float) -> bool:
        """Whether a request of that moment falls into its window."""
        end = self.window.end
        return self.window.start <= moment and (end is None or moment < end)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a claim was not met."""

    budget: Budget
    reason: Literal["spent", "unknown"]
    """`unknown`: nothing is at hand, and the control plane cannot be asked."""
    left: Decimal
    """What is left of the budget as far as we know, others' slices aside."""
    resets_at: float | None
    """When its window ends, in Unix seconds; `None` where it never does."""


class Reservation:
    """Money set aside for one request. It ends with `settle`, exactly once."""

    __slots__ = ("_parts", "_purse")

    def __init__(self, purse: Purse, slices: Sequence[_Slice], worst: Decimal, now: float) -> None:
        self._purse = purse
        self._parts = [(held, worst if held.budget.enforcement == "hard" else _NOTHING) for held in slices]
        for held, amount in self._parts:
            held.reserved += amount
            held.used_at = now

    @property
    def windows(self) -> tuple[tuple[str, float], ...]:
        """Budgets and starts of the windows that it counts in."""
        return tuple((held.budget.id, held.window.start) for held, _ in self._parts)

    def settle(self, cost: Decimal) -> None:
        """The request has ended and cost that much."""
        parts, self._parts = self._parts, []
        for held, amount in parts:
            held.reserved -= amount
            held.spent += cost
            self._purse.settled(held)


class Claim:
    """A request that waits for its reservation."""

    __slots__ = ("budgets", "then", "worst")

    def __init__(
        self, budgets: Sequence[Budget], worst: Decimal, then: Callable[[Reservation | Refusal], None]
    ) -> None:
        self.budgets = budgets
        self.worst = worst
        self.then = then


class Purse:
    """All slices of this worker."""

    __slots__ = ("_current", "_number", "_send", "_slices", "_unlinked_at", "_waiting", "_wall")

    def __init__(self, wall: Callable[[], float]) -> None:
        """`wall` tells Unix seconds."""
        self._wall = wall
        self._slices: dict[tuple[str, float], _Slice] = {}
        self._current: dict[str, _Slice] = {}
        """By the budget's id, the slice that was used last."""
        self._waiting: dict[Claim, None] = {}
        self._number = 0
        self._send: Callable[[Want], None] | None = None
        self._unlinked_at = wall()

    # -- requests ----------------------------------------------------------------------------------------------------

    def claim(
        self, budgets: Sequence[Budget], worst: Decimal, then: Callable[[Reservation | Refusal], None]
    ) -> Claim | None:
        """Sets `worst` aside in each of `budgets`, or none. `then` is called at once, or later: then the claim is
        returned, which `give_up` ends.
        """
        claim = Claim(budgets, worst, then)
        outcome = self._outcome(claim)
        if outcome is None:
            self._waiting[claim] = None
            self._ask_for_waiting()
            return claim
        then(outcome)
        return None

    def standing(self, budgets: Sequence[Budget], worst: Decimal) -> list[tuple[Decimal, bool]]:
        """What is at hand of each budget, and whether it is enough for a request that costs at most `worst`."""
        return [(max(held.free, _NOTHING), held.covers(worst)) for held in self._slices_of(budgets)]

    def give_up(self, claim: Claim) -> Refusal:
        """Ends a claim that waited long enough."""
        self._waiting.pop(claim, None)
        lacking = [held for held in self._slices_of(claim.budgets) if not held.covers(claim.worst)]
        held = lacking[0] if lacking else self._slices_of(claim.budgets)[0]
        return self._refusal(held, "unknown")

    def settled(self, held: _Slice) -> None:
        """A reservation of this slice has ended."""
        now = self._wall()
        held.used_at = now
        if held.asking:
            return
        if not held.holds(now):
            self._shrink(held)
        elif held.free < held.size / _AHEAD and held.refused_until <= now:
            self._ask(held, _NOTHING)

    # -- the control plane -------------------------------------------------------------------------------------------

    def linked(self, send: Callable[[Want], None]) -> None:
        """The control plane can be asked again: it is told of every slice, in case it missed something."""
        self._send = send
        for held in self._slices.values():
            held.asking = False
            self._want(held, held.granted)
        self._ask_for_waiting()

    def unlinked(self) -> None:
        """The control plane is away."""
        self._send = None
        self._unlinked_at = self._wall()
        for held in self._slices.values():
            held.asking = False

    def leased(self, lease: Lease) -> None:
        """The control plane says how large a slice is."""
        held = self._slices.get((lease.budget_id, lease.window))
        if held is None or held.number != lease.number:
            return
        held.acknowledged = lease.number
        more = lease.granted > held.granted
        held.granted = lease.granted
        held.left = lease.left
        if held.asking:
            held.asking = False
            held.size = held.free
            held.refused_until = 0.0 if more else self._wall() + _REFUSED_SECONDS
            self._serve_waiting()

    def recall(self, budget_id: str) -> None:
        """Gives back what is free of a budget."""
        for held in self._slices.values():
            if held.budget.id == budget_id and not held.asking:
                self._shrink(held)

    def tick(self) -> None:
        """To be called every second or so: gives back what lies idle, and forgets windows that are over."""
        now = self._wall()
        for key, held in list(self._slices.items()):
            if held.asking:
                continue
            over = not held.holds(now)
            settled = not held.reserved and held.acknowledged == held.number
            if over and settled and held.granted == held.spent:
                del self._slices[key]
                if self._current.get(held.budget.id) is held:
                    del self._current[held.budget.id]
            elif held.free != _NOTHING and (over or held.used_at + _IDLE_SECONDS < now):
                self._shrink(held)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _outcome(self, claim: Claim) -> Reservation | Refusal | None:
        """A reservation, a refusal, or `None` while it is worth waiting."""
        now = self._wall()
        slices = self._slices_of(claim.budgets)
        lacking = [held for held in slices if not held.covers(claim.worst)]
        if not lacking:
            reservation = Reservation(self, slices, claim.worst, now)
            for held in slices:
                if held.free < held.size / _AHEAD and held.refused_until <= now:
                    self._ask(held, _NOTHING)
            return reservation
        for held in lacking:
            if held.refused_until > now:
                return self._refusal(held, "spent")
            if self._send is None and self._unlinked_at + _UNLINKED_SECONDS < now:
                return self._refusal(held, "unknown")
        return None

    def _serve_waiting(self) -> None:
        """First come, first served."""
        for claim in list(self._waiting):
            outcome = self._outcome(claim)
            if outcome is not None:
                self._waiting.pop(claim, None)
                claim.then(outcome)
        self._ask_for_waiting()

    def _ask_for_waiting(self) -> None:
        lacking: dict[_Slice, Decimal] = {}
        for claim in self._waiting:
            for held in self._slices_of(claim.budgets):
                if not held.covers(claim.worst):
                    lacking[held] = lacking.get(held, _NOTHING) + claim.worst
        for held, worst in lacking.items():
            self._ask(held, max(worst, _LEAST))

    def _slices_of(self, budgets: Iterable[Budget]) -> list[_Slice]:
        now = self._wall()
        return [self._slice_of(budget, now) for budget in budgets]

    def _slice_of(self, budget: Budget, now: float) -> _Slice:
        held = self._current.get(budget.id)
        if held is not None and held.budget is budget and held.holds(now):
            return held
        window = window_at(budget.period, budget.rolling, budget.since, now)
        key = (budget.id, window.start)
        held = self._slices.get(key)
        if held is None:
            held = self._slices[key] = _Slice(budget, window)
        held.budget = budget
        self._current[budget.id] = held
        return held

    def _ask(self, held: _Slice, need: Decimal) -> None:
        """Asks for `need` on top of what is in use; the control plane adds something for what is to come."""
        if not held.asking:
            held.asking = self._want(held, held.spent + held.reserved + max(need, held.size))

    def _shrink(self, held: _Slice) -> None:
        held.granted = held.spent + held.reserved
        held.size = _NOTHING
        self._want(held, held.granted)

    def _want(self, held: _Slice, wanted: Decimal) -> bool:
        if self._send is None or held.budget.enforcement == "alert":
            return False
        self._number = held.number = self._number + 1
        self._send(Want(held.budget.id, held.window.start, wanted, held.spent, held.number))
        return True

    def _refusal(self, held: _Slice, reason: Literal["spent", "unknown"]) -> Refusal:
        return Refusal(held.budget, reason, held.left + max(held.free, _NOTHING), held.window.end)
