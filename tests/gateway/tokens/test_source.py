"""When tokens are asked for, how long each is used, and who waits. The clock is ours, and so is the token endpoint."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Any, cast

import pytest

from control_layer.contract.token_grants import TokenGrant
from control_layer.gateway.tokens import TokenRefused, TokenSource, TokenUnavailable
from control_layer.wire import ConnectFailed, ExchangeError, Pool, Receiver, Timeouts

_REFUSAL = (400, b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}')
_BROKEN = (503, b"")


class Timer:
    def __init__(self, when: float, what: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self._when, self.what, self.arguments, self.cancelled = when, what, arguments, False

    def when(self) -> float:
        return self._when

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, what: Callable[..., None], *arguments: Any) -> Timer:
        timer = Timer(when, what, arguments)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def call_later(self, delay: float, what: Callable[..., None], *arguments: Any) -> Timer:
        return self.call_at(self.now + delay, what, *arguments)

    def call_soon(self, what: Callable[..., None], *arguments: Any) -> Timer:
        return self.call_at(self.now, what, *arguments)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            when, _, timer = heapq.heappop(self._timers)
            self.now = max(self.now, when)
            if not timer.cancelled:
                timer.what(*timer.arguments)
        self.now = end

    @property
    def pending(self) -> int:
        return sum(not timer.cancelled for _, _, timer in self._timers)


class Giver:
    """Whoever gives tokens: a pool that keeps what it is sent."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.asked_at: list[float] = []
        self.waiting: list[Receiver] = []
        self.retired = self.cancelled = False

    def send(self, receiver: Receiver, *_: object, **__: object) -> Giver:
        self.asked_at.append(self._loop.now)
        self.waiting.append(receiver)
        return self

    def cancel(self) -> None:
        self.cancelled = True

    def retire(self) -> None:
        self.retired = True

    def answer(self, status: int, body: bytes) -> None:
        receiver = self.waiting.pop(0)
        receiver.on_response(status, [], len(body))
        receiver.on_data(body)
        receiver.on_complete()

    def give(self, token: str, seconds: float) -> None:
        self.answer(200, b'{"access_token": "%b", "expires_in": %d}' % (token.encode(), seconds))


class Held:
    """A request that waits."""

    def __init__(self, patience: float = 10.0) -> None:
        self.timeouts = Timeouts(connect=patience)
        self.left = False
        self.errors: list[ExchangeError] = []

    def fail(self, error: ExchangeError) -> None:
        self.errors.append(error)


class Grant(TokenGrant):
    url = "https://tokens.example/token"

    def form(self, now: float) -> bytes:
        return b"now=%d" % now


class Scene:
    def __init__(self, random: float = 0.0) -> None:
        self.loop = Loop()
        self.giver = Giver(self.loop)
        self.source = TokenSource(
            Grant(),
            cast("Pool", self.giver),
            name="vertex",
            loop=cast("asyncio.AbstractEventLoop", self.loop),
            wall=lambda: 1_800_000_000.0,
            random=lambda: random,
        )
        self.source.begin()

    def wait(self, patience: float = 10.0) -> Held:
        held: Any = Held(patience)

        def release() -> None:
            held.left = True

        self.source.wait(held, release)
        return cast("Held", held)


def test_the_first_token_is_asked_for_at_once() -> None:
    scene = Scene()
    assert scene.giver.asked_at == [100.0]
    assert scene.source.line == b""
    scene.giver.give("one", 3600)
    assert scene.source.line == b"Authorization: Bearer one\r\n"


@pytest.mark.parametrize(("random", "after"), [(0.0, 2700.0), (0.5, 2880.0), (1.0, 3060.0)])
def test_it_is_renewed_well_before_its_end_and_not_by_all_at_once(random: float, after: float) -> None:
    scene = Scene(random)
    scene.giver.give("one", 3600)
    scene.loop.run(after - 1)
    assert len(scene.giver.asked_at) == 1
    scene.loop.run(2)
    assert scene.giver.asked_at[1:] == [100.0 + after]
    scene.giver.give("two", 3600)
    assert scene.source.line == b"Authorization: Bearer two\r\n"
    scene.loop.run(600)
    assert scene.source.line == b"Authorization: Bearer two\r\n"  # the first one's end is not the second one's


