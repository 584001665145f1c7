"""One request for an access token, over a pool of the worker's own."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from control_layer.contract.token_grants import AccessToken, NoToken, TokenGrant, read_token
from control_layer.wire import Call, ExchangeError, Header, Pool, Timeouts

__all__ = ["Asking"]

_LINES = b"content-type: application/x-www-form-urlencoded\r\naccept: application/json\r\naccept-encoding: identity\r\n"
_MOST_ANSWER_BYTES = 256 * 1024
_TIMEOUTS = Timeouts(connect=5.0, first_byte=10.0, idle=5.0, total=15.0)


class Asking:
    """Receives the answer. `done` is called once, and never before `ask` returns."""

    __slots__ = ("_body", "_call", "_done", "_status")

    def __init__(self, done: Callable[[AccessToken | NoToken], None]) -> None:
        self._done = done
        self._status = 0
        self._body = bytearray()
        self._call: Call | None = None

    def ask(self, pool: Pool, grant: TokenGrant, now: float) -> None:
        """`now`: Unix time."""
        target = (urlsplit(grant.url).path or "/").encode()
        self._call = pool.send(self, b"POST", target, _LINES, grant.form(now), timeouts=_TIMEOUTS)

    def cancel(self) -> None:
        """Nobody wants the token any more."""
        if self._call is not None:
            self._call.cancel()

    # -- wire.Receiver -----------------------------------------------------------------------------------------------

    def on_response(self, status: int, headers: list[Header], length: int | None) -> None:
        del headers, length
        self._status = status

    def on_data(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > _MOST_ANSWER_BYTES:
            self.cancel()
            self._done(NoToken("the answer is too long", refused=False))

    def on_complete(self) -> None:
        try:
            token = read_token(self._status, bytes(self._body))
        except NoToken as error:
            self._done(error)
        else:
            self._done(token)

    def on_error(self, error: ExchangeError) -> None:
        self._done(NoToken(str(error), refused=False))

    def pause_writing(self) -> None:
        """The form is sent already."""

    def resume_writing(self) -> None:
        """As above."""
