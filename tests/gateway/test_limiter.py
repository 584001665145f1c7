"""Buckets, queues, and workers that hear of each other late: what is let in stays within what was promised."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from control_layer.contract.limits import Limit, LimitKind, Taken
from control_layer.gateway.policy.fair_queue import FairQueue
from control_layer.gateway.policy.gate import Gate
from control_layer.gateway.policy.limiter import Limiter, Permit, Refused, Turn
from control_layer.gateway.policy.token_bucket import TokenBucket
from control_layer.gateway.rate_limit_headers import duration, rate_limit_headers, retry_headers


def _limit(
    kind: LimitKind = "requests", amount: float = 10, seconds: float = 1, burst: float = 10, **more: float
) -> Limit:
    return Limit(f"{kind}-{amount}", kind, "user", "u", kind, amount, seconds, burst, **more)  # type: ignore[arg-type]


@dataclass(slots=True)
class _Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class _Worker:
    clock: _Clock
    limiter: Limiter = field(init=False)
    let_in: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limiter = Limiter(self.clock)

    def ask(self, *limits: Limit, tokens: float = 0) -> Permit | Refused | Turn:
        outcome = self.limiter.admit(self.limiter.gates(limits), tokens, line="k", then=lambda _: None)
        if isinstance(outcome, Permit):
            self.let_in.append(self.clock.now)
        return outcome


@given(st.floats(0.1, 1000), st.floats(1, 1000), st.lists(st.tuples(st.floats(0, 10), st.floats(0, 100)), max_size=50))
def test_a_bucket_gives_no_more_than_its_burst_and_its_rate(
    rate: float, burst: float, asked: list[tuple[float, float]]
) -> None:
    now, given_out = 0.0, 0.0
    bucket = TokenBucket(rate, burst, now)
    for pause, amount in asked:
        now += pause
        if bucket.wait(amount, now) == 0.0 and amount <= burst:
            bucket.take(amount, now)
            given_out += amount
        assert given_out <= burst + rate * now + 1e-6
        assert bucket.level(now) <= burst
    assert bucket.wait(burst, now + bucket.full_in(now) + 1e-6) == 0.0


@given(
    st.integers(1, 100),
    st.integers(1, 100),
    st.lists(st.tuples(st.integers(0, 8), st.sampled_from(("afford", "give back", "take")), st.integers(0, 60))),
)
def test_a_bucket_that_is_filled_when_it_is_looked_at_is_one_that_is_always_filled(
    rate: int, burst: int, steps: list[tuple[int, str, int]]
) -> None:
    bucket, now = TokenBucket(rate, burst, 0.0), 0.0
    level, taken = Fraction(burst), 0
    for eighths, step, amount in steps:
        now += eighths / 8
        level = min(Fraction(burst), level + Fraction(eighths * rate, 8))
        if step == "afford":
            there = bucket.afford(amount, now)
            assert there == (level >= amount)
            amount = amount if there else 0
        elif step == "give back":
            bucket.give_back(amount)
            amount = -amount
        else:
            bucket.take(amount, now)
        taken += amount
        level = max(min(Fraction(burst), level - amount), -max(Fraction(burst) * 10, Fraction(rate) * 5))
        assert bucket.taken == taken
    assert bucket.level(now) == level


@given(st.floats(0.1, 100), st.floats(1, 100), st.floats(0, 1000))
def test_after_the_wait_that_a_bucket_names_there_is_enough(rate: float, burst: float, amount: float) -> None:
    bucket = TokenBucket(rate, burst, 0.0)
    bucket.take(burst * 3, 0.0)
    wait = bucket.wait(amount, 0.0)
    assert bucket.wait(amount, wait + 1e-6) == 0.0


def test_what_is_refused_takes_nothing_of_any_limit() -> None:
    worker = _Worker(_Clock())
    requests, tokens = _limit("requests", 100, burst=100), _limit("tokens", 50, burst=50)
    permits = [worker.ask(requests, tokens, tokens=20) for _ in range(5)]
    assert [type(permit) for permit in permits] == [Permit, Permit, Refused, Refused, Refused]
    gate = worker.limiter.gate(requests, worker.clock.now)
    assert gate.remaining(worker.clock.now) == 98
    assert isinstance(permits[2], Refused)
    assert (permits[2].limit, round(permits[2].seconds, 6)) == (tokens, 0.2)


def test_tokens_are_put_right_at_the_end() -> None:
    clock = _Clock()
    worker, tokens = _Worker(clock), _limit("tokens", 60, seconds=60, burst=1000)
    first, second = worker.ask(tokens, tokens=400), worker.ask(tokens, tokens=400)
    assert isinstance(first, Permit)
    assert isinstance(second, Permit)
    first.settle(10)
    assert worker.limiter.gate(tokens, clock.now).remaining(clock.now) == 590
    second.settle(2000)
    refused = worker.ask(tokens, tokens=1)
    assert isinstance(refused, Refused)
    assert refused.seconds == pytest.approx(1011)


def test_a_request_that_stays_out_after_all_gives_back_everything() -> None:
    clock = _Clock()
    worker, limits = _Worker(clock), (_limit("requests"), _limit("tokens", 100, burst=100), _limit("concurrency", 1))
    permit = worker.ask(*limits, tokens=70)
    assert isinstance(permit, Permit)
    permit.cancel()
    assert [worker.limiter.gate(limit, clock.now).remaining(clock.now) for limit in limits] == [10, 100, 1]


def test_concurrency_is_exact_in_a_worker() -> None:
    worker, limit = _Worker(_Clock()), _limit("concurrency", 3)
    permits = [worker.ask(limit) for _ in range(5)]
    assert [type(permit) for permit in permits] == [Permit] * 3 + [Refused] * 2
    assert isinstance(permits[0], Permit)
    permits[0].settle(None)
    assert isinstance(worker.ask(limit), Permit)
    assert isinstance(worker.ask(limit), Refused)


def test_those_who_wait_take_turns_by_key_and_nobody_overtakes() -> None:
    worker, limit = _Worker(_Clock()), _limit("concurrency", 1, queue_seconds=5, queue_length=4)
    running = worker.ask(limit)
    assert isinstance(running, Permit)
    served: list[str] = []
    permits: list[Permit] = [running]

    def wait(line: str, name: str) -> Permit | Refused | Turn:
        def then(outcome: Permit | Refused) -> None:
            assert isinstance(outcome, Permit)
            served.append(name)
            permits.append(outcome)

        return worker.limiter.admit(worker.limiter.gates((limit,)), 0, line=line, then=then)

    for line, name in (("greedy", "g1"), ("greedy", "g2"), ("modest", "m1"), ("greedy", "g3")):
        assert isinstance(wait(line, name), Turn)
    assert isinstance(wait("late", "l1"), Refused), "the queue is full"
    for _ in range(2):
        permits.pop(0).settle(None)
    late = wait("late", "l2")
    assert isinstance(late, Turn)
    worker.limiter.give_up(late)
    while permits:
        permits.pop(0).settle(None)
    assert served == ["g1", "m1", "g2", "g3"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_a_fair_queue_keeps_the_order_within_a_line(steps: list[tuple[str, bool]]) -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue()
    numbers, out = itertools.count(), []
    expected = 0
    for line, enters in steps:
        if enters:
            queue.push(line, (line, next(numbers)))
            expected += 1
        elif queue.size:
            out.append(queue.pop())
            expected -= 1
        assert queue.size == expected
    for line in "abc":
        mine = [number for name, number in out if name == line]
        assert mine == sorted(mine)


# -- several workers ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Network:
    """Carries news between workers, late, and not all of it."""

    workers: list[_Worker]
    chance: random.Random
    delay: float
    loss: float
    _under_way: list[tuple[float, int, int, int, tuple[Taken, ...]]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def tell(self, now: float) -> None:
        for sender, worker in enumerate(self.workers):
            news = worker.limiter.news(again=False)
            for receiver in range(len(self.workers)):
                if news and receiver != sender and self.chance.random() >= self.loss:
                    arrival = now + self.chance.uniform(0, self.delay)
                    heapq.heappush(self._under_way, (arrival, next(self._numbers), sender, receiver, news))

    def deliver(self, now: float) -> None:
        while self._under_way and self._under_way[0][0] <= now:
            _, _, sender, receiver, news = heapq.heappop(self._under_way)
            self.workers[receiver].limiter.heard(str(sender), news)


def _run(
    limit: Limit, *, workers: int, offered: float, seconds: float, seed: int, delay: float = 0.1, loss: float = 0.0
) -> list[float]:
    """Poisson arrivals of `offered` requests a second, each at some worker; when they were let in."""
    clock, chance = _Clock(0.0), random.Random(seed)
    crowd = [_Worker(clock) for _ in range(workers)]
    network = _Network(crowd, chance, delay, loss)
    tell_at = 0.1
    while clock.now < seconds:
        clock.now += chance.expovariate(offered)
        while tell_at <= clock.now:
            network.tell(tell_at)
            tell_at += 0.1
        network.deliver(clock.now)
        chance.choice(crowd).ask(limit)
    return sorted(moment for worker in crowd for moment in worker.let_in)


@settings(max_examples=25, deadline=None)
@example(2, 23.0, 2.0, 3.0, 0.25, 1)
@given(
    st.integers(1, 8), st.floats(5, 60), st.floats(1, 60), st.floats(0.5, 5), st.floats(0, 0.4), st.integers(0, 2**32)
)
def test_workers_together_pass_a_limit_by_no_more_than_the_bound(
    workers: int, rate: float, burst: float, crowding: float, delay: float, seed: int
) -> None:
    limit = _limit("requests", rate, burst=burst)
    let_in = _run(limit, workers=workers, offered=rate * crowding, seconds=20, seed=seed, delay=delay)
    bound = burst + (workers - 1) * (burst + rate * (0.1 + delay))
    for start in range(0, len(let_in), 7):
        for end in range(start, len(let_in), 13):
            allowed = bound + rate * (let_in[end] - let_in[start])
            assert end - start + 1 <= allowed + 1e-6


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.3))
def test_lost_news_is_made_up_for(seed: int, loss: float) -> None:
    limit = _limit("requests", 50, burst=10)
    let_in = _run(limit, workers=4, offered=200, seconds=30, seed=seed, loss=loss)
    assert len(let_in) <= 50 * 30 * 1.05 + 4 * 10


@pytest.mark.parametrize("crowding", [0.5, 0.9, 1.1, 3.0])
def test_four_workers_let_in_what_one_bucket_would_to_a_hundredth(crowding: float) -> None:
    """S7."""
    limit, errors = _limit("requests", 100, burst=50), []
    for seed in range(5):
        together = len(_run(limit, workers=4, offered=100 * crowding, seconds=120, seed=seed))
        alone = len(_run(limit, workers=1, offered=100 * crowding, seconds=120, seed=seed))
        errors.append((together - alone) / alone)
    assert abs(sum(errors) / len(errors)) <= 0.01


def test_a_worker_that_is_gone_or_silent_has_nothing_under_way() -> None:
    clock, limit = _Clock(), _limit("concurrency", 2)
    worker = _Worker(clock)
    permit = worker.ask(limit)
    assert isinstance(permit, Permit)
    worker.limiter.heard("other", (Taken(limit.id, 1, 1, 1),))
    assert isinstance(worker.ask(limit), Refused)
    worker.limiter.departed("other")
    assert isinstance(worker.ask(limit), Permit)
    permit.settle(None)
    worker.limiter.heard("another", (Taken(limit.id, 1, 1, 1),))
    assert isinstance(worker.ask(limit), Refused)
    clock.now += 6
    worker.limiter.tick(lambda _: True)
    assert isinstance(worker.ask(limit), Permit)


def test_who_hears_of_a_worker_late_counts_only_what_is_recent() -> None:
    clock, limit = _Clock(), _limit("requests", 10, burst=10)
    worker = _Worker(clock)
    worker.ask(limit)
    worker.limiter.heard("old", (Taken(limit.id, 1_000_000, 3),))
    gate = worker.limiter.gate(limit, clock.now)
    assert gate.remaining(clock.now) == 6
    worker.limiter.heard("old", (Taken(limit.id, 1_000_002, 1),))
    assert gate.remaining(clock.now) == 4, "one message was lost"
    worker.limiter.heard("old", (Taken(limit.id, 2, 2),))
    assert gate.remaining(clock.now) == 2, "its count began anew"


def test_workers_share_the_minutes_of_sessions() -> None:
    clock, limit = _Clock(), _limit("session_minutes", 60, 86400, 60)
    one, other = _Worker(clock), _Worker(clock)
    gates = [worker.limiter.gates([limit, _limit("requests")]).minutes for worker in (one, other)]
    assert one.limiter.spend_minutes(gates[0], 59.5) is None
    assert other.limiter.out_of_minutes(gates[1]) is None, "it has not heard of it"
    other.limiter.heard("one", one.limiter.news(again=False))
    assert _wait(other, gates[1]) == pytest.approx(0.5 * 1440), "a session begins when a minute is there"
    assert other.limiter.spend_minutes(gates[1], 0.4) is None, "one that has begun goes on"
    assert other.limiter.spend_minutes(gates[1], 0.2) is not None
    one.limiter.heard("other", other.limiter.news(again=False))
    assert _wait(one, gates[0]) == pytest.approx(1.1 * 1440)
    clock.now += 1.2 * 1440
    assert one.limiter.out_of_minutes(gates[0]) is None


def _wait(worker: _Worker, gates: Sequence[Gate]) -> float:
    refused = worker.limiter.out_of_minutes(gates)
    assert refused is not None
    return refused.seconds


def test_what_is_no_session_takes_no_minutes() -> None:
    worker = _Worker(_Clock())
    minutes = _limit("session_minutes", 1, 86400, 1)
    worker.limiter.spend_minutes(worker.limiter.gates([minutes]).minutes, 2)
    permit = worker.ask(minutes, tokens=100)
    assert isinstance(permit, Permit)
    permit.settle(200)
    assert worker.limiter.gate(minutes, 100.0).remaining(100.0) == 0.0


def test_limits_that_lie_idle_take_no_room() -> None:
    clock = _Clock()
    worker = _Worker(clock)
    limits = [Limit(str(number), "l", "key", str(number), "requests", 1, 1, 1) for number in range(2500)]
    for limit in limits:
        worker.ask(limit)
    held = Counter(bool(worker.limiter.news(again=False)) for _ in range(2))
    assert held == {True: 1, False: 1}
    clock.now += 10
    for _ in range(3):
        worker.limiter.tick(lambda _: True)
    assert len(worker.limiter._gates) == 0
    assert isinstance(worker.ask(limits[0]), Permit)


def test_the_tightest_limits_are_told() -> None:
    clock = _Clock()
    worker = _Worker(clock)
    limits = (
        _limit("requests", 60, 60, 60), _limit("requests", 10, 1, 10), _limit("tokens", 90000, 60, 90000),
        _limit("concurrency", 5),
    )  # fmt: skip
    permit = worker.ask(*limits, tokens=1500)
    assert isinstance(permit, Permit)
    headers = dict(rate_limit_headers(permit.gates, clock.now, 0.0))
    assert headers[b"x-ratelimit-limit-requests"] == b"10"
    assert headers[b"x-ratelimit-remaining-requests"] == b"9"
    assert headers[b"x-ratelimit-reset-requests"] == b"100ms"
    assert headers[b"x-ratelimit-remaining-tokens"] == b"88500"
    assert headers[b"x-ratelimit-reset-tokens"] == b"1s"
    assert headers[b"anthropic-ratelimit-tokens-reset"] == b"1970-01-01T00:00:01Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0ms"), (0.017, "17ms"), (1, "1s"), (1.5, "1.5s"), (59.9996, "1m0s"), (360, "6m0s"), (7384.25, "2h3m4.25s")],
)
def test_durations_in_openais_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_when_to_try_again_is_rounded_up() -> None:
    assert retry_headers(0.0171) == ((b"retry-after", b"1"), (b"retry-after-ms", b"18"))
    assert retry_headers(2.0) == ((b"retry-after", b"2"), (b"retry-after-ms", b"2000"))


def test_a_long_queue_that_is_let_in_and_turned_away_elsewhere_is_worked_off() -> None:
    limiter = Limiter(_Clock())
    gates = limiter.gates([_limit("concurrency", 1, queue_seconds=60, queue_length=5000)])
    ended = 0

    def then(outcome: Permit | Refused) -> None:
        nonlocal ended
        ended += 1
        assert isinstance(outcome, Permit)
        outcome.cancel()

    first = limiter.admit(gates, 0, line="k", then=then)
    for _ in range(5000):
        limiter.admit(gates, 0, line="k", then=then)
    assert isinstance(first, Permit)
    first.settle(0)
    assert ended == 5000
    assert gates.all[0].in_use == gates.all[0].queue.size == 0
