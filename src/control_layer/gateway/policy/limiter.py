"""What a worker lets in under rate, token and concurrency limits (see `contract.limits`).

All limits that a request falls under are looked at before any of them is taken from, so that one that is refused has
taken nothing. Requests and tokens have buckets of their own. Tokens are estimated when a request is let in and put
right when it ends. Minutes are taken while a session goes on, which ends when there are none left.

A worker decides by what it took itself and what it has heard of the others, who say so about every 100 ms. Until they
are heard, each may take what is there: the sum may pass the limit by what comes to the other workers meanwhile, at most
(workers - 1) times the burst and what the rate gives until they are heard, or times the concurrency. What was taken too
much is owed: over time no more is taken than the rate allows, plus the burst and this bound once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from control_layer.contract.limits import Limit, Taken
from control_layer.gateway.policy.gate import Gate, Gates

__all__ = ["Limiter", "Permit", "Refused", "Turn"]

_SILENT_SECONDS = 5.0
"""A worker that says it has requests under way says so every second: one that is silent for so long has none."""
_SWEPT_AT_ONCE = 1000
_FIRST_MINUTES = 1.0
"""What must be left for a session to begin, so that none ends as soon as it has begun."""
_ORDER = {"requests": 0, "tokens": 1, "concurrency": 2, "session_minutes": 3}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request stays out, and after how many seconds it may try again."""

    limit: Limit
    seconds: float


class Permit(msgspec.Struct, gc=False):
    """What a request that was let in took. It is given back by `settle`, or as if it had never been by `cancel`."""

    limiter: Limiter
    gates: Gates
    """The limits that it counts in."""
    tokens: float
    """As estimated."""

    def settle(self, tokens: float | None) -> None:
        """The request has ended with so many tokens; `None` where nobody knows: the estimate stands. Once."""
        gates, limiter = self.gates, self.limiter
        self.gates = _NONE
        if tokens is not None and gates.token_buckets:
            less = self.tokens - tokens
            if less >= 0.0:
                for bucket in gates.token_buckets:
                    bucket.left += less  # `give_back`
                    bucket.taken -= less
            else:
                now = limiter.clock()
                for bucket in gates.token_buckets:
                    bucket.take(-less, now)
        waited = False
        for gate in gates.counting:
            gate.in_use -= 1
            if gate.queue.size:
                waited = True
        if gates.noted != limiter.round:
            limiter.note(gates)
        if waited:
            limiter.serve(gates.counting)

    def cancel(self) -> None:
        """The request was not let in after all, for another reason. Once."""
        self.gates.correct(-1.0, -self.tokens, self.limiter.clock())
        self.settle(None)


_NONE = Gates(())
"""Of a permit that has ended."""


class Turn:
    """What a request wants, and where it waits until others have ended."""

    __slots__ = ("gate", "gates", "line", "then", "tokens")

    def __init__(self, gates: Gates, tokens: float, line: str, then: Callable[[Permit | Refused], None]) -> None:
        self.gate: Gate | None = None
        self.gates = gates
        self.tokens = tokens
        self.line = line
        self.then = then

    @property
    def seconds(self) -> float:
        """How long it may wait."""
        return 0.0 if self.gate is None else self.gate.limit.queue_seconds