def test_the_old_token_is_used_while_there_is_no_new_one_and_not_beyond_its_end() -> None:
    scene = Scene()
    scene.giver.give("one", 3600)
    scene.loop.run(2700)
    while scene.loop.now < 100 + 3589:
        if scene.giver.waiting:
            scene.giver.answer(*_BROKEN)
        assert scene.source.line == b"Authorization: Bearer one\r\n"
        scene.loop.run(1)
    scene.loop.run(2)
    assert scene.source.line == b""
    gaps = [after - before for before, after in zip(scene.giver.asked_at[1:], scene.giver.asked_at[2:], strict=False)]
    assert gaps == sorted(gaps)
    assert gaps[0] < 2
    assert 14 < gaps[-1] < 31


def test_who_waits_is_released_by_the_token() -> None:
    scene = Scene()
    held = [scene.wait() for _ in range(3)]
    scene.loop.run(5)
    assert [(each.left, each.errors) for each in held] == [(False, [])] * 3
    scene.giver.give("one", 3600)
    assert [each.left for each in held] == [True] * 3
    scene.loop.run(60)
    assert [each.errors for each in held] == [[]] * 3
    assert len(scene.giver.asked_at) == 1


def test_who_waits_is_told_when_it_takes_too_long() -> None:
    scene = Scene()
    held = scene.wait(2.0)
    scene.loop.run(2.5)
    assert [type(error) for error in held.errors] == [TokenUnavailable]
    scene.giver.give("one", 3600)
    assert not held.left


def test_a_failure_that_passes_is_waited_out_and_tried_again_soon() -> None:
    scene = Scene()
    held = scene.wait()
    scene.giver.waiting.pop().on_error(ConnectFailed("refused"))
    for _ in range(5):
        scene.loop.run(1.5)
        scene.giver.answer(*_BROKEN)
    assert held.errors == []
    second = scene.wait()
    scene.loop.run(1.1)
    scene.giver.give("one", 60)
    assert (held.left, second.left) == (True, True)


def test_a_refusal_is_told_at_once_and_tried_again_all_the_same() -> None:
    scene = Scene()
    held = scene.wait()
    scene.giver.answer(*_REFUSAL)
    assert [type(error) for error in held.errors] == [TokenRefused]
    assert "Invalid JWT Signature" in str(held.errors)
    late = scene.wait()
    assert late.errors == []  # never before it returns
    scene.loop.run(0.0)
    assert [type(error) for error in late.errors] == [TokenRefused]
    scene.loop.run(1.1)
    scene.giver.give("one", 60)
    assert scene.source.line


@pytest.mark.parametrize(("answer", "most"), [(_BROKEN, 13), (_REFUSAL, 6)])
def test_requests_do_not_make_it_ask_again_and_again(answer: tuple[int, bytes], most: int) -> None:
    scene = Scene()
    scene.giver.answer(*answer)
    for _ in range(100):
        scene.wait()
        scene.loop.run(0.1)
        if scene.giver.waiting:
            scene.giver.answer(*answer)
    assert 3 < len(scene.giver.asked_at) <= most


def test_a_token_that_the_provider_refuses_is_replaced_but_not_again_and_again() -> None:
    scene = Scene()
    scene.giver.give("one", 3600)
    scene.source.doubt()
    assert len(scene.giver.asked_at) == 1  # it has just come
    scene.loop.run(60)
    scene.source.doubt()
    scene.source.doubt()
    assert len(scene.giver.asked_at) == 2
    scene.giver.give("two", 3600)
    scene.source.doubt()
    assert len(scene.giver.asked_at) == 2


@pytest.mark.parametrize("waits", [False, True])
def test_the_end(waits: bool) -> None:
    scene = Scene()
    held = scene.wait() if waits else None
    scene.source.retire()
    if held is not None:
        assert not scene.giver.retired
        scene.giver.give("one", 3600)
        assert held.left
    assert scene.giver.retired
    assert scene.loop.pending == 0
    scene.loop.run(10_000)
    assert len(scene.giver.asked_at) == 1


def test_an_endless_answer_is_cut() -> None:
    scene = Scene()
    receiver = scene.giver.waiting.pop()
    receiver.on_response(200, [], None)
    receiver.on_data(b"x" * 300_000)
    assert scene.giver.cancelled
    scene.loop.run(1)
    assert len(scene.giver.asked_at) == 2
