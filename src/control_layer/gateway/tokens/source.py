"""The access token of one endpoint: which is good now, when the next one is asked for, and who waits for the first.

A token is renewed when three quarters of its time are over or a little later, so that workers do not ask all at once.
Where that fails it is tried again, at growing intervals, and the old one is used until it expires.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from control_layer.contract.token_grants import AccessToken, NoToken, TokenGrant
from control_layer.gateway.tokens.asking import Asking
from control_layer.gateway.tokens.errors import TokenRefused, TokenUnavailable
from control_layer.wire import Call, Pool

__all__ = ["TokenSource"]

_log = structlog.get_logger(__name__)
_RENEWED_AFTER, _SPREAD = 0.75, 0.1
"""Of a token's time, and up to how much later."""
_MARGIN, _MOST_MARGIN_SECONDS = 0.05, 10.0
"""Before its end a token is not sent any more: it would expire on its way."""
_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.5, 30.0
_LEAST_BETWEEN_SECONDS = 1.0
"""Between two tries, however many requests wait."""
_DOUBT_SECONDS = 10.0


@dataclass(slots=True)
class _Waiting:
    """What a request waits with."""

    release: Callable[[], None]
    late: asyncio.TimerHandle


class TokenSource:
    """Asks for tokens from `begin` to `retire`. `wall` gives Unix time, `random` numbers from 0 to 1."""

    __slots__ = (
        "_asked_at", "_asking", "_failures", "_grant", "_lapse", "_loop", "_name", "_next", "_pool", "_random",
        "_reason", "_refused", "_retired", "_waiting", "_wall", "line",
    )  # fmt: skip

    def __init__(
        self,
        grant: TokenGrant,
        pool: Pool,
        *,
        name: str,
        loop: asyncio.AbstractEventLoop,
        wall: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.line = b""
        """The field line with the token that is good now; `b""` where there is none. Never logged."""
        self._grant = grant
        self._pool = pool
        self._name = name
        self._loop = loop
        self._wall = wall
        self._random = random
        self._asking: Asking | None = None
        self._asked_at = 0.0
        self._failures = 0
        self._refused = False
        self._reason = "there is no answer yet"
        self._next: asyncio.TimerHandle | None = None
        self._lapse: asyncio.TimerHandle | None = None
        self._waiting: dict[Call, _Waiting] = {}
        self._retired = False

    def begin(self) -> None:
        """Asks for the first token."""
        self._ask()

    def wait(self, call: Call, release: Callable[[], None]) -> None:
        """Calls `release` when there is a token, or fails the held `call` where there is none by when there would have
        to be a connection.
        """
        if self._refused:
            # Waiting would not help, and asking more often might lock the credential's owner out.
            self._loop.call_soon(call.fail, TokenRefused(self._reason))
            return
        late = self._loop.call_later(call.timeouts.connect, self._too_late, call)
        self._waiting[call] = _Waiting(release, late)
        self._hurry()

    def doubt(self) -> None:
        """The provider refused the token, though its time is not over: asks for another one, not too often."""
        if self.line and self._asking is None and self._loop.time() - self._asked_at > _DOUBT_SECONDS:
            self._ask()

    def retire(self) -> None:
        """Nobody new will need a token. Whoever waits still gets one."""
        self._retired = True
        if not self._waiting:
            self._stop()

    # -- asking ------------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._asked_at = self._loop.time()
        self._asking = Asking(self._answered)
        self._asking.ask(self._pool, self._grant, self._wall())

    def _hurry(self) -> None:
        """Somebody waits: the next try comes soon."""
        if self._asking is None:
            soon = max(self._asked_at + _LEAST_BETWEEN_SECONDS, self._loop.time())
            if self._next is None or self._next.when() > soon:
                self._try_at(soon)

    def _try_at(self, when: float) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = self._loop.call_at(when, self._ask)

    def _answered(self, answer: AccessToken | NoToken) -> None:
        self._asking = None
        if isinstance(answer, AccessToken):
            self._got(answer)
        else:
            self._failed(answer)
        if self._retired and not self._waiting:
            self._stop()

    def _got(self, token: AccessToken) -> None:
        self.line = b"Authorization: Bearer %b\r\n" % token.value.encode()
        if self._failures:
            _log.info("access_token_renewed", endpoint=self._name, failures=self._failures)
        self._failures, self._refused = 0, False
        if self._lapse is not None:
            self._lapse.cancel()
        good = token.seconds - min(token.seconds * _MARGIN, _MOST_MARGIN_SECONDS)
        self._lapse = self._loop.call_at(self._asked_at + good, self._expire)
        self._try_at(self._asked_at + token.seconds * (_RENEWED_AFTER + _SPREAD * self._random()))
        waiting, self._waiting = self._waiting, {}
        for each in waiting.values():
            each.late.cancel()
            each.release()

    def _failed(self, error: NoToken) -> None:
        self._reason, self._refused = str(error), error.refused
        self._failures += 1
        pause = min(_FIRST_RETRY_SECONDS * 2.0 ** min(self._failures - 1, 10), _LAST_RETRY_SECONDS)
        self._try_at(self._loop.time() + pause * (0.5 + 0.5 * self._random()))
        _log.warning(
            "access_token_failed",
            endpoint=self._name,
            error=self._reason,
            refused=error.refused,
            failures=self._failures,
            still_good=bool(self.line),
        )
        if error.refused:
            waiting, self._waiting = self._waiting, {}
            for call, each in waiting.items():
                each.late.cancel()
                call.fail(TokenRefused(self._reason))
        elif self._waiting:
            self._hurry()

    def _expire(self) -> None:
        self._lapse = None
        self.line = b""

    def _too_late(self, call: Call) -> None:
        self._waiting.pop(call, None)
        call.fail(TokenUnavailable(f"no access token within {call.timeouts.connect:g} s: {self._reason}"))
        if self._retired and not self._waiting:
            self._stop()

    def _stop(self) -> None:
        for timer in (self._next, self._lapse):
            if timer is not None:
                timer.cancel()
        self._next = self._lapse = None
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
        self._pool.retire()