class Limiter:
    """The limits of one worker. `clock` gives monotonic seconds."""

    __slots__ = (
        "_changed", "_freed", "_gates", "_heard_at", "_queued", "_serving", "_swept", "clock", "epoch", "round",
    )  # fmt: skip

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._gates: dict[str, Gate] = {}
        self._heard_at: dict[str, float] = {}
        self.epoch = 0
        """Moves when a gate is given up: whoever keeps gates must look for them anew."""
        self.round = 0
        """Moves each time the others are told."""
        self._changed: set[Gate] = set()
        """Of which something was taken, or given back, since then."""
        self._queued: set[Gate] = set()
        """Where somebody waits."""
        self._freed: deque[Gate] = deque()
        """Where there may be room for those who wait."""
        self._serving = False
        self._swept: list[str] = []
        """Ids of gates that are yet to be looked at."""

    def admit(
        self, gates: Gates, tokens: float, *, line: str, then: Callable[[Permit | Refused], None]
    ) -> Permit | Refused | Turn:
        """Lets a request in that may take `tokens`, or says why not. Where it may wait, `then` is called in its turn.

        `line` is whose request it is, for those who wait.
        """
        now = self.clock()
        if gates.take(tokens, now):
            if gates.noted != self.round:
                self.note(gates)
            return Permit(self, gates, tokens)
        return self._wait(Turn(gates, tokens, line, then), now, fresh=True)

    def refusal(self, gates: Gates, tokens: float) -> Refused | None:
        """Why `admit` would refuse a request in this moment, if it would."""
        obstacle = self._obstacle(gates, tokens, self.clock(), fresh=True)
        return obstacle if isinstance(obstacle, Refused) else None

    def has_room(self, gates: Gates, tokens: float) -> bool:
        """Whether `try_` would let a request in in this moment."""
        return self._obstacle(gates, tokens, self.clock(), fresh=True) is None

    def try_(self, gates: Gates, tokens: float) -> Permit | None:
        """As `admit`, for whoever would rather go elsewhere than wait."""
        if not gates.take(tokens, self.clock()):
            return None
        if gates.noted != self.round:
            self.note(gates)
        return Permit(self, gates, tokens)

    def out_of_minutes(self, gates: Iterable[Gate]) -> Refused | None:
        """Why a session may not begin under these limits of minutes, and when it may; the longest wait."""
        now = self.clock()
        waits = [Refused(gate.limit, seconds) for gate in gates if (seconds := gate.wait(_FIRST_MINUTES, now))]
        return max(waits, key=lambda refused: refused.seconds, default=None)

    def spend_minutes(self, gates: Iterable[Gate], minutes: float) -> Refused | None:
        """A session has gone on for so long. Why it must end, where one of these limits has nothing left."""
        now = self.clock()
        spent = False
        for gate in gates:
            gate.bucket.take(minutes, now)
            self._changed.add(gate)
            spent = spent or gate.remaining(now) <= 0.0
        return self.out_of_minutes(gates) if spent else None

    def gates(self, limits: Iterable[Limit]) -> Gates:
        """Limits as they are kept here."""
        now = self.clock()
        return Gates(self.gate(limit, now) for limit in limits)

    def give_up(self, turn: Turn) -> Refused:
        """Ends a wait."""
        assert turn.gate is not None, "it waits somewhere"
        turn.gate.queue.remove(turn.line, turn)
        return Refused(turn.gate.limit, 1.0)

    def gate(self, limit: Limit, now: float) -> Gate:
        """A limit as it is kept here."""
        gate = self._gates.get(limit.id)
        if gate is None:
            gate = self._gates[limit.id] = Gate(limit, now)
        elif gate.limit is not limit:
            if gate.limit.kind == limit.kind:
                gate.change(limit, now)
            else:
                gate = self._gates[limit.id] = Gate(limit, now)
                self.epoch += 1
        return gate

    def serve(self, gates: Iterable[Gate]) -> None:
        """Lets in those who wait at these gates, as far as there is room now."""
        self._freed.extend(gates)
        if self._serving:
            return  # who was just let in ends at once: it is not for it to let in the next
        self._serving = True
        try:
            while self._freed:
                self._serve(self._freed.popleft())
        finally:
            self._serving = False

    # -- the other workers -------------------------------------------------------------------------------------------

    def note(self, gates: Gates) -> None:
        """The others must hear of these."""
        gates.noted = self.round
        self._changed.update(gates.all)

    def news(self, *, again: bool) -> tuple[Taken, ...]:
        """What the others do not know yet; `again`: with all that is under way."""
        changed, self._changed = self._changed, {gate for gate in self._changed if gate.in_use}
        self.round += 1
        return tuple(news for gate in changed if (news := gate.news(again=again)) is not None)

    def heard(self, worker: str, taken: Iterable[Taken]) -> None:
        """Another worker's news. Of limits that nobody here has asked for, nothing needs to be known."""
        now = self.clock()
        self._heard_at[worker] = now
        for each in taken:
            gate = self._gates.get(each.limit_id)
            if gate is not None:
                gate.heard(worker, each, now)
        self.serve(list(self._queued))

    def departed(self, worker: str) -> None:
        """Another worker is gone."""
        self._heard_at.pop(worker, None)
        for gate in self._gates.values():
            gate.forget(worker)
        self.serve(list(self._queued))

    def tick(self, known: Callable[[str], bool]) -> None:
        """To be called every second: forgets workers that are silent, and gates that lie idle or whose limit is gone.

        There may be as many as there are keys: a part of them is looked at.
        """
        now = self.clock()
        for worker, at in list(self._heard_at.items()):
            if at < now - _SILENT_SECONDS:
                del self._heard_at[worker]
                for gate in self._gates.values():
                    gate.departed(worker)
        for _ in range(min(_SWEPT_AT_ONCE, len(self._gates))):
            if not self._swept:
                self._swept = list(self._gates)
            limit_id = self._swept.pop()
            found = self._gates.get(limit_id)
            if found is None or found.in_use or found.queue.size:
                continue
            if not known(limit_id) or found.idle(now):
                del self._gates[limit_id]
                self.epoch += 1
        self.serve(list(self._queued))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _serve(self, gate: Gate) -> None:
        now = self.clock()
        while gate.queue.size and not gate.full():
            turn = gate.queue.pop()
            outcome = self._wait(turn, now, fresh=False)
            if not isinstance(outcome, Turn):
                turn.then(outcome)
        if not gate.queue.size:
            self._queued.discard(gate)

    def _wait(self, wanted: Turn, now: float, *, fresh: bool) -> Permit | Refused | Turn:
        """What becomes of a request that may have to wait."""
        obstacle = self._obstacle(wanted.gates, wanted.tokens, now, fresh=fresh)
        if obstacle is None:
            wanted.gates.seize(wanted.tokens, now)
            self.note(wanted.gates)
            return Permit(self, wanted.gates, wanted.tokens)
        if isinstance(obstacle, Refused):
            return obstacle
        wanted.gate = obstacle
        obstacle.queue.push(wanted.line, wanted)
        self._queued.add(obstacle)
        return wanted

    def _obstacle(self, gates: Gates, tokens: float, now: float, *, fresh: bool) -> Refused | Gate | None:
        """Why a request stays out, or where it may wait. A fresh one does not overtake those who do."""
        refused: Refused | None = None
        full: Gate | None = None
        for gate in gates.all:
            if gate.counts:
                if gate.full() or (fresh and gate.queue.size):
                    full = full or gate
                continue
            seconds = gate.wait(tokens if gate.of_tokens else 1.0, now)
            if seconds and (refused is None or _earlier(gate.limit, refused.limit, seconds, refused.seconds)):
                refused = Refused(gate.limit, seconds)
        if refused is None and full is not None:
            limit = full.limit
            if limit.queue_seconds > 0 and full.queue.size < limit.queue_length:
                return full
            refused = Refused(limit, 1.0)
        return refused


def _earlier(limit: Limit, other: Limit, seconds: float, other_seconds: float) -> bool:
    """Whether a refusal is to be told rather than another: requests before tokens, then the longer wait."""
    return (-_ORDER[limit.kind], seconds) > (-_ORDER[other.kind], other_seconds)
